/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See bench.h: a platform to measure, in a temporary directory, gone afterwards. */
#include "services/cli/bench.h"

#include "services/cli/platform.h"

#include <ftw.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where this program and the modules built with it are. */
static bool own_directory(char out[256])
{
    char path[256];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size < 0)
        return false;
    path[size] = 0;
    snprintf(out, 256, "%s", dirname(path));
    return true;
}

static void exec_up(const char *data, uint32_t shards, int out)
{
    char directory[256], program[300], domain[320], count[16], log[300];
    if (!own_directory(directory))
        _exit(127);
    snprintf(program, sizeof program, "%s/fluvius", directory);
    snprintf(domain, sizeof domain, "%s/../domains/bank.so", directory);
    snprintf(count, sizeof count, "%u", shards);
    snprintf(log, sizeof log, "%s/log", data);
    dup2(out, STDOUT_FILENO);
    if (freopen(log, "a", stderr) == NULL)
        _exit(127);
    execl(program,
          program,
          "up",
          "--json",
          "--data",
          data,
          "--http",
          "127.0.0.1:0",
          "--bus",
          "tcp://127.0.0.1:0",
          "--events",
          "tcp://127.0.0.1:0",
          "--shards",
          count,
          "--domain",
          domain,
          (char *)NULL);
    _exit(127);
}

static bool take_ready(struct bench_platform *bench, int in)
{
    struct platform platform;
    char *line = NULL;
    size_t capacity = 0;
    FILE *lines = fdopen(in, "r");
    ssize_t size = lines == NULL ? -1 : getline(&line, &capacity, lines);
    bool ok = size > 0 && platform_parse(slice_of(line, (size_t)size), &platform) == error_none;
    if (ok) {
        snprintf(bench->bus, sizeof bench->bus, "%s", platform.bus);
        snprintf(bench->http, sizeof bench->http, "%s", platform.http);
    }
    free(line);
    if (lines != NULL)
        fclose(lines);
    return ok;
}

bool bench_platform_start(struct bench_platform *platform, uint32_t shards)
{
    int ends[2];
    const char *base = getenv("TMPDIR");
    snprintf(platform->data, sizeof platform->data, "%s/fluvius-bench-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(platform->data) == NULL || pipe(ends) != 0) {
        perror("fluvius bench: no temporary directory");
        return false;
    }
    platform->pid = fork();
    if (platform->pid == 0)
        exec_up(platform->data, shards, ends[1]);
    close(ends[1]);
    if (take_ready(platform, ends[0]))
        return true;
    fprintf(stderr, "fluvius bench: the platform did not start; see %s/log\n", platform->data);
    bench_platform_stop(platform);
    return false;
}

void bench_platform_stop(struct bench_platform *platform)
{
    if (platform->pid > 0) {
        kill(platform->pid, SIGTERM);
        waitpid(platform->pid, NULL, 0);
    }
    platform->pid = 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void bench_platform_remove(struct bench_platform *platform)
{
    nftw(platform->data, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static uint64_t resident_of(long pid)
{
    char path[64];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t bench_platform_resident(const struct bench_platform *platform)
{
    char path[64];
    uint64_t total = resident_of(platform->pid);
    long pid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)platform->pid, (int)platform->pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fscanf(file, "%ld", &pid) == 1)
        total += resident_of(pid);
    if (file != NULL)
        fclose(file);
    return total;
}
