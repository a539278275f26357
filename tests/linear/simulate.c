/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See simulate.h. A client that loses an answer goes on with something else; its command may run much later. */
#include "tests/linear/simulate.h"

#include "tests/linear/reference.h"

#include <stdio.h>
#include <stdlib.h>

enum { GHOSTS_MOST = 32, RECENT = 8 };

enum phase { PHASE_START, PHASE_RUN, PHASE_END };

/* Something that will go on at a time: a client, or a command whose client has given up. */
struct player {
    int64_t time_ns;
    enum phase phase;
    uint32_t call;
    bool lost;
};

struct world {
    const struct simulation *simulation;
    struct history *history;
    struct reference *references, *before; /* before: each account's state before its last change */
    uint32_t *rooms;                       /* for receipts, by account */
    uint32_t (*recent)[RECENT];            /* calls + 1, by account */
    struct player *players, ghosts[GHOSTS_MOST];
    uint32_t ghost_count;
    uint64_t random;
    uint32_t sabotage_at; /* which call, or the first one after it that can be broken */
    bool sabotaged;
};

static uint64_t random_below(struct world *world, uint64_t bound)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (world->random >> 11) % bound;
}

static bool chance(struct world *world, uint32_t percent)
{
    return random_below(world, 100) < percent;
}

static int64_t delay(struct world *world)
{
    return (int64_t)random_below(world, (uint64_t)world->simulation->delay_most_ns + 1);
}

/* ---- what a client asks ---- */

static struct uuid random_id(struct world *world)
{
    struct uuid id;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)random_below(world, 256);
    return id;
}

static enum action action_choose(struct world *world, const struct reference *account)
{
    uint32_t dice = (uint32_t)random_below(world, 100);
    if (!account->exists && dice < 60)
        return ACTION_OPEN;
    return dice < 40   ? ACTION_DEPOSIT
           : dice < 65 ? ACTION_WITHDRAW
           : dice < 70 ? ACTION_CLOSE
           : dice < 77 ? ACTION_OPEN
                       : ACTION_READ;
}

static void call_choose(struct world *world, const struct reference *account, struct call *call)
{
    const struct simulation *simulation = world->simulation;
    call->action = action_choose(world, account);
    if (call->action == ACTION_DEPOSIT || call->action == ACTION_WITHDRAW)
        call->amount = 1 + (int64_t)random_below(world, (uint64_t)simulation->amount_most);
    if (call->action == ACTION_READ)
        return;
    call->dry_run = chance(world, 8);
    call->has_id = !chance(world, 10);
    call->id = random_id(world);
    call->has_expected = chance(world, simulation->expected);
    call->expected = account->version - (account->version > 0 && chance(world, 30));
}

/* Sends a recent command on the account again, now and then with something else. */
static bool call_repeat(struct world *world, uint32_t account, struct call *call)
{
    for (uint32_t i = 0; i < RECENT; i++) {
        uint32_t recent = world->recent[account][random_below(world, RECENT)];
        const struct call *before = recent == 0 ? NULL : &world->history->calls[recent - 1];
        if (before == NULL || !before->has_id || !call_is_command(before))
            continue;
        *call = (struct call){.action = before->action,
                              .amount = before->amount,
                              .has_id = true,
                              .id = before->id,
                              .has_expected = before->has_expected,
                              .expected = before->expected};
        if (chance(world, 15)) {
            call->action = ACTION_DEPOSIT;
            call->amount += 1;
        }
        return true;
    }
    return false;
}

static enum error player_start(struct world *world, struct player *player)
{
    char name[32];
    struct call call = {0};
    uint32_t account = (uint32_t)random_below(world, world->simulation->accounts);
    if (!chance(world, world->simulation->repeated) || !call_repeat(world, account, &call))
        call_choose(world, &world->references[account], &call);
    call.client = (uint32_t)(player - world->players);
    call.start_ns = player->time_ns;
    call.end_ns = NEVER;
    call.answer = ANSWER_UNKNOWN;
    snprintf(name, sizeof name, "account-%u", (unsigned)account);
    player->call = world->history->count;
    world->recent[account][random_below(world, RECENT)] = player->call + 1;
    player->lost = chance(world, world->simulation->lost);
    player->phase = PHASE_RUN;
    player->time_ns += delay(world);
    return history_add(world->history, slice_text(name), &call);
}

