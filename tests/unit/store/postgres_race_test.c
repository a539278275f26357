/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ten members of a pool race for one unit, round after round, on a real server. Before a round its owner has released
 * it, releases it while the others claim, has lost its lease and writes on, or holds it. FLUVIUS_RACE_ROUNDS in the
 * environment says how many rounds; a short run is the default. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "services/store/postgres.h"
#include "tests/unit/store/postgres_backend.h"

enum {
    RACERS = 10,
    ROUNDS = 300,
    LAPSES_PART = 50,
    SHORT_LEASE_MS = 150,
    LONG_LEASE_MS = 60000,
    BEAT_ROUNDS = 64,
    WRITES_MAX = 10000
};

/* What the owner does, and how many may win then. */
enum owner_act { OWNER_RELEASED, OWNER_RELEASES, OWNER_LAPSED, OWNER_HOLDS, owner_act_count };
static const struct {
    const char *name;
    uint32_t least, most;
} acts[owner_act_count] = {[OWNER_RELEASED] = {"released it before", 1, 1},
                           [OWNER_RELEASES] = {"releases it meanwhile", 0, 1},
                           [OWNER_LAPSED] = {"has lost its lease", 1, 1},
                           [OWNER_HOLDS] = {"holds it", 0, 0}};

struct race;

struct racer {
    struct race *race;
    uint64_t boot;
    char name[16];
    pthread_t thread;
    struct store *store;
    const struct store_claim *claim; /* NULL: not the owner, as far as it knows */
    struct store_fault fault;
    enum error outcome; /* of its claim, or its append, in this round */
};

struct race {
    char database[64], url[160];
    struct racer racers[RACERS];
    pthread_barrier_t start, end;
    struct racer *owner; /* by this thread's account; NULL: none */
    enum owner_act act;
    bool over;
    uint64_t round, epoch, head, random;
    uint64_t acted[owner_act_count], won, appended, fenced, unknown;
};

static uint64_t rounds_wanted(void)
{
    const char *text = getenv("FLUVIUS_RACE_ROUNDS");
    return text == NULL ? ROUNDS : strtoull(text, NULL, 10);
}

static void beat(struct racer *racer)
{
    enum error error = postgres_beat_once(racer->store, &racer->fault);
    cr_assert(error == error_none, "%s", racer->fault.text);
}

/* ---- the racers ---- */

static enum error record_append(struct racer *racer)
{
    struct race *race = racer->race;
    struct store_record record = {
        .partition = racer->claim->partitions[0].partition,
        .seq = race->head + 1,
        .version = 0,
        .time_us = (int64_t)race->round + 1,
        .stream = {slice_text("default"), slice_text("race"), slice_text("unit"), slice_text("0")},
        .command = slice_text("race"),
        .user = slice_text(racer->name),
        .data = {(const uint8_t *)"\x80", 1},
        .receipt = true};
    memcpy(record.id.bytes, &race->round, sizeof race->round);
    return store_append(racer->store, 0, &record, 1, &racer->fault);
}

static void owner_act(struct racer *racer)
{
    struct race *race = racer->race;
    uint32_t writes = race->act == OWNER_LAPSED ? WRITES_MAX : race->act == OWNER_HOLDS ? 1 : 0;
    racer->outcome = error_none;
    if (race->act == OWNER_RELEASES)
        store_release(racer->store, 0);
    while (racer->outcome == error_none && writes-- > 0) {
        racer->outcome = record_append(racer);
        race->head += racer->outcome == error_none;
        race->appended += racer->outcome == error_none;
    }
}

static void *racer_main(void *argument)
{
    struct racer *racer = argument;
    struct race *race = racer->race;
    while (pthread_barrier_wait(&race->start), !race->over) {
        if (race->owner == racer)
            owner_act(racer);
        else
            racer->outcome = store_claim(racer->store, 0, &racer->claim, &racer->fault);
        pthread_barrier_wait(&race->end);
    }
    return NULL;
}

