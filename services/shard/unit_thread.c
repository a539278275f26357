/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See unit_thread.h: the writer of one unit. */
#include "services/shard/unit_thread.h"

#include "services/common/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    MAINTAIN_EVERY_US = 20000, /* while commits come one after another */
    MAINTAIN_BUDGET_MS = 5,
    IDLE_MS = 200,      /* how long the writer waits before it looks for work of its own */
    EXIT_STORE_IO = 74, /* EX_IOERR: nothing since the last sync may be acknowledged */
};

struct unit_work {
    bool stop, claim, release;
    struct batch *batch; /* at most one: the core sends the next when this one is back */
};

struct unit_thread {
    struct unit_thread_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct unit_work work; /* with the mutex */
    /* the thread's own */
    bool owned, more;
    enum error trouble;          /* why it could not be claimed last */
    struct snapshots *snapshots; /* waiting to be written */
    uint64_t maintained_us;
};

void mail_send(struct inbox *inbox, enum mail_kind kind, const struct mail *mail)
{
    struct mail *copy = malloc(sizeof *copy);
    if (copy == NULL)
        abort(); /* a lost result would stop its unit for ever; the supervisor starts anew */
    *copy = *mail;
    copy->node.kind = (int)kind;
    inbox_push(inbox, &copy->node);
}

/* After a failed sync the file's contents are not known: leave at once, before anything is acknowledged. */
static void exit_on_io(enum error error, const struct store_fault *fault)
{
    if (error != error_io)
        return;
    LOG(error, "store failed, leaving", LOG_TEXT("fault", fault->text));
    _exit(EXIT_STORE_IO);
}

/* ---- claiming ---- */

static void take_receipt(void *context, const struct store_receipt *receipt)
{
    struct claimed *claimed = context;
    if (claimed->error == error_none)
        claimed->error = receipts_add(&claimed->receipts, &receipt->id, receipt->stream_hash);
}

static void claim_copy(struct claimed *claimed, const struct store_claim *claim)
{
    claimed->epoch = claim->epoch;
    claimed->count = claim->count;
    claimed->partitions = malloc(claim->count * sizeof *claim->partitions);
    if (claimed->partitions == NULL)
        claimed->error = error_no_memory;
    else
        memcpy(claimed->partitions, claim->partitions, claim->count * sizeof *claim->partitions);
}

static void descriptions_keep(struct unit_thread *thread, struct claimed *claimed)
{
    for (uint32_t i = 0; i < thread->config.domain_count && claimed->error == error_none; i++) {
        const struct domain *domain = thread->config.domains[i];
        claimed->error = store_describe(thread->config.store,
                                        thread->config.unit,
                                        domain_fingerprint(domain),
                                        domain_description(domain),
                                        &claimed->fault);
    }
}

static void receipts_load(struct unit_thread *thread, struct claimed *claimed)
{
    uint64_t since_ms = 0;
    receipts_init(&claimed->receipts, thread->config.receipts_max);
    enum error error = store_recent_receipts(thread->config.store,
                                             thread->config.unit,
                                             take_receipt,
                                             claimed,
                                             &since_ms,
                                             &claimed->expired_ms,
                                             &claimed->fault);
    if (claimed->error == error_none)
        claimed->error = error;
    if (since_ms > claimed->receipts.since_ms)
        claimed->receipts.since_ms = since_ms;
}

static void drop_snapshots(struct unit_thread *thread)
{
    while (thread->snapshots != NULL) {
        struct snapshots *snapshots = thread->snapshots;
        thread->snapshots = snapshots->next;
        snapshots_free(&snapshots);
    }
}

/* Another's claim is no trouble in a pool; anything else is told once for each change. */
static void log_trouble(struct unit_thread *thread, const struct claimed *claimed)
{
    bool raced = claimed->error == error_locked && store_has_pool(thread->config.store);
    if (claimed->error != error_none && claimed->error != thread->trouble && !raced)
        LOG(warning, "unit not claimed", LOG_INTEGER("unit", claimed->unit), LOG_TEXT("fault", claimed->fault.text));
    thread->trouble = claimed->error;
}

static void run_claim(struct unit_thread *thread)
{
    struct claimed *claimed = calloc(1, sizeof *claimed);
    const struct store_claim *claim;
    if (claimed == NULL)
        abort();
    uint64_t start_us = clock_monotonic_us();
    claimed->unit = thread->config.unit;
    if (thread->owned)
        store_release(thread->config.store, thread->config.unit);
    claimed->error = store_claim(thread->config.store, thread->config.unit, &claim, &claimed->fault);
    thread->owned = claimed->error == error_none;
    if (thread->owned) {
        claim_copy(claimed, claim);
        descriptions_keep(thread, claimed);
        receipts_load(thread, claimed);
    }
    exit_on_io(claimed->error, &claimed->fault);
    log_trouble(thread, claimed);
    claimed->took_us = clock_monotonic_us() - start_us;
    mail_send(thread->config.inbox, MAIL_CLAIMED, &(struct mail){.claimed = claimed});
}

/* Snapshots that are not written yet are not missed. */
static void run_release(struct unit_thread *thread)
{
    drop_snapshots(thread);
    if (thread->owned)
        store_release(thread->config.store, thread->config.unit);
    thread->owned = thread->more = false;
    struct mail mail = {.unit = thread->config.unit};
    mail_send(thread->config.inbox, MAIL_RELEASED, &mail);
}

