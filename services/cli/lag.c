/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `fluvius lag`: how far read models are behind the log, by build and partition. It looks at the databases themselves,
 * so it also says so when no projector runs. */
#include "services/cli/command.h"

#include "proto/json.h"
#include "services/cli/show.h"
#include "services/common/process.h"
#include "services/common/settings.h"
#include "services/readmodel/reader.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct lag_settings {
    char *data, *store, *read_models;
    bool all;
};

#define AT(MEMBER) offsetof(struct lag_settings, MEMBER)

static const struct setting entries[] = {
    {"data", SETTING_TEXT, AT(data), "./data", 0, 0, "directory of the platform"},
    {"store", SETTING_TEXT, AT(store), NULL, 0, 0, "where events are kept: postgresql://...; else the directory"},
    {"read-models", SETTING_TEXT, AT(read_models), NULL, 0, 0, "where rows are kept; else where the store is"},
    {"all", SETTING_BOOL, AT(all), NULL, 0, 0, "also builds that were replaced, and partitions that lack nothing"},
    {0},
};

static const struct settings_table table = {
    "fluvius lag",
    "[options]",
    "Shows how far read models are behind the log; exit code 12 when one is halted.",
    entries,
    "all",
};

struct lag {
    bool all, halted;
    struct store *store;
    struct store_info info;
    struct row_reader *reader;
    struct store_partition *heads;
    struct checkpoint *checkpoints;
    struct buffer memory, line;
    int64_t now_us;
};

static int complain(const char *text)
{
    fprintf(stderr, "fluvius lag: %s\n", text);
    return EXIT_FAILED;
}

static enum error time_take(void *context, const struct store_record *record)
{
    *(int64_t *)context = record->time_us;
    return error_none;
}

/* The age of the first record that is missing. */
static int64_t behind_ms(struct lag *lag, uint32_t partition)
{
    int64_t time_us = lag->now_us;
    uint64_t seq = lag->checkpoints[partition].seq;

    if (lag->heads[partition].head > seq) {
        store_read_log(lag->store, partition, seq, 1, time_take, &time_us, NULL);
    }
    return time_us < lag->now_us ? (lag->now_us - time_us) / 1000 : 0;
}

static uint64_t behind(const struct lag *lag, uint32_t partition)
{
    uint64_t head = lag->heads[partition].head, seq = lag->checkpoints[partition].seq;

    return head > seq ? head - seq : 0;
}

static void pair_number(struct buffer *out, const char *key, uint64_t number)
{
    write_string(out, key);
    write_unsigned(out, number);
}

static void partition_write(struct lag *lag, uint32_t partition, struct buffer *out)
{
    const struct checkpoint *checkpoint = &lag->checkpoints[partition];

    write_map(out, checkpoint->halted == 0 ? 5 : 7);
    pair_number(out, "partition", partition);
    pair_number(out, "head", lag->heads[partition].head);
    pair_number(out, "checkpoint", checkpoint->seq);
    pair_number(out, "lag", behind(lag, partition));
    pair_number(out, "lag_ms", (uint64_t)behind_ms(lag, partition));
    if (checkpoint->halted != 0) {
        pair_number(out, "halted", checkpoint->halted);
        write_string(out, "fault");
        write_text(out, checkpoint->fault);
    }
}

struct sums {
    uint64_t lag;
    int64_t lag_ms;
    uint32_t halted;
};

static struct sums sums_of(struct lag *lag)
{
    struct sums sums = {0};

    for (uint32_t i = 0; i < lag->info.partitions; i++) {
        int64_t ms = behind_ms(lag, i);

        sums.lag += behind(lag, i);
        sums.lag_ms = ms > sums.lag_ms ? ms : sums.lag_ms;
        sums.halted += lag->checkpoints[i].halted != 0;
    }
    return sums;
}

