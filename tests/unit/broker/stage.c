/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See stage.h. */
#include "tests/unit/broker/stage.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10000, PARTITIONS = 8 };

/* ---- the broker ---- */

static pid_t broker_start(const char *const *options, int ready[2], int errors[2])
{
    const char *arguments[24] = {BROKER_PATH, "--log-level", "warning"};
    int count = 3;
    for (; options != NULL && *options != NULL && count < 22; options++)
        arguments[count++] = *options;
    cr_assert_eq(pipe2(ready, 0), 0);
    cr_assert_eq(pipe2(errors, 0), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid > 0)
        return pid;
    char number[16];
    snprintf(number, sizeof number, "%d", ready[1]);
    setenv("FLUVIUS_READY_FD", number, 1);
    snprintf(number, sizeof number, "%d", (int)getppid()); /* a test that fails does not leave a broker behind */
    setenv("FLUVIUS_SUPERVISOR", number, 1);
    dup2(errors[1], STDERR_FILENO);
    close(ready[0]);
    execv(BROKER_PATH, (char *const *)arguments);
    _exit(127);
}

static bool options_name(const char *const *options, const char *name)
{
    for (; options != NULL && *options != NULL; options++)
        if (strcmp(*options, name) == 0)
            return true;
    return false;
}

void stage_open(struct stage *stage, const char *const *options)
{
    const char *all[20];
    int count = 0, ready[2], errors[2];
    if (!options_name(options, "--bus"))
        all[count++] = "--bus", all[count++] = "tcp://127.0.0.1:0";
    if (!options_name(options, "--events"))
        all[count++] = "--events", all[count++] = "tcp://127.0.0.1:0";
    while (options != NULL && *options != NULL)
        all[count++] = *options++;
    all[count] = NULL;
    stage->pid = broker_start(all, ready, errors);
    close(ready[1]);
    close(errors[1]);
    stage->errors = errors[0];
    char line[256] = "";
    FILE *stream = fdopen(ready[0], "r");
    cr_assert_not_null(fgets(line, sizeof line, stream), "the broker does not start");
    fclose(stream);
    cr_assert_eq(sscanf(line, "ready %63s %63s", stage->bus, stage->events), 2, "%s", line);
}

void stage_kill(struct stage *stage)
{
    kill(stage->pid, SIGKILL);
    waitpid(stage->pid, NULL, 0);
    close(stage->errors);
}

static int exit_code(pid_t pid)
{
    int status = 0;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "it did not exit by itself");
    return WEXITSTATUS(status);
}

int stage_stop(struct stage *stage)
{
    kill(stage->pid, SIGTERM);
    int code = exit_code(stage->pid);
    close(stage->errors);
    return code;
}

int stage_refused(const char *const *options, char *said, size_t size)
{
    int ready[2], errors[2];
    pid_t pid = broker_start(options, ready, errors);
    close(ready[1]);
    close(errors[1]);
    size_t used = 0;
    for (ssize_t got; used + 1 < size && (got = read(errors[0], said + used, size - 1 - used)) > 0;)
        used += (size_t)got;
    said[used] = 0;
    close(ready[0]);
    close(errors[0]);
    return exit_code(pid);
}

/* ---- a shard ---- */

static void actor_done(void *context, enum error error, struct slice reply);

/* Whole replies from the front, about a frame's worth of them; returns their bytes. */
static size_t replies_count(const struct actor *actor, uint32_t *count)
{
    struct reader reader = reader_of(buffer_slice(&actor->replies));
    struct slice raw;
    size_t size = 0;
    for (*count = 0; *count < actor->reply_count && size < 400000; ++*count) {
        cr_assert_eq(reader_raw(&reader, &raw), error_none);
        size += raw.size;
    }
    return size;
}

static void replies_drop(struct actor *actor, size_t size, uint32_t count)
{
    actor->reply_count -= count;
    actor->replies.size -= size;
    if (size > 0)
        memmove(actor->replies.data, actor->replies.data + size, actor->replies.size);
}

