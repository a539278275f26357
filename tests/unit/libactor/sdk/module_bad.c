/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A module with one mistake that the loader must see; which one, the build says. */
#ifdef MISTAKE_NO_DOMAIN
int fluvius_nothing(void);
int fluvius_nothing(void)
{
    return 0;
}
#else
#include <fluvius/domain.h>
#include <string.h>

DOMAIN(bad, "");
AGGREGATE(thing, "", FIELD(int64, steps));
COMMAND(thing, make, ("", .creates = true), OPTIONAL(text, word));
EVENT(thing, made, "");

#ifdef MISTAKE_MALLOC
#include <stdio.h>
#include <stdlib.h>
#define MISTAKE puts(calloc(1, command->word.size))
#elif defined MISTAKE_TIME
#include <time.h>
#define MISTAKE out->now = time(NULL)
#elif defined MISTAKE_MATH
double sin(double);
#define MISTAKE out->now += (int64_t)sin((double)out->now)
#elif defined MISTAKE_STATIC
static int64 counter;
#define MISTAKE counter += out->now
#elif defined MISTAKE_STATIC_INITIALIZED
int64 visible_counter = 5;
#define MISTAKE visible_counter += out->now
#elif defined MISTAKE_STATIC_LOCAL
#define MISTAKE                                                                                                        \
    static char completed;                                                                                             \
    out->now += ++completed
#elif defined MISTAKE_THREAD_LOCAL
static __thread int64 counter;
#define MISTAKE counter += out->now
#elif defined MISTAKE_THREAD_LOCAL_NEAR
static __thread int64 counter __attribute__((tls_model("initial-exec")));
#define MISTAKE counter += out->now
#elif defined MISTAKE_CONSTRUCTOR
__attribute__((constructor)) static void run_early(void)
{
    __asm__ volatile("");
}
#elif defined MISTAKE_DESTRUCTOR
__attribute__((destructor)) static void run_late(void)
{
    __asm__ volatile("");
}
#elif defined MISTAKE_DESCRIPTOR
COMMAND(thing, contradict, "", FIELD(int64, n, .min = 2, .max = 1));
static verdict decide_contradict(const thing *state, const contradict *command, decision *out)
{
    return no_change(out);
}
#endif
#ifndef MISTAKE
#define MISTAKE (void)0
#endif

static verdict decide_make(const thing *state, const make *command, decision *out)
{
    MISTAKE;
    return emit(out, made);
}

static void apply_made(thing *state, const made *event)
{
    state->steps++;
}
#endif