static void build_write(struct lag *lag, const struct build *build, const struct sums *sums)
{
    static const char *const states[] = {
        [BUILD_BUILDING] = "building", [BUILD_LIVE] = "live", [BUILD_RETIRED] = "retired"};
    struct buffer *out = &lag->line;
    uint32_t count = 0;
    size_t place;

    write_map(out, 7);
    write_string(out, "projection");
    write_text(out, build->projection);
    pair_number(out, "build", build->id);
    write_string(out, "state");
    write_string(out, states[build->state]);
    pair_number(out, "lag", sums->lag);
    pair_number(out, "lag_ms", (uint64_t)sums->lag_ms);
    pair_number(out, "halted", sums->halted);
    write_string(out, "partitions");
    place = write_array_begin(out);
    for (uint32_t i = 0; i < lag->info.partitions; i++) {
        if (lag->all || lag->checkpoints[i].halted != 0 || behind(lag, i) > 0) {
            partition_write(lag, i, out);
            count++;
        }
    }
    write_array_end(out, place, count);
}

static enum error build_show(struct lag *lag, const struct build *build, struct store_fault *fault)
{
    struct buffer text = {0};
    struct sums sums;
    enum error error =
        row_reader_checkpoints(lag->reader, build->id, lag->checkpoints, lag->info.partitions, &lag->memory, fault);

    if (error != error_none) {
        return error;
    }
    sums = sums_of(lag);
    lag->halted = lag->halted || (sums.halted > 0 && build->state != BUILD_RETIRED);
    buffer_clear(&lag->line);
    build_write(lag, build, &sums);
    error = msgpack_to_json(buffer_slice(&lag->line), &text);
    if (error == error_none) {
        show_line(&text);
    }
    buffer_fini(&text);
    return error;
}

static enum error builds_show(struct lag *lag, struct store_fault *fault)
{
    const struct builds *builds;
    enum error error = row_reader_builds(lag->reader, &builds, fault);

    if (error == error_none) {
        error = store_read_heads(lag->store, lag->heads, fault);
    }
    lag->now_us = clock_wall_us();
    for (uint32_t i = 0; error == error_none && i < builds->count; i++) {
        if (lag->all || builds->builds[i].state != BUILD_RETIRED) {
            error = build_show(lag, &builds->builds[i], fault);
        }
    }
    return error;
}

static enum error lag_open(struct lag *lag, const struct lag_settings *settings, struct store_fault *fault)
{
    char data[PATH_MAX + 16], holder[64];
    const char *store = settings->store == NULL ? data : settings->store;
    struct store_config config = {.url = store, .holder = holder, .member = holder};
    struct row_reader_config reading = {.url = settings->read_models == NULL ? store : settings->read_models,
                                        .holder = holder};
    enum error error;

    snprintf(data, sizeof data, "sqlite:%s", settings->data);
    snprintf(holder, sizeof holder, "fluvius lag pid %d", (int)getpid());
    error = store_open(&lag->store, &config, fault);
    if (error != error_none) {
        return error;
    }
    store_info(lag->store, &lag->info);
    lag->heads = calloc(lag->info.partitions, sizeof *lag->heads);
    lag->checkpoints = calloc(lag->info.partitions, sizeof *lag->checkpoints);
    if (lag->heads == NULL || lag->checkpoints == NULL) {
        return error_no_memory;
    }
    return row_reader_open(&lag->reader, &reading, fault);
}

static int lag_run(const struct lag_settings *settings)
{
    struct lag lag = {.all = settings->all};
    struct store_fault fault = {{0}};
    enum error error = lag_open(&lag, settings, &fault);

    if (error == error_none) {
        error = builds_show(&lag, &fault);
    }
    row_reader_close(&lag.reader);
    if (lag.store != NULL) {
        store_close(&lag.store);
    }
    free(lag.heads);
    free(lag.checkpoints);
    buffer_fini(&lag.memory);
    buffer_fini(&lag.line);
    if (error != error_none) {
        return complain(fault.text[0] == '\0' ? error_text(error) : fault.text);
    }
    return lag.halted ? status_exit(status_unavailable) : 0;
}

int command_lag(int argc, char **argv)
{
    struct lag_settings settings = {0};
    enum settings_outcome outcome = settings_load(&table, argc, argv, &settings, NULL);
    int code = outcome == SETTINGS_HELP ? 0 : EXIT_USAGE;

    if (outcome == SETTINGS_OK) {
        code = lag_run(&settings);
    }
    settings_free(&table, &settings);
    return code;
}
