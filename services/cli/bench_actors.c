/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Measures the actor runtime with the plainest of behaviours: an actor that passes each message on. Each pattern runs
 * for a while on the processor's own clock and checks that nothing was lost. Actors are found by keys of the length
 * that streams have. */
#include "services/cli/bench_actors.h"

#include <fluvius/runtime.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    KEYS = 100000, /* that are ever used */
    RING_ACTORS = 1000,
    RING_TOKENS = 1000,
    FAN_SENDERS = 1000,
    RESIDENT_ACTORS = 1000, /* while measuring activations */
    BUDGET = 20000,         /* messages between two looks at the clock */
    KEY_BYTES = 58,
};
#define PATTERN_SECONDS 0.5

struct key {
    uint64_t hash;
    char text[KEY_BYTES];
};

struct token {
    struct runtime_message message;
    uint32_t at; /* number of the actor it is for */
};

struct bench {
    struct runtime *runtime;
    const struct runtime_behavior *behavior;
    struct key *keys;
    struct token *tokens;
    struct actor *pointers[RING_ACTORS];
    uint64_t received, lost;
    uint64_t now_us; /* counts runs: the runtime needs no true time */
};

struct figures {
    double ring, ring_full, ring_by_pointer, fan_in, bytes_per_idle_actor, activations;
};

/* ---- behaviours ---- */

static enum runtime_result actor_activate(void *context, struct actor *actor)
{
    (void)context, (void)actor;
    return RUNTIME_OK;
}

static void actor_passivate(void *context, struct actor *actor)
{
    (void)context, (void)actor;
}

static void message_drop(void *context, struct actor *actor, struct runtime_message *message, enum runtime_drop reason)
{
    (void)context, (void)actor, (void)message, (void)reason;
}

static void send_token(struct bench *bench, struct token *token, uint32_t to)
{
    const struct key *key = &bench->keys[to];
    token->at = to;
    if (runtime_send(bench->runtime, key->text, KEY_BYTES, key->hash, &token->message, bench->now_us) != RUNTIME_OK)
        bench->lost++;
}

static enum runtime_result receive_and_pass(void *context, struct actor *actor, struct runtime_message *message)
{
    struct bench *bench = context;
    struct token *token = (struct token *)message;
    (void)actor;
    bench->received++;
    send_token(bench, token, (token->at + 1) % RING_ACTORS);
    return RUNTIME_OK;
}

static enum runtime_result
receive_and_pass_by_pointer(void *context, struct actor *actor, struct runtime_message *message)
{
    struct bench *bench = context;
    struct token *token = (struct token *)message;
    (void)actor;
    bench->received++;
    token->at = (token->at + 1) % RING_ACTORS;
    if (runtime_send_to(bench->runtime, bench->pointers[token->at], message) != RUNTIME_OK)
        bench->lost++;
    return RUNTIME_OK;
}

/* Actor 0 gives each message back to the actor it came from, whose number is its place among the tokens. */
static enum runtime_result receive_and_return(void *context, struct actor *actor, struct runtime_message *message)
{
    struct bench *bench = context;
    struct token *token = (struct token *)message;
    (void)actor;
    bench->received++;
    send_token(bench, token, token->at == 0 ? 1 + (uint32_t)(token - bench->tokens) : 0);
    return RUNTIME_OK;
}

static enum runtime_result receive_and_keep(void *context, struct actor *actor, struct runtime_message *message)
{
    struct bench *bench = context;
    (void)actor, (void)message;
    bench->received++;
    return RUNTIME_OK;
}

#define BEHAVIOR(RECEIVE)                                                                                              \
    {                                                                                                                  \
        .activate = actor_activate, .receive = (RECEIVE), .passivate = actor_passivate, .drop = message_drop           \
    }
static const struct runtime_behavior passing = BEHAVIOR(receive_and_pass);
static const struct runtime_behavior passing_by_pointer = BEHAVIOR(receive_and_pass_by_pointer);
static const struct runtime_behavior returning = BEHAVIOR(receive_and_return);
static const struct runtime_behavior keeping = BEHAVIOR(receive_and_keep);

/* ---- patterns ---- */

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool start(struct bench *bench, const struct runtime_behavior *behavior, uint32_t actors_max)
{
    struct runtime_config config = {.behavior = behavior, .context = bench, .actors_max = actors_max};
    bench->runtime = runtime_new(&config);
    bench->received = 0;
    return bench->runtime != NULL;
}

static void stop(struct bench *bench)
{
    runtime_free(&bench->runtime);
}

static void run(struct bench *bench)
{
    runtime_run(bench->runtime, ++bench->now_us, BUDGET);
}

/* Messages a second while the tokens go their way. */
static double messages_per_second(struct bench *bench)
{
    run(bench); /* activates */
    uint64_t before = bench->received;
    double begin = cpu_seconds(), spent;
    do {
        run(bench);
        spent = cpu_seconds() - begin;
    } while (spent < PATTERN_SECONDS);
    return (double)(bench->received - before) / spent;
}

static double measure_ring(struct bench *bench, uint32_t tokens)
{
    if (!start(bench, &passing, KEYS))
        return 0;
    for (uint32_t i = 0; i < tokens; i++)
        send_token(bench, &bench->tokens[i], i % RING_ACTORS);
    double figure = messages_per_second(bench);
    stop(bench);
    return figure;
}