static void racer_open(struct race *race, uint32_t number, uint32_t lease_ms)
{
    struct racer *racer = &race->racers[number];
    *racer = (struct racer){.race = race, .boot = number + 1};
    snprintf(racer->name, sizeof racer->name, "racer-%u", number);
    struct store_config config = {.url = race->url,
                                  .partitions = 1,
                                  .units = 1,
                                  .create = true,
                                  .holder = racer->name,
                                  .member = racer->name,
                                  .boot = racer->boot,
                                  .lease_ms = lease_ms,
                                  .incarnation = 7};
    cr_assert(store_open(&racer->store, &config, &racer->fault) == error_none, "%s", racer->fault.text);
    beat(racer);
}

static struct race *race_new(uint32_t lease_ms)
{
    struct race *race = calloc(1, sizeof *race);
    race->random = 88172645463325252u;
    postgres_database_make(race->database);
    snprintf(race->url, sizeof race->url, "postgresql://postgres@127.0.0.1:%u/%s", postgres_port(), race->database);
    for (uint32_t i = 0; i < RACERS; i++)
        racer_open(race, i, lease_ms);
    return race;
}

static void race_free(struct race *race)
{
    for (uint32_t i = 0; i < RACERS; i++)
        store_close(&race->racers[i].store);
    postgres_database_drop(race->database);
    free(race);
}

static void racers_start(struct race *race)
{
    pthread_barrier_init(&race->start, NULL, RACERS + 1);
    pthread_barrier_init(&race->end, NULL, RACERS + 1);
    for (uint32_t i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_create(&race->racers[i].thread, NULL, racer_main, &race->racers[i]), 0);
}

static void racers_stop(struct race *race)
{
    race->over = true;
    pthread_barrier_wait(&race->start);
    for (uint32_t i = 0; i < RACERS; i++)
        pthread_join(race->racers[i].thread, NULL);
    pthread_barrier_destroy(&race->start);
    pthread_barrier_destroy(&race->end);
}

/* ---- a round ---- */

static enum owner_act act_choose(struct race *race)
{
    race->random ^= race->random << 13;
    race->random ^= race->random >> 7;
    race->random ^= race->random << 17;
    return race->owner == NULL ? OWNER_RELEASED : (enum owner_act)(race->random % owner_act_count);
}

static void round_begin(struct race *race)
{
    race->act = act_choose(race);
    race->acted[race->act]++;
    for (uint32_t i = 0; i < RACERS && race->round % BEAT_ROUNDS == 0; i++)
        beat(&race->racers[i]);
    if (race->act == OWNER_LAPSED)
        postgres_expire(race->database, race->owner->boot);
    if (race->act == OWNER_RELEASED && race->owner != NULL) {
        store_release(race->owner->store, 0);
        race->owner->claim = NULL;
        race->owner = NULL;
    }
}

/* Gives who won; NULL: nobody. */
static struct racer *winner_judge(const struct race *race)
{
    struct racer *winner = NULL;
    uint32_t winners = 0;
    for (uint32_t i = 0; i < RACERS; i++) {
        struct racer *racer = (struct racer *)&race->racers[i];
        if (racer == race->owner)
            continue;
        if (racer->outcome == error_none) {
            winner = racer;
            winners++;
        } else {
            cr_assert_eq(racer->outcome, error_locked, "%s: %s", error_text(racer->outcome), racer->fault.text);
        }
    }
    cr_assert(winners >= acts[race->act].least && winners <= acts[race->act].most,
              "round %llu: %u own the unit whose owner %s",
              (unsigned long long)race->round,
              winners,
              acts[race->act].name);
    return winner;
}

/* Once its lease is over, an owner that writes on is stopped. Gives how many rows it may have added besides those that
 * are known. */
static uint64_t append_judge(struct race *race)
{
    enum error outcome = race->owner->outcome;
    bool lapsed = race->act == OWNER_LAPSED;
    cr_assert((outcome != error_none) == lapsed, "%s: %s", error_text(outcome), race->owner->fault.text);
    race->fenced += outcome == error_fenced;
    race->unknown += outcome != error_none && outcome != error_fenced;
    return outcome == error_unknown_outcome;
}

static void owner_leave(struct race *race)
{
    if (race->act == OWNER_LAPSED) {
        store_release(race->owner->store, 0);
        beat(race->owner);
    }
    race->owner->claim = NULL;
    race->owner = NULL;
}

