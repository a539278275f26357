/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius up`: broker, shards and gateway on one machine, supervised. */
#include "services/cli/command.h"

#include "services/cli/data.h"
#include "services/cli/plan.h"
#include "services/cli/probe.h"
#include "services/common/log.h"
#include "services/common/process.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ORPHANS_WAIT_MS 10000
#define STOP_WAIT_US 10000000
#define TURN_US 1000000
#define REMIND_US 10000000
#define PROBE_US 20000
#define PROBE_WAIT_MS 1000

struct up {
    struct up_settings settings;
    const char *program;
    struct platform platform;
    struct children children;
    struct inbox *inbox;
    bool announced;
    int ready_status; /* what the gateway's /readyz said last */
    uint64_t remind_at_us;
};

/* What children find in their environment: see process.h and tokens.h. */
static bool environment_set(const struct up_settings *settings, int argc, char **argv)
{
    const char *config = settings_file(argc, argv);
    char own[16], token[65];
    uint8_t secret[32];

    snprintf(own, sizeof own, "%d", (int)getpid());
    random_bytes(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++) {
        snprintf(token + 2 * i, 3, "%02x", secret[i]);
    }
    return setenv("FLUVIUS_SUPERVISOR", own, 1) == 0 && setenv("FLUVIUS_READY_FD", "3", 1) == 0 &&
           setenv("FLUVIUS_SERVICE_TOKEN", token, 0) == 0 &&
           (settings->store == NULL || setenv("FLUVIUS_STORE", settings->store, 1) == 0) &&
           (config == NULL || setenv("FLUVIUS_CONFIG", config, 1) == 0);
}

static bool runs_bank(const struct setting_list *domains)
{
    for (size_t i = 0; i < domains->count; i++) {
        const char *slash = strrchr(domains->items[i], '/');

        if (strcmp(slash == NULL ? domains->items[i] : slash + 1, "bank.so") == 0) {
            return true;
        }
    }
    return false;
}

/* The words that let another command find this platform. */
static const char *finder(const struct up_settings *settings, char *out, size_t size)
{
    bool found_anyway = strcmp(settings->data, "./data") == 0 || strcmp(settings->data, "data") == 0;

    snprintf(out, size, "%s%s", found_anyway ? "" : " --data ", found_anyway ? "" : settings->data);
    return out;
}

/* Tells a person what to try next. */
static void hint(const struct up *up)
{
    const struct up_settings *settings = &up->settings;
    char words[PATH_MAX + 16];
    const char *find = finder(settings, words, sizeof words);

    if (runs_bank(&settings->domains)) {
        printf("Try in another terminal:\n"
               "  %s send bank:open account/ada '{\"holder\":{\"given\":\"Ada\",\"family\":\"Lovelace\"}}'%s\n"
               "  curl --json '{\"amount\":500}' %s/bank:deposit/account/ada\n"
               "  %s state bank.account/ada%s\n",
               up->program,
               find,
               up->platform.http,
               up->program,
               find);
    } else {
        printf("Try in another terminal:\n  %s describe%s\n  curl %s/_meta\n", up->program, find, up->platform.http);
    }
    printf("Ctrl-C stops it.\n");
}

static void announce(struct up *up)
{
    struct buffer line = {0};

    if (up->settings.json) {
        platform_print(&up->platform, &line);
        printf("%.*s\n", (int)line.size, (const char *)line.data);
    } else {
        printf("ready %s\n", up->platform.http);
        hint(up);
    }
    fflush(stdout);
    buffer_fini(&line);
}

/* Writes down who runs now. */
static void note(struct up *up)
{
    children_list(&up->children, &up->platform);
    if (platform_write(up->settings.data, &up->platform) != error_none) {
        LOG(warning, "fluvius.json not written", LOG_TEXT("data", up->settings.data));
    }
}

/* That all processes are ready is not enough: the broker must have heard of every partition's owner. */
static void announce_when_ready(struct up *up)
{
    const char *scheme = strstr(up->platform.http, "://");

    if (up->announced || !children_ready(&up->children)) {
        return;
    }
    up->ready_status = probe_http(scheme == NULL ? up->platform.http : scheme + 3, "/readyz", PROBE_WAIT_MS);
    if (up->ready_status == 200) {
        up->announced = true;
        announce(up);
    }
}

/* Says from time to time what is still waited for. */
static void remind(struct up *up)
{
    uint64_t now_us = clock_monotonic_us();

    if (up->announced || now_us < up->remind_at_us) {
        return;
    }
    up->remind_at_us = now_us + REMIND_US;
    if (children_ready(&up->children)) {
        LOG(warning,
            "platform not ready yet",
            LOG_INTEGER("readyz", up->ready_status),
            LOG_TEXT("see", "fluvius health"));
    }
    for (size_t i = 0; i < up->children.count; i++) {
        if (up->children.items[i].state != CHILD_RUNNING) {
            LOG(warning, "service not ready yet", LOG_TEXT("name", up->children.items[i].name));
        }
    }
}

/* Returns when asked to stop, or when a child ended for good. */
static void supervise(struct up *up)
{
    up->remind_at_us = clock_monotonic_us() + REMIND_US;
    while (!process_stopping() && up->children.useless == NULL) {
        bool probing = !up->announced && children_ready(&up->children);

        if (children_turn(&up->children, inbox_descriptor(up->inbox), probing ? PROBE_US : TURN_US)) {
            note(up);
        }
        announce_when_ready(up);
        remind(up);
        inbox_take(up->inbox, 0);
    }
}

static void stop(struct up *up)
{
    uint64_t until_us = clock_monotonic_us() + STOP_WAIT_US, now_us;

    children_stop(&up->children);
    while (!children_ended(&up->children) && (now_us = clock_monotonic_us()) < until_us) {
        children_turn(&up->children, -1, until_us - now_us);
        children_stop(&up->children);
    }
    children_kill(&up->children);
}

static int run(struct up *up)
{
    int code = 0;

    inbox_take(up->inbox, 0); /* arms it for the first turn */
    supervise(up);
    if (up->children.useless != NULL) {
        fprintf(stderr,
                "fluvius up: %s ended with code %d, see above; starting it again would not help\n",
                up->children.useless->name,
                up->children.useless_code);
        code = up->children.useless_code;
    }
    stop(up);
    return code;
}

/* Takes lock, addresses and programs, then runs. */
static int start(struct up *up)
{
    struct ports ports = {0};
    char fault[DATA_FAULT_SIZE];
    int lock, code = EXIT_FAILED;

    if (data_lock(up->settings.data, &lock, fault) != error_none) {
        fprintf(stderr, "fluvius up: %s\n", fault);
        return EXIT_FAILED;
    }
    if (data_wait_for_orphans(up->settings.data, ORPHANS_WAIT_MS, fault) != error_none) {
        fprintf(stderr, "fluvius up: %s\n", fault);
    } else if (plan_addresses(&up->settings, &ports, &up->platform) &&
               plan_children(&up->settings, &up->platform, &up->children)) {
        ports_release(&ports);
        code = run(up);
        platform_remove(up->settings.data);
    }
    ports_release(&ports);
    children_fini(&up->children);
    close(lock);
    return code;
}

static int checked_start(struct up *up, int argc, char **argv)
{
    int code;

    if (!plan_check(&up->settings)) {
        return EXIT_USAGE;
    }
    up->inbox = inbox_new();
    if (up->inbox == NULL || !environment_set(&up->settings, argc, argv)) {
        fprintf(stderr, "fluvius up: %s\n", error_text(error_no_memory));
        return EXIT_FAILED;
    }
    process_init(up->inbox, false);
    code = start(up);
    process_fini();
    inbox_free(&up->inbox);
    return code;
}

int command_up(int argc, char **argv)
{
    struct up up = {.program = program_invocation_name};
    enum settings_outcome outcome = settings_load(&up_table, argc, argv, &up.settings, NULL);
    enum log_level level = log_info;
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        log_level_find(up.settings.log_level, &level);
        log_init("fluvius-up", level);
        code = checked_start(&up, argc, argv);
    }
    settings_free(&up_table, &up.settings);
    return code;
}