/* With the lock. One frame: what there is to say, and a credit. */
static void actor_send(struct actor *actor)
{
    uint32_t count;
    size_t size = replies_count(actor, &count);
    struct buffer frame = {0}, owned = {0}, replies = {0};
    struct work_frame work = {.shard = slice_text(actor->name), .boot = actor->boot};
    if (!actor->announced) {
        write_array(&owned, PARTITIONS);
        for (uint32_t i = 0; i < PARTITIONS; i++) {
            write_array(&owned, 2);
            write_unsigned(&owned, i);
            write_unsigned(&owned, actor->epoch);
        }
        work.partitions = PARTITIONS;
        work.owned = buffer_slice(&owned);
    }
    if (count > 0) {
        write_array(&replies, count);
        buffer_append(&replies, actor->replies.data, size);
        work.replies = buffer_slice(&replies);
    }
    work.heads = actor->news_heads;
    work.records = actor->news_records;
    work_frame_encode(&frame, &work);
    if (link_send(actor->link, buffer_slice(&frame), WAIT_MS, actor_done, actor) == error_none) {
        actor->announced = true;
        actor->in_flight++;
        replies_drop(actor, size, count);
        actor->news_heads = actor->news_records = (struct slice){0};
    }
    buffer_fini(&replies);
    buffer_fini(&owned);
    buffer_fini(&frame);
}

static void item_answer(struct actor *actor, const struct item *item)
{
    struct request request;
    struct envelope_fault fault;
    struct buffer data = {0};
    if (request_decode(item->request, &request, &fault) != error_none)
        return;
    struct reply reply = {.status = status_ok, .has_id = request.has_id, .id = request.id};
    char *text = calloc(1, actor->reply_bytes + 1);
    memset(text, 'x', actor->reply_bytes);
    if (actor->reply_bytes > 0) {
        write_string(&data, text);
        reply.data = buffer_slice(&data);
    }
    write_array(&actor->replies, 3);
    write_unsigned(&actor->replies, item->key);
    write_unsigned(&actor->replies, reply.status);
    reply_encode(&actor->replies, &reply);
    actor->reply_count++;
    actor->answered++;
    free(text);
    buffer_fini(&data);
}

/* With the lock. */
static void work_take(struct actor *actor, struct work_reply *work)
{
    struct slice raw;
    struct item item;
    actor->subscribed = work->subscribed;
    if (work->unknown)
        actor->announced = false;
    for (uint32_t i = 0; i < work->count; i++) {
        if (reader_raw(&work->items, &raw) != error_none || item_decode(raw, &item) != error_none)
            return;
        actor->taken++;
        if (!actor->mute)
            item_answer(actor, &item);
    }
}

static void actor_done(void *context, enum error error, struct slice reply)
{
    struct actor *actor = context;
    struct work_reply work;
    pthread_mutex_lock(&actor->lock);
    actor->in_flight--;
    if (error == error_none && work_reply_decode(reply, &work) == error_none)
        work_take(actor, &work);
    while (!actor->closing && actor->connected && link_free_slots(actor->link) > 0 &&
           (actor->in_flight < 4 || actor->reply_count > 0))
        actor_send(actor);
    pthread_cond_broadcast(&actor->changed);
    pthread_mutex_unlock(&actor->lock);
}

static void actor_watch(void *context, bool connected)
{
    struct actor *actor = context;
    pthread_mutex_lock(&actor->lock);
    actor->connected = connected;
    actor->announced = false;
    if (connected && !actor->closing && actor->link != NULL)
        actor_send(actor);
    pthread_cond_broadcast(&actor->changed);
    pthread_mutex_unlock(&actor->lock);
}

void actor_open(struct actor *actor, const char *name, const char *bus, uint64_t epoch)
{
    static uint64_t boots;
    pthread_mutex_init(&actor->lock, NULL);
    pthread_cond_init(&actor->changed, NULL);
    actor->name = name;
    actor->boot = ++boots;
    actor->epoch = epoch;
    const struct link_config config = {
        .url = bus, .max_bytes = limit_frame_bytes, .slots = 16, .watch = actor_watch, .watch_context = actor};
    pthread_mutex_lock(&actor->lock);
    cr_assert_eq(link_open(&actor->link, &config), error_none);
    pthread_mutex_unlock(&actor->lock);
    pthread_mutex_lock(&actor->lock);
    if (actor->connected && !actor->announced)
        actor_send(actor);
    pthread_mutex_unlock(&actor->lock);
}