static void round_judge(struct race *race)
{
    struct racer *winner = winner_judge(race);
    uint64_t unsure = race->owner != NULL && race->act != OWNER_RELEASES ? append_judge(race) : 0;
    if (race->owner != NULL && race->act != OWNER_HOLDS)
        owner_leave(race);
    if (winner == NULL)
        return;
    uint64_t head = winner->claim->partitions[0].head;
    cr_assert_eq(winner->claim->epoch, race->epoch + 1);
    cr_assert(head >= race->head && head <= race->head + unsure,
              "what the owner before wrote is there when it is taken");
    race->epoch = winner->claim->epoch;
    race->head = head;
    race->owner = winner;
    race->won++;
}

static void log_judge(const struct race *race)
{
    cr_assert_eq(postgres_number(race->database, "SELECT count(*) FROM fluvius.log"), (int64_t)race->head);
    cr_assert_eq(postgres_number(race->database, "SELECT epoch FROM fluvius.unit"), (int64_t)race->epoch);
    cr_assert_eq(postgres_number(race->database,
                                 "SELECT count(*) FROM (SELECT FROM fluvius.log GROUP BY epoch "
                                 "HAVING count(DISTINCT \"user\") > 1) AS shared"),
                 0,
                 "an epoch has one writer");
    cr_assert_eq(postgres_number(race->database,
                                 "SELECT count(*) FROM (SELECT epoch, lag(epoch) OVER (ORDER BY position) AS before "
                                 "FROM fluvius.log) AS pairs WHERE before > epoch"),
                 0,
                 "epochs rise");
}

Test(postgres_race, an_epoch_has_one_owner_and_the_others_are_told_it_is_locked)
{
    struct race *race = race_new(LONG_LEASE_MS);
    racers_start(race);
    for (uint64_t rounds = rounds_wanted(); race->round < rounds; race->round++) {
        round_begin(race);
        pthread_barrier_wait(&race->start);
        pthread_barrier_wait(&race->end);
        round_judge(race);
    }
    racers_stop(race);
    log_judge(race);
    fprintf(
        stderr,
        "%llu rounds of %d: %llu won, %llu after leases that had lapsed; of their owners' records %llu were refused, "
        "%llu cut off, %llu of all went in\n",
        (unsigned long long)race->round,
        RACERS,
        (unsigned long long)race->won,
        (unsigned long long)race->acted[OWNER_LAPSED],
        (unsigned long long)race->fenced,
        (unsigned long long)race->unknown,
        (unsigned long long)race->appended);
    race_free(race);
}

/* ---- leases that end by themselves ---- */

struct lapse {
    struct racer *before; /* owner that says no more */
    uint64_t until_us;    /* of its lease */
    struct racer *next;
};

/* All but the owner beat and claim in turns until one has it. */
static void lapse_wait(struct race *race, struct lapse *lapse)
{
    for (uint32_t i = 0; lapse->next == NULL; i = (i + 1) % RACERS) {
        struct racer *racer = &race->racers[i];
        if (racer == lapse->before)
            continue;
        beat(racer);
        enum error error = store_claim(racer->store, 0, &racer->claim, &racer->fault);
        cr_assert(error == error_none || error == error_locked, "%s", racer->fault.text);
        if (error == error_none)
            lapse->next = racer;
    }
}

Test(postgres_race, a_lease_that_lapses_by_itself_is_taken_once_it_is_over_and_not_before)
{
    struct race *race = race_new(SHORT_LEASE_MS);
    struct lapse lapse = {0};
    lapse_wait(race, &lapse);
    uint64_t rounds = rounds_wanted() / LAPSES_PART, epoch = lapse.next->claim->epoch;
    for (uint64_t round = 0; round < rounds; round++) {
        beat(lapse.next);
        lapse = (struct lapse){.before = lapse.next, .until_us = store_lease_until(lapse.next->store)};
        lapse_wait(race, &lapse);
        cr_assert_geq(clock_boot_us(), lapse.until_us);
        cr_assert_eq(lapse.next->claim->epoch, ++epoch);
        cr_assert_neq(record_append(lapse.before), error_none, "its backend was ended, or its epoch is over");
        store_release(lapse.before->store, 0);
    }
    cr_assert_eq(postgres_number(race->database, "SELECT count(*) FROM fluvius.log"), 0);
    race_free(race);
}
