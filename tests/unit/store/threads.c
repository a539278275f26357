/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A writer and a reader at once on one unit, as the store's contract allows. A plain program that prints TAP, so that
 * it can also be built with the thread sanitizer, under which Criterion cannot run. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/sqlite.h"
#include "tests/unit/store/directory.h"
#include "tests/unit/store/model.h"

enum { BATCHES = 300, COMMANDS = 10, STREAMS = 60 };

struct duel {
    struct store *store;
    struct model model;
    /* How many of the model's records are in the store: the writer releases what it has appended, the reader acquires
     * it. The records themselves are made before the threads are. */
    _Atomic size_t acknowledged;
    _Atomic bool
        failed; /* a flag that is looked at after the threads have ended, or to end earlier: relaxed is enough */
};

static void duel_fail(struct duel *duel, const char *what, const char *text)
{
    if (!atomic_exchange_explicit(&duel->failed, true, memory_order_relaxed))
        printf("# %s: %s\n", what, text);
}

static bool going(struct duel *duel)
{
    return !atomic_load_explicit(&duel->failed, memory_order_relaxed);
}

static void *write_all(void *context)
{
    struct duel *duel = context;
    struct store_fault fault = {""};
    size_t done = 0, count = duel->model.count, batch = count / BATCHES;
    while (done < count && going(duel)) {
        bool more;
        size_t size = count - done < batch ? count - done : batch;
        if (store_append(duel->store, 0, duel->model.records + done, size, &fault) != error_none)
            duel_fail(duel, "append", fault.text);
        done += size;
        atomic_store_explicit(&duel->acknowledged, done, memory_order_release);
        if (store_maintain(duel->store, 0, NULL, 0, 1, &more, &fault) != error_none)
            duel_fail(duel, "maintain", fault.text);
    }
    return NULL;
}

static enum error count_visit(void *context, const struct store_record *record)
{
    uint64_t *last = context;
    if (record->version != *last + 1)
        return error_invalid_data;
    ++*last;
    return error_none;
}

/* Everything that was acknowledged must be seen; what comes later may be. */
static void read_one(struct duel *duel, const struct store_record *record)
{
    struct store_fault fault = {"a version out of order"};
    struct store_receipt receipt;
    struct store_head head;
    uint64_t last = 0;
    if (record->receipt &&
        store_find_receipt(duel->store, 0, &record->id, record->stream_hash, &receipt, &fault) != error_none)
        duel_fail(duel, "receipt", fault.text);
    if (store_read_stream(duel->store,
                          0,
                          &record->stream,
                          record->stream_hash,
                          UINT64_MAX,
                          false,
                          &head,
                          NULL,
                          count_visit,
                          &last,
                          &fault) != error_none)
        duel_fail(duel, "stream", fault.text);
    else if (last < record->version || last != head.version)
        duel_fail(duel, "stream", "an acknowledged event is not there");
}

static void *read_all(void *context)
{
    struct duel *duel = context;
    size_t count = duel->model.count, known = 0;
    for (uint64_t i = 1; known < count && going(duel); i++) {
        known = atomic_load_explicit(&duel->acknowledged, memory_order_acquire);
        if (known == 0)
            continue;
        read_one(duel, &duel->model.records[known - 1]);
        read_one(duel, &duel->model.records[i * 2654435761u % known]);
    }
    return NULL;
}

static bool duel_run(struct duel *duel)
{
    pthread_t writer, reader;
    assert(pthread_create(&writer, NULL, write_all, duel) == 0);
    assert(pthread_create(&reader, NULL, read_all, duel) == 0);
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    duel->model.committed = duel->model.count;
    if (going(duel) && !model_check(&duel->model, duel->store))
        duel_fail(duel, "afterwards", duel->model.fault);
    return going(duel);
}

static void commands_make(struct model *model)
{
    for (int i = 0; i < BATCHES * COMMANDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "a%u", model_below(model, STREAMS));
        uint32_t events = model_below(model, 4);
        struct uuid id = model_below(model, 4) == 0 ? model_id_random(model) : model_id(model);
        model_command(model, name, id, events, events == 0 ? status_rejected : status_ok);
    }
}

static bool store_duel(const char *url, bool tight)
{
    struct duel duel = {0};
    struct store_info info;
    struct store_fault fault = {""};
    const struct store_claim *claim;
    struct store_config config = {.url = url, .create = true, .partitions = 3, .units = 1, .holder = "threads"};
    if (store_open(&duel.store, &config, &fault) != error_none ||
        store_claim(duel.store, 0, &claim, &fault) != error_none) {
        printf("# %s\n", fault.text);
        return false;
    }
    if (tight) {
        sqlite_of(duel.store)->base.limits = (struct unit_limits){.streams = 20, .rows = 100, .receipts = 30};
        sqlite_of(duel.store)->wal_pages = 40;
    }
    store_info(duel.store, &info);
    model_init(&duel.model, &info, 5);
    commands_make(&duel.model);
    bool good = duel_run(&duel);
    store_close(&duel.store);
    model_fini(&duel.model);
    return good;
}

static bool report(int number, bool good, const char *name)
{
    printf("%s %d - %s\n", good ? "ok" : "not ok", number, name);
    return good;
}

int main(void)
{
    char directory[DIRECTORY_SIZE], url[80];
    printf("1..2\n");
    bool good = report(1, store_duel("memory:", false), "memory: a reader sees all that is acknowledged");
    directory_make(directory);
    snprintf(url, sizeof url, "sqlite:%s", directory);
    good = report(2, store_duel(url, true), "sqlite: a reader sees all that is acknowledged") && good;
    directory_remove(directory);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
