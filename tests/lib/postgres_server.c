/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping PostgreSQL servers for tests. */
#include "tests/lib/postgres_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 64, START_TRIES = 3000, TRY_US = 10000 };

/* The newest version there is. */
static void bin_find(char bin[64])
{
    glob_t found;
    int newest = 0;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int version = atoi(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"));
            if (version > newest)
                snprintf(bin, 64, "%s", found.gl_pathv[i]), newest = version;
        }
    globfree(&found);
    if (newest == 0) {
        fprintf(stderr, "no PostgreSQL server here: apt-get install postgresql\n");
        exit(EXIT_FAILURE);
    }
}

static const struct passwd *user_find(void)
{
    const struct passwd *user = getpwnam("postgres");
    user = user == NULL ? getpwnam("nobody") : user;
    assert(user != NULL);
    return user;
}

/* Memory is faster than a disk, where there is enough: containers often have next to none of it there. */
static const char *place(void)
{
    struct statvfs status;
    bool roomy = statvfs("/dev/shm", &status) == 0 && access("/dev/shm", W_OK) == 0 &&
                 (uint64_t)status.f_bavail * status.f_frsize > UINT64_C(1) << 30;
    return roomy ? "/dev/shm/fluvius-postgres-XXXXXX" : "/tmp/fluvius-postgres-XXXXXX";
}

/* In the child: becomes the server's user, and ends when the test program does. */
static void child_prepare(const struct postgres_server *server, const char *log)
{
    char path[96];
    pid_t parent = getppid();
    if (getuid() == 0) {
        const struct passwd *user = user_find();
        if (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
            _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (getppid() != parent || chdir(server->directory) != 0)
        _exit(126);
    snprintf(path, sizeof path, "%s/%s", server->directory, log);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (file < 0 || dup2(null, 0) < 0 || dup2(file, 1) < 0 || dup2(file, 2) < 0)
        _exit(126);
    for (int other = 3; other < 1024; other++)
        close(other);
}

static pid_t program_start(const struct postgres_server *server, const char *program, char *const *arguments)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", server->bin, program);
    pid_t child = fork();
    assert(child >= 0);
    if (child != 0)
        return child;
    child_prepare(server, program);
    char *whole[ARGUMENTS_MAX + 1] = {path}; /* by its first argument a program finds those beside it */
    for (int i = 1; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
        whole[i] = arguments[i];
    execv(path, whole);
    _exit(127);
}

static void log_show(const struct postgres_server *server, const char *program)
{
    char command[160];
    snprintf(command, sizeof command, "tail -n 20 %s/%s >&2", server->directory, program);
    if (system(command) != 0)
        fprintf(stderr, "%s failed\n", program);
}

void postgres_server_make(struct postgres_server *server)
{
    int status = -1;
    char data[80];
    *server = (struct postgres_server){0};
    bin_find(server->bin);
    strcpy(server->directory, place());
    assert(mkdtemp(server->directory) != NULL);
    if (getuid() == 0)
        assert(chown(server->directory, user_find()->pw_uid, user_find()->pw_gid) == 0);
    snprintf(data, sizeof data, "%s/data", server->directory);
    char *const arguments[] = {
        "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", NULL};
    pid_t child = program_start(server, "initdb", arguments);
    if (waitpid(child, &status, 0) != child || status != 0) {
        log_show(server, "initdb");
        exit(EXIT_FAILURE);
    }
}

static uint16_t port_free(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int file = socket(AF_INET, SOCK_STREAM, 0);
    assert(file >= 0 && bind(file, (struct sockaddr *)&address, sizeof address) == 0);
    assert(getsockname(file, (struct sockaddr *)&address, &size) == 0);
    close(file);
    return ntohs(address.sin_port);
}

static bool answers(const struct postgres_server *server)
{
    char info[128];
    snprintf(info, sizeof info, "host=127.0.0.1 port=%u user=postgres dbname=postgres connect_timeout=5", server->port);
    return PQping(info) == PQPING_OK;
}

static void wait_until_ready(struct postgres_server *server)
{
    for (int i = 0; i < START_TRIES; i++) {
        if (answers(server))
            return;
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
            break;
        usleep(TRY_US);
    }
    log_show(server, "postgres");
    exit(EXIT_FAILURE);
}

void postgres_server_start(struct postgres_server *server, const char *const *settings)
{
    char data[80], port[16], sockets[100];
    char *arguments[ARGUMENTS_MAX] = {"postgres",
                                      "-D",
                                      data,
                                      "-p",
                                      port,
                                      "-c",
                                      "listen_addresses=127.0.0.1",
                                      "-c",
                                      sockets,
                                      "-c",
                                      "max_connections=80",
                                      "-c",
                                      "shared_buffers=64MB",
                                      "-c",
                                      "max_wal_size=256MB",
                                      "-c",
                                      "wal_level=replica"};
    size_t count = 17;
    if (server->port == 0)
        server->port = port_free();
    snprintf(data, sizeof data, "%s/data", server->directory);
    snprintf(port, sizeof port, "%u", server->port);
    snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", server->directory);
    for (; settings != NULL && *settings != NULL; settings++) {
        assert(count + 3 < ARGUMENTS_MAX);
        arguments[count++] = "-c";
        arguments[count++] = (char *)*settings;
    }
    server->pid = program_start(server, "postgres", arguments);
    wait_until_ready(server);
}

void postgres_server_stop(struct postgres_server *server, bool fast)
{
    if (server->pid == 0)
        return;
    kill(server->pid, fast ? SIGINT : SIGQUIT);
    assert(waitpid(server->pid, NULL, 0) == server->pid);
    server->pid = 0;
}

void postgres_server_remove(struct postgres_server *server)
{
    char command[96];
    postgres_server_stop(server, false);
    snprintf(command, sizeof command, "rm -rf %s", server->directory);
    if (system(command) != 0)
        fprintf(stderr, "%s is left behind\n", server->directory);
}

char *postgres_server_query(uint16_t port, const char *database, const char *sql)
{
    char info[160];
    snprintf(info, sizeof info, "host=127.0.0.1 port=%u user=postgres dbname=%s", port, database);
    PGconn *connection = PQconnectdb(info);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(connection));
        exit(EXIT_FAILURE);
    }
    char *value = strdup(status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(connection);
    return value;
}