/* ---- what goes wrong ---- */

static bool due(const struct world *world, uint32_t call, enum sabotage sabotage)
{
    return !world->sabotaged && world->simulation->sabotage == sabotage && call >= world->sabotage_at;
}

static bool is_change(const struct call *call, const struct reference *before, const struct reference *after)
{
    return call_is_command(call) && call->answer == ANSWER_OK && before->version != after->version;
}

static void state_restore(struct reference *account, const struct reference *state)
{
    uint32_t receipts = account->receipt_count;
    *account = *state;
    account->receipt_count = receipts;
}

static void run_wrong(struct world *world, struct reference *account, const struct reference *before, struct call *call)
{
    struct call again = *call;
    uint32_t index = (uint32_t)(call - world->history->calls);
    if (!is_change(call, before, account))
        return;
    if (due(world, index, SABOTAGE_LOST_UPDATE)) {
        state_restore(account, before);
        world->sabotaged = true;
    } else if (due(world, index, SABOTAGE_TWICE)) {
        again.has_id = again.has_expected = false;
        reference_run(account, &again);
        world->sabotaged = true;
    }
}

static bool run_stale(struct world *world, uint32_t account, struct call *call)
{
    struct reference stale = world->before[account];
    uint32_t index = (uint32_t)(call - world->history->calls);
    if (!due(world, index, SABOTAGE_STALE) || call_is_command(call) ||
        stale.version == world->references[account].version)
        return false;
    reference_run(&stale, call);
    world->sabotaged = true;
    return true;
}

/* ---- running ---- */

static uint32_t account_of(const struct world *world, const struct call *call)
{
    const char *name = world->history->accounts[call->account].name;
    return (uint32_t)strtoul(name + strlen("account-"), NULL, 10);
}

static enum error receipts_reserve(struct world *world, uint32_t account)
{
    struct reference *reference = &world->references[account];
    if (reference->receipt_count < world->rooms[account])
        return error_none;
    uint32_t room = world->rooms[account] == 0 ? 16 : 2 * world->rooms[account];
    struct receipt *receipts = realloc(reference->receipts, room * sizeof *receipts);
    if (receipts == NULL)
        return error_no_memory;
    reference->receipts = receipts;
    world->rooms[account] = room;
    return error_none;
}

static void call_run(struct world *world, struct call *call)
{
    uint32_t index = account_of(world, call);
    struct reference *account = &world->references[index], before = *account;
    if (run_stale(world, index, call))
        return;
    reference_run(account, call);
    run_wrong(world, account, &before, call);
    if (account->version != before.version)
        world->before[index] = before;
}

/* Nobody hears what a ghost is answered. */
static void ghost_run(struct world *world, const struct player *ghost)
{
    struct call *call = &world->history->calls[ghost->call], kept = *call;
    call_run(world, call);
    *call = kept;
}

static void player_lose(struct world *world, struct player *player)
{
    if (world->ghost_count < GHOSTS_MOST && chance(world, 70)) {
        world->ghosts[world->ghost_count] = *player;
        world->ghosts[world->ghost_count].time_ns += chance(world, 50) ? 0 : 20 * delay(world);
        world->ghost_count++;
    }
    player->phase = PHASE_START;
    player->time_ns += delay(world);
}

/* The answer comes from a rehearsal; a ghost makes it true later. */
static bool run_late(struct world *world, const struct player *player, struct call *call)
{
    struct reference copy = world->references[account_of(world, call)], before = copy;
    struct call answered = *call;
    if (!due(world, player->call, SABOTAGE_LATE) || world->ghost_count == GHOSTS_MOST)
        return false;
    reference_run(&copy, &answered);
    if (!is_change(&answered, &before, &copy))
        return false;
    *call = answered;
    world->ghosts[world->ghost_count] = *player;
    world->ghosts[world->ghost_count++].time_ns += 4 * world->simulation->delay_most_ns;
    world->sabotaged = true;
    return true;
}

static void player_run(struct world *world, struct player *player)
{
    struct call *call = &world->history->calls[player->call];
    if (player->lost) {
        player_lose(world, player);
        return;
    }
    if (!run_late(world, player, call))
        call_run(world, call);
    player->phase = PHASE_END;
    player->time_ns += delay(world);
}