static double measure_ring_by_pointer(struct bench *bench)
{
    if (!start(bench, &passing_by_pointer, KEYS))
        return 0;
    for (uint32_t i = 0; i < RING_ACTORS; i++) {
        send_token(bench, &bench->tokens[i], i);
        bench->pointers[i] = runtime_find(bench->runtime, bench->keys[i].text, KEY_BYTES, bench->keys[i].hash);
    }
    double figure = messages_per_second(bench);
    stop(bench);
    return figure;
}

static double measure_fan_in(struct bench *bench)
{
    if (!start(bench, &returning, KEYS))
        return 0;
    for (uint32_t i = 0; i < FAN_SENDERS; i++)
        send_token(bench, &bench->tokens[i], 0);
    double figure = messages_per_second(bench);
    stop(bench);
    return figure;
}

static double heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

static double measure_idle_bytes(struct bench *bench)
{
    double before = heap_bytes();
    if (!start(bench, &keeping, KEYS))
        return 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        send_token(bench, &bench->tokens[0], i);
        run(bench);
    }
    double figure = (heap_bytes() - before) / KEYS;
    stop(bench);
    return figure;
}

/* Every message is for an actor that is not there: it is made, activated, handed the message, and its like passivated.
 */
static double measure_activations(struct bench *bench)
{
    if (!start(bench, &keeping, RESIDENT_ACTORS))
        return 0;
    uint32_t at = 0;
    double begin = cpu_seconds(), spent;
    do {
        for (uint32_t i = 0; i < RING_TOKENS; i++, at = (at + 1) % KEYS)
            send_token(bench, &bench->tokens[i], at);
        run(bench);
        spent = cpu_seconds() - begin;
    } while (spent < PATTERN_SECONDS);
    struct runtime_stats stats;
    runtime_stats(bench->runtime, &stats);
    stop(bench);
    return (double)stats.activations / spent;
}

static void measure(struct bench *bench, struct figures *out)
{
    out->bytes_per_idle_actor = measure_idle_bytes(bench);
    out->ring = measure_ring(bench, 1);
    out->ring_full = measure_ring(bench, RING_TOKENS);
    out->ring_by_pointer = measure_ring_by_pointer(bench);
    out->fan_in = measure_fan_in(bench);
    out->activations = measure_activations(bench);
}

/* ---- the command ---- */

/* Hash and text as a stream's name would have; SplitMix64's mixing function spreads the number. */
static void key_make(struct key *key, uint32_t number)
{
    uint64_t mixed = number + UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    key->hash = mixed ^ mixed >> 31;
    char text[KEY_BYTES + 1];
    snprintf(text, sizeof text, "default bank account %08x-0000-7000-8000-%012x", number, number);
    memcpy(key->text, text, KEY_BYTES);
}

static bool bench_init(struct bench *bench)
{
    *bench =
        (struct bench){.keys = calloc(KEYS, sizeof *bench->keys), .tokens = calloc(RING_TOKENS, sizeof *bench->tokens)};
    if (bench->keys == NULL || bench->tokens == NULL)
        return false;
    for (uint32_t i = 0; i < KEYS; i++)
        key_make(&bench->keys[i], i);
    for (uint32_t i = 0; i < RING_TOKENS; i++)
        bench->tokens[i].message.size = sizeof bench->tokens[i];
    return true;
}

static void print_json(const struct figures *figures)
{
    printf("{\"messages_per_second\":%.0f,\"bytes_per_idle_actor\":%.0f,\"activations_per_second\":%.0f,",
           figures->ring,
           figures->bytes_per_idle_actor,
           figures->activations);
    printf("\"messages_per_second_full_ring\":%.0f,\"messages_per_second_by_pointer\":%.0f,"
           "\"messages_per_second_fan_in\":%.0f}\n",
           figures->ring_full,
           figures->ring_by_pointer,
           figures->fan_in);
}

static void print_text(const struct figures *figures)
{
    printf("%12.0f messages/s    a message round a ring of %d actors\n", figures->ring, RING_ACTORS);
    printf("%12.0f messages/s    %d messages round it\n", figures->ring_full, RING_TOKENS);
    printf("%12.0f messages/s    the same, sent by pointer instead of key\n", figures->ring_by_pointer);
    printf("%12.0f messages/s    %d actors asking one\n", figures->fan_in, FAN_SENDERS);
    printf("%12.0f activations/s, each with its passivation\n", figures->activations);
    printf("%12.0f bytes         an idle actor with a key of %d\n", figures->bytes_per_idle_actor, KEY_BYTES);
}

static bool is_complete(const struct bench *bench, const struct figures *figures)
{
    return bench->lost == 0 && figures->ring > 0 && figures->ring_full > 0 && figures->ring_by_pointer > 0 &&
           figures->fan_in > 0 && figures->activations > 0 && figures->bytes_per_idle_actor > 0;
}

int bench_actors(bool json)
{
    struct figures figures = {0};
    struct bench bench;
    bool complete = bench_init(&bench);
    if (complete) {
        measure(&bench, &figures);
        complete = is_complete(&bench, &figures);
    }
    if (complete)
        (json ? print_json : print_text)(&figures);
    else
        fprintf(stderr, "bench actors: memory is out, or a message was lost\n");
    free(bench.keys);
    free(bench.tokens);
    return complete ? 0 : 13;
}
