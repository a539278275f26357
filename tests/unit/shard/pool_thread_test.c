/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that beats, and the writer of a unit that comes and goes, with a store that only plays a pool. */
#include "services/shard/pool_thread.h"
#include "services/store/backend.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

enum { PATIENCE_US = 20000000, LEASE_MS = 600000 }; /* so long a lease that no beat comes by itself */

/* A store of two units: what the test told it to say, what it was told. */
struct played_store {
    struct store store;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum error error;  /* of the next beats */
    enum error claim;  /* of the next claims */
    uint64_t loads[2]; /* of the units, as their owners before said */
    int32_t owners[2]; /* 0: this process */
    uint32_t beats, claims, releases;
    bool leaving;     /* as the last beat said */
    uint64_t told[2]; /* loads, likewise */
    struct store_partition partitions[1];
    struct store_claim claimed;
};

static struct played_store play;
static struct inbox *inbox;

static struct store_pool *view(void)
{
    struct store_pool *pool = calloc(1, sizeof *pool);
    pool->member_count = 2;
    pool->members = calloc(2, sizeof *pool->members);
    pool->unit_count = 2;
    pool->units = calloc(2, sizeof *pool->units);
    for (int i = 0; i < 2; i++)
        pool->units[i] = (struct store_owner){.member = play.owners[i], .load = play.loads[i]};
    return pool;
}

static enum error
play_beat(struct store *store, const struct store_beat *beat, struct store_pool **out, struct store_fault *fault)
{
    (void)store;
    pthread_mutex_lock(&play.mutex);
    enum error error = play.error;
    play.beats++;
    play.leaving = beat->leaving;
    memcpy(play.told, beat->unit_loads, sizeof play.told);
    if (error == error_none)
        *out = view();
    else
        fault_set(fault, error, "the cable is cut");
    pthread_cond_broadcast(&play.changed);
    pthread_mutex_unlock(&play.mutex);
    return error;
}

static uint64_t play_lease_until(const struct store *store)
{
    (void)store;
    return 4711;
}

static enum error
play_claim(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault)
{
    (void)store;
    play.claims++;
    play.claimed = (struct store_claim){.unit = unit, .epoch = 7, .count = 1, .partitions = play.partitions};
    *out = &play.claimed;
    return play.claim == error_none ? error_none : fault_set(fault, play.claim, "not now");
}

static void play_release(struct store *store, uint32_t unit)
{
    (void)store, (void)unit;
    play.releases++;
}

static enum error play_receipts(struct store *store,
                                uint32_t unit,
                                void (*visit)(void *context, const struct store_receipt *receipt),
                                void *context,
                                uint64_t *since_ms,
                                uint64_t *expired_ms,
                                struct store_fault *fault)
{
    (void)store, (void)unit, (void)visit, (void)context, (void)fault;
    *since_ms = *expired_ms = 0;
    return error_none;
}

static enum error play_maintain(struct store *store,
                                uint32_t unit,
                                const struct store_snapshot_write *snapshots,
                                size_t count,
                                uint32_t budget_ms,
                                bool *more,
                                struct store_fault *fault)
{
    (void)store, (void)unit, (void)snapshots, (void)count, (void)budget_ms, (void)fault;
    *more = false;
    return error_none;
}

static const struct store_ops ops = {.scheme = "play",
                                     .beat = play_beat,
                                     .lease_until = play_lease_until,
                                     .claim = play_claim,
                                     .release = play_release,
                                     .recent_receipts = play_receipts,
                                     .maintain = play_maintain};

static struct pool_thread *thread;

static void begin(void)
{
    play = (struct played_store){.store = {.ops = &ops}, .owners = {-1, -1}};
    pthread_mutex_init(&play.mutex, NULL);
    pthread_cond_init(&play.changed, NULL);
    inbox = inbox_new();
}

static void start(void)
{
    struct pool_thread_config config = {.store = &play.store, .inbox = inbox, .lease_ms = LEASE_MS, .units = 2};
    cr_assert_eq(pool_thread_start(&thread, &config), error_none);
}

static struct inbox_node *taken; /* from the inbox, and not looked at */

static struct mail *mail_wait(enum mail_kind kind)
{
    struct inbox_node *node = taken == NULL ? inbox_take(inbox, PATIENCE_US) : taken;
    cr_assert_not_null(node);
    cr_assert_eq(node->kind, (int)kind);
    taken = node->next;
    return (struct mail *)node;
}

static uint32_t mail_drop(struct inbox_node *node)
{
    uint32_t count = 0;
    for (struct inbox_node *next; node != NULL; node = next, count++) {
        struct mail *mail = (struct mail *)node;
        next = node->next;
        store_pool_free(&mail->pool);
        claimed_free(&mail->claimed);
        free(mail);
    }
    return count;
}