static void player_end(struct world *world, struct player *player)
{
    struct call *call = &world->history->calls[player->call];
    call->end_ns = player->time_ns;
    call->has_version = call->has_version && !chance(world, world->simulation->untold);
    player->phase = PHASE_START;
    player->time_ns += delay(world);
}

/* ---- afterwards ---- */

static void answer_change(struct world *world, struct call *call)
{
    int64_t by = chance(world, 50) ? 1 : -1;
    switch (random_below(world, 3)) {
    case 0:
        call->has_version = call->answer <= ANSWER_CONFLICT;
        call->version += by;
        break;
    case 1:
        call->balance += by; /* of a command it was not told, and nothing changes */
        break;
    default:
        call->answer = call->answer == ANSWER_OK ? ANSWER_REJECTED : ANSWER_OK;
        call->has_balance = false;
        break;
    }
}

static void history_sabotage(struct world *world)
{
    struct call *call = &world->history->calls[world->sabotage_at];
    int64_t by = (1 + delay(world)) * (chance(world, 50) ? 2 : -2);
    if (call->answer == ANSWER_UNKNOWN)
        return;
    if (world->simulation->sabotage == SABOTAGE_ANSWER)
        answer_change(world, call);
    if (world->simulation->sabotage == SABOTAGE_SHIFT) {
        call->start_ns += by;
        call->end_ns += by;
    }
}

/* ---- all of it ---- */

static enum error world_init(struct world *world)
{
    const struct simulation *simulation = world->simulation;
    world->random = simulation->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    world->references = calloc(simulation->accounts, sizeof *world->references);
    world->before = calloc(simulation->accounts, sizeof *world->before);
    world->players = calloc(simulation->clients, sizeof *world->players);
    world->rooms = calloc(simulation->accounts, sizeof *world->rooms);
    world->recent = calloc(simulation->accounts, sizeof *world->recent);
    if (world->references == NULL || world->before == NULL || world->players == NULL || world->rooms == NULL ||
        world->recent == NULL)
        return error_no_memory;
    world->sabotage_at = (uint32_t)random_below(world, simulation->calls);
    for (uint32_t i = 0; i < simulation->clients; i++)
        world->players[i].time_ns = delay(world);
    return error_none;
}

static void world_fini(struct world *world)
{
    for (uint32_t i = 0; world->references != NULL && i < world->simulation->accounts; i++)
        free(world->references[i].receipts);
    free(world->recent);
    free(world->rooms);
    free(world->players);
    free(world->before);
    free(world->references);
}

static struct player *player_next(struct world *world)
{
    struct player *next = &world->players[0];
    for (uint32_t i = 1; i < world->simulation->clients; i++)
        if (world->players[i].time_ns < next->time_ns)
            next = &world->players[i];
    for (uint32_t i = 0; i < world->ghost_count; i++)
        if (world->ghosts[i].time_ns < next->time_ns)
            next = &world->ghosts[i];
    return next;
}

static bool is_ghost(const struct world *world, const struct player *player)
{
    return player >= world->ghosts && player < world->ghosts + GHOSTS_MOST;
}

/* A client that may not start any more rests; false when nobody goes on. */
static bool world_step(struct world *world, enum error *error)
{
    struct player *player = player_next(world);
    if (player->time_ns == NEVER)
        return false;
    if (player->phase == PHASE_RUN)
        *error = receipts_reserve(world, account_of(world, &world->history->calls[player->call]));
    if (*error != error_none)
        return false;
    if (is_ghost(world, player)) {
        ghost_run(world, player);
        *player = world->ghosts[--world->ghost_count];
    } else if (player->phase == PHASE_RUN) {
        player_run(world, player);
    } else if (player->phase == PHASE_END) {
        player_end(world, player);
    } else if (world->history->count < world->simulation->calls) {
        *error = player_start(world, player);
    } else {
        player->time_ns = NEVER;
    }
    return *error == error_none;
}

enum error simulate(const struct simulation *simulation, struct history *out)
{
    struct history history = {0};
    struct world world = {.simulation = simulation, .history = &history};
    enum error error = world_init(&world);
    while (error == error_none && world_step(&world, &error))
        ;
    if (error == error_none)
        history_sabotage(&world);
    world_fini(&world);
    if (error == error_none)
        error = history_sort(&history);
    if (error == error_none)
        *out = history;
    else
        history_fini(&history);
    return error;
}