void actor_close(struct actor *actor)
{
    pthread_mutex_lock(&actor->lock);
    actor->closing = true;
    pthread_mutex_unlock(&actor->lock);
    link_close(&actor->link);
    buffer_fini(&actor->replies);
}

void actor_await(struct actor *actor, int taken)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MS / 1000;
    pthread_mutex_lock(&actor->lock);
    while (actor->taken < taken)
        cr_assert_eq(
            pthread_cond_timedwait(&actor->changed, &actor->lock, &until), 0, "%d of %d taken", actor->taken, taken);
    pthread_mutex_unlock(&actor->lock);
}

/* ---- a connection without a library ---- */

static bool write_all(int socket, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool read_all(int socket, void *bytes, size_t size)
{
    uint8_t *at = bytes;
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    while (size > 0) {
        if (poll(&wait, 1, WAIT_MS) != 1)
            return false;
        ssize_t got = recv(socket, at, size, 0);
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

int raw_open(const char *bus)
{
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t answer[8];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(bus, ':') + 1))};
    int small = 4096, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    cr_assert_eq(connect(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
    if (!write_all(descriptor, hello, 8) || !read_all(descriptor, answer, 8)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

bool raw_send(int socket, uint64_t length, const void *bytes, size_t size)
{
    uint8_t head[8];
    for (int i = 0; i < 8; i++)
        head[i] = (uint8_t)(length >> (56 - 8 * i));
    return write_all(socket, head, 8) && write_all(socket, bytes, size);
}

struct request deposit_request(const char *account)
{
    struct request request = request_of(operation_command);
    request.namespace = slice_text("bank");
    request.command = slice_text("deposit");
    request.resource = slice_text("account");
    request.identifier = slice_text(account);
    return request;
}

bool raw_deposit(int socket, const char *account, uint32_t deadline_ms)
{
    static const uint8_t id[4] = {0x80, 0, 0, 1};
    struct buffer frame = {0};
    struct request request = deposit_request(account);
    request.has_id = true;
    request.id = client_new_id();
    request.deadline_ms = deadline_ms;
    buffer_append(&frame, id, 4);
    request_frame_begin(&frame, 0, slice_of(NULL, 0), 1);
    request_encode(&frame, &request);
    bool sent = raw_send(socket, frame.size, frame.data, frame.size);
    buffer_fini(&frame);
    return sent;
}

bool raw_closed(int socket)
{
    uint8_t bytes[4096];
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    while (poll(&wait, 1, WAIT_MS) == 1)
        if (recv(socket, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

struct slice raw_read(int socket, uint8_t *memory, size_t size)
{
    uint8_t head[12];
    cr_assert(read_all(socket, head, 12), "no reply");
    uint64_t length = (uint64_t)head[4] << 24 | (uint64_t)head[5] << 16 | (uint64_t)head[6] << 8 | head[7];
    cr_assert(length >= 4 && length - 4 <= size);
    cr_assert(read_all(socket, memory, length - 4));
    return slice_of(memory, length - 4);
}

int64_t metric_of(struct client *client, const char *name)
{
    struct request request = request_of(operation_metrics);
    struct buffer memory = {0};
    struct reply reply;
    struct slice text;
    int64_t value = -1;
    if (client_call(client, &request, &reply, &memory) == error_none && reply.status == status_ok) {
        struct reader reader = reader_of(reply.data);
        cr_assert_eq(reader_text(&reader, &text), error_none);
        char *copy = strndup((const char *)text.data, text.size), *at = copy;
        while ((at = strstr(at, name)) != NULL && (at != copy && at[-1] != '\n'))
            at++;
        if (at != NULL && (at = strchr(at, ' ')) != NULL)
            value = atoll(at);
        free(copy);
    }
    buffer_fini(&memory);
    return value;
}
