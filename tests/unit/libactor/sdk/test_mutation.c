/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that were changed at random are refused or taken, and never do harm. The seed is printed on failure. */
#include "bench.h"
#include <stdlib.h>

#include "zoo.h"

enum { ROUNDS = 4000 };

static const char *const seeds[][2] = {
    {"set-one",
     "{'flag':true,'number':-5,'ratio':0.5,'price':'12.50','words':'hello','blob':'AQID',"
     "'key':'00112233-4455-6677-8899-aabbccddeeff','moment':'2026-07-31T12:00:00Z','day':'2024-02-29',"
     "'paint':'red','spot':{'x':1,'y':2,'label':'here'}}"},
    {"set_lists",
     "{'flags':[true],'numbers':[1,2,3],'prices':['1.500'],'tags':['a','','c'],'blobs':['AA'],"
     "'days':['2020-01-01'],'paints':['red'],'spots':[{'x':1},{'x':2,'y':3}]}"},
    {"set_maps", "{'number_of':{'a':1,'b':2,'c':3},'words_of':{'k':'v','j':'w'},'spot_of':{'s':{'x':1}}}"},
};

static void mutate(uint8_t *data, size_t *size, unsigned *seed)
{
    for (int changes = 1 + rand_r(seed) % 4; changes > 0 && *size > 0; changes--) {
        size_t at = (size_t)rand_r(seed) % *size;
        switch (rand_r(seed) % 3) {
        case 0:
            data[at] = (uint8_t)rand_r(seed);
            break;
        case 1:
            data[at] ^= (uint8_t)(1 << rand_r(seed) % 8);
            break;
        default:
            *size = at;
        }
    }
}

/* In a buffer of exactly its size, so that a sanitizer sees a step beyond its end. */
static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

Test(mutation, of_commands_does_no_harm)
{
    struct bench bench = bench_open("big-cage");
    unsigned seed = 1;
    for (int round = 0; round < ROUNDS; round++) {
        const char *const *one = seeds[round % 3];
        uint8_t data[4000];
        size_t size = bench_data(&bench, one[1]).size;
        memcpy(data, bench.data.data, size);
        mutate(data, &size, &seed);
        uint8_t *copy = exact_copy(data, size);
        bench_decide_raw(&bench, one[0], slice_of(copy, size));
        enum decision_outcome outcome = bench.result.outcome;
        cr_assert(outcome == DECISION_ACCEPTED || outcome == DECISION_INVALID || outcome == DECISION_BROKEN ||
                      outcome == DECISION_TOO_LARGE,
                  "round %d: %d",
                  round,
                  outcome);
        if (outcome == DECISION_ACCEPTED)
            bench_apply_all(&bench);
        free(copy);
    }
    bench_close(&bench);
}

Test(mutation, of_states_and_events_does_no_harm)
{
    struct bench bench = bench_open("big-cage");
    struct buffer state = {0}, event = {0};
    struct domain_fault fault;
    unsigned seed = 2;
    for (int i = 0; i < 3; i++)
        bench_run(&bench, seeds[i][0], seeds[i][1]);
    buffer_append(&event, bench.result.events[0].data.data, bench.result.events[0].data.size);
    cr_assert_eq(aggregate_encode(bench.aggregate, &state), 0);
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t data[4000];
        const struct buffer *source = round % 2 == 0 ? &state : &event;
        size_t size = source->size;
        memcpy(data, source->data, size);
        mutate(data, &size, &seed);
        uint8_t *copy = exact_copy(data, size);
        struct slice changed = slice_of(copy, size);
        enum error error = round % 2 == 0
                               ? aggregate_restore(bench.aggregate, changed, 3)
                               : aggregate_apply(bench.aggregate, slice_text("maps_set"), 1, changed, &fault);
        free(copy); /* nothing may point into it */
        cr_assert(error == 0 || error == error_invalid_data || error == error_no_memory, "round %d: %d", round, error);
        struct buffer again = {0};
        enum error encoded = aggregate_encode(bench.aggregate, &again);
        cr_assert(encoded == 0 || encoded == error_invalid_data);
        buffer_fini(&again);
    }
    buffer_fini(&state);
    buffer_fini(&event);
    bench_close(&bench);
}