/* Takes the next view. */
static enum error view_take(bool moving)
{
    struct mail *mail = mail_wait(MAIL_POOL);
    enum error error = mail->error;
    cr_assert_eq(mail->pool != NULL, error == error_none);
    if (error == error_none) {
        cr_assert_eq(mail->lease_until_us, 4711);
        cr_assert_leq(mail->asked_us, clock_monotonic_us());
    }
    store_pool_free(&mail->pool);
    free(mail);
    pool_thread_seen(thread, moving);
    return error;
}

static void end(void)
{
    pool_thread_stop(&thread);
    mail_drop(taken);
    mail_drop(inbox_take(inbox, 0));
    inbox_free(&inbox);
}

TestSuite(shard_pool_thread, .init = begin, .fini = end);

Test(shard_pool_thread, it_joins_at_once_and_says_what_it_sees)
{
    start();
    cr_assert_eq(view_take(false), error_none);
    cr_assert(!play.leaving);
}

Test(shard_pool_thread, it_beats_when_it_is_told_to)
{
    start();
    view_take(false);
    pool_thread_hurry(thread);
    cr_assert_eq(view_take(false), error_none);
    cr_assert_eq(play.beats, 2);
}

Test(shard_pool_thread, it_beats_on_by_itself_while_units_are_on_the_move)
{
    start();
    for (int i = 0; i < 4; i++)
        cr_assert_eq(view_take(true), error_none);
}

Test(shard_pool_thread, a_beat_that_failed_is_told_and_tried_again_soon)
{
    play.error = error_unreachable;
    start();
    cr_assert_eq(view_take(false), error_unreachable);
    cr_assert_eq(view_take(false), error_unreachable);
    pthread_mutex_lock(&play.mutex);
    play.error = error_none;
    pthread_mutex_unlock(&play.mutex);
    while (view_take(false) != error_none)
        continue;
}

Test(shard_pool_thread, who_leaves_says_so_at_once)
{
    start();
    view_take(false);
    pool_thread_leave(thread);
    view_take(false);
    cr_assert(play.leaving);
}

static void beats_wait(uint32_t beats)
{
    pthread_mutex_lock(&play.mutex);
    while (play.beats < beats)
        pthread_cond_wait(&play.changed, &play.mutex);
    pthread_mutex_unlock(&play.mutex);
}

Test(shard_pool_thread, views_that_nobody_takes_do_not_pile_up_and_beats_go_on)
{
    start();
    for (uint32_t i = 1; i <= 20; i++) {
        pool_thread_hurry(thread);
        beats_wait(i);
    }
    pool_thread_stop(&thread);
    uint32_t views = mail_drop(inbox_take(inbox, 0));
    cr_assert_leq(views, 8);
    cr_assert_geq(views, 1);
}

Test(shard_pool_thread, a_unit_that_has_come_is_as_busy_as_its_owner_before_said)
{
    play.owners[1] = 1;
    play.loads[1] = 300;
    start();
    view_take(false);
    pthread_mutex_lock(&play.mutex);
    play.owners[1] = -1; /* given back, and then ours, of which we have said nothing yet */
    play.loads[1] = 0;
    pthread_mutex_unlock(&play.mutex);
    pool_thread_hurry(thread);
    view_take(false);
    pthread_mutex_lock(&play.mutex);
    play.owners[1] = 0;
    pthread_mutex_unlock(&play.mutex);
    pool_thread_hurry(thread);
    view_take(false);
    pool_thread_hurry(thread);
    view_take(false);
    cr_assert_eq(play.told[0], 0);
    cr_assert_gt(play.told[1], 0); /* it fades as nothing comes */
    cr_assert_leq(play.told[1], 300);
}

/* ---- the writer of a unit that comes and goes ---- */

static enum error claim_take(struct unit_thread *writer)
{
    unit_thread_claim(writer);
    struct mail *mail = mail_wait(MAIL_CLAIMED);
    enum error error = mail->claimed->error;
    claimed_free(&mail->claimed);
    free(mail);
    return error;
}

Test(shard_pool_thread, a_unit_is_claimed_given_back_and_claimed_again)
{
    struct unit_thread *writer;
    struct unit_thread_config config = {.store = &play.store, .inbox = inbox, .unit = 1, .receipts_max = 1024};
    cr_assert_eq(unit_thread_start(&writer, &config), error_none);
    for (uint32_t i = 1; i <= 3; i++) {
        cr_assert_eq(claim_take(writer), error_none);
        unit_thread_release(writer);
        struct mail *mail = mail_wait(MAIL_RELEASED);
        cr_assert_eq(mail->unit, 1);
        free(mail);
        cr_assert_eq(play.releases, i);
    }
    play.claim = error_locked;
    cr_assert_eq(claim_take(writer), error_locked);
    unit_thread_stop(&writer);
    cr_assert_eq(play.releases, 3); /* what it does not have it does not give back */
}