/* ---- committing ---- */

static void run_commit(struct unit_thread *thread, struct batch *batch)
{
    uint64_t start_us = clock_monotonic_us();
    batch->error = store_append(thread->config.store, thread->config.unit, batch->records, batch->count, &batch->fault);
    batch->took_us = clock_monotonic_us() - start_us;
    exit_on_io(batch->error, &batch->fault);
    if (batch->error == error_none && batch->snapshots != NULL) {
        batch->snapshots->next = thread->snapshots;
        thread->snapshots = batch->snapshots;
        batch->snapshots = NULL;
    }
    if (batch->error != error_none)
        LOG(error, "commit failed", LOG_INTEGER("unit", batch->unit), LOG_TEXT("fault", batch->fault.text));
    mail_send(thread->config.inbox, MAIL_COMMITTED, &(struct mail){.batch = batch});
}

static enum error maintain(struct unit_thread *thread, const struct snapshots *snapshots, struct store_fault *fault)
{
    return store_maintain(thread->config.store,
                          thread->config.unit,
                          snapshots == NULL ? NULL : snapshots->items,
                          snapshots == NULL ? 0 : snapshots->count,
                          MAINTAIN_BUDGET_MS,
                          &thread->more,
                          fault);
}

/* Nothing here is needed for any promise: a fault other than of the disk itself is for the next commit to meet. */
static void run_maintain(struct unit_thread *thread)
{
    struct store_fault fault = {0};
    struct snapshots *snapshots = thread->snapshots;
    thread->snapshots = snapshots == NULL ? NULL : snapshots->next;
    exit_on_io(maintain(thread, snapshots, &fault), &fault);
    snapshots_free(&snapshots);
    thread->maintained_us = clock_monotonic_us();
}

static bool maintain_due(const struct unit_thread *thread, bool idle)
{
    if (!thread->owned)
        return false;
    return idle || clock_monotonic_us() - thread->maintained_us >= MAINTAIN_EVERY_US;
}

/* ---- the thread ---- */

static bool has_work(const struct unit_work *work)
{
    return work->claim || work->release || work->batch != NULL;
}

static void wait_for_work(struct unit_thread *thread)
{
    struct timespec until;
    if (thread->work.stop || has_work(&thread->work))
        return;
    if (!thread->owned) {
        pthread_cond_wait(&thread->wake, &thread->mutex);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += IDLE_MS * 1000000l;
    until.tv_sec += until.tv_nsec / 1000000000l;
    until.tv_nsec %= 1000000000l;
    pthread_cond_timedwait(&thread->wake, &thread->mutex, &until);
}

static struct unit_work take_work(struct unit_thread *thread, bool wait)
{
    pthread_mutex_lock(&thread->mutex);
    if (wait)
        wait_for_work(thread);
    struct unit_work work = thread->work;
    thread->work = (struct unit_work){.stop = work.stop};
    pthread_mutex_unlock(&thread->mutex);
    return work;
}

static void *writer_main(void *argument)
{
    struct unit_thread *thread = argument;
    char name[16];
    snprintf(name, sizeof name, "writer-%u", thread->config.unit);
    pthread_setname_np(pthread_self(), name);
    struct unit_work work = {0};
    while (!work.stop) {
        bool wait = !has_work(&work) && !(thread->owned && (thread->more || thread->snapshots != NULL));
        work = take_work(thread, wait);
        if (work.claim)
            run_claim(thread);
        if (work.batch != NULL)
            run_commit(thread, work.batch);
        if (work.release)
            run_release(thread);
        if (maintain_due(thread, !has_work(&work)))
            run_maintain(thread);
    }
    if (thread->owned)
        store_release(thread->config.store, thread->config.unit);
    return NULL;
}

enum error unit_thread_start(struct unit_thread **out, const struct unit_thread_config *config)
{
    struct unit_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return error_no_memory;
    thread->config = *config;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&thread->mutex, NULL);
    pthread_cond_init(&thread->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&thread->thread, NULL, writer_main, thread) != 0) {
        free(thread);
        return error_no_memory;
    }
    *out = thread;
    return error_none;
}

static void thread_tell(struct unit_thread *thread, struct unit_work work)
{
    pthread_mutex_lock(&thread->mutex);
    thread->work.claim |= work.claim;
    thread->work.release |= work.release;
    thread->work.stop |= work.stop;
    if (work.batch != NULL)
        thread->work.batch = work.batch;
    pthread_cond_signal(&thread->wake);
    pthread_mutex_unlock(&thread->mutex);
}

void unit_thread_claim(struct unit_thread *thread)
{
    thread_tell(thread, (struct unit_work){.claim = true});
}

void unit_thread_commit(struct unit_thread *thread, struct batch *batch)
{
    thread_tell(thread, (struct unit_work){.batch = batch});
}

void unit_thread_release(struct unit_thread *thread)
{
    thread_tell(thread, (struct unit_work){.release = true});
}

void unit_thread_stop(struct unit_thread **thread)
{
    if (*thread == NULL)
        return;
    thread_tell(*thread, (struct unit_work){.stop = true});
    pthread_join((*thread)->thread, NULL);
    drop_snapshots(*thread);
    pthread_mutex_destroy(&(*thread)->mutex);
    pthread_cond_destroy(&(*thread)->wake);
    free(*thread);
    *thread = NULL;
}
