/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Consumer groups, as an aggregate like any other: what their commands decide and what their events mean. The namespace
 * fluvius is the platform's own; every shard serves it. group_declare.h says what a group is. */
#include "services/builtin/group_declare.h"

DOMAIN(fluvius, "The platform's own: consumer groups.");

#define RESERVED TEXT("fluvius")

/* ---- reading a group ---- */

static timestamp later(const decision *out, int64 ms)
{
    return (timestamp){decision_time(out).microseconds + ms * 1000};
}

static const partition_progress *progress_of(const group *state, int64 partition)
{
    return partition < (int64)state->partitions.count ? &state->partitions.items[partition] : NULL;
}

static bool lease_runs(const group *state, text name, int64 now)
{
    for (uint32_t i = 0; i < state->consumers.count; i++)
        if (text_equal(state->consumers.items[i].name, name))
            return state->consumers.items[i].until.microseconds > now;
    return false;
}

static bool holds(const group *state, text consumer, int64 partition)
{
    const partition_progress *progress = progress_of(state, partition);
    return progress != NULL && progress->holder.data != NULL && text_equal(progress->holder, consumer);
}

static verdict reject_missing(decision *out)
{
    return reject(out, "no_group", "the group does not exist");
}

/* ---- changing one: items of a list are never written in place, so a change of many is made on a copy ---- */

static partition_progress *partitions_copy(group *state, uint32_t count)
{
    uint32_t old = state->partitions.count;
    partition_progress *items = allocate(state->memory, partition_progress, count + (count == 0));
    if (old > 0)
        __builtin_memcpy(items, state->partitions.items, (old < count ? old : count) * sizeof *items);
    for (uint32_t i = old; i < count; i++)
        items[i] = (partition_progress){0};
    state->partitions = (partition_progress_list){.items = items, .count = count};
    return items;
}

static void trouble_end(partition_progress *progress)
{
    progress->failing = progress->attempts = 0;
    progress->fault = (text){0};
    progress->retry_at = (timestamp_optional){0};
    progress->halted = false;
}

static void checkpoint_move(partition_progress *progress, int64 seq)
{
    if (seq > progress->checkpoint)
        progress->checkpoint = seq;
    if (progress->failing <= progress->checkpoint)
        trouble_end(progress);
}

/* ---- create, remove ---- */

static verdict decide_create_group(const group *state, const create_group *command, decision *out)
{
    const selection *select = &command->select.value;
    if (state->exists)
        return reject(out, "already_exists", "the group was made before");
    if (command->select.present && select->namespace.data != NULL && text_equal(select->namespace, RESERVED))
        return reject(out, "reserved_namespace", "a group cannot select the platform's own records");
    return emit(out,
                created,
                .select = command->select.value,
                .attempts_max = command->attempts_max,
                .backoff_ms = command->backoff_ms,
                .backoff_max_ms = command->backoff_max_ms,
                .lease_ms = command->lease_ms,
                .silence_ms = command->silence_ms,
                .dead_letters_max = command->dead_letters_max,
                .start = command->start);
}

static void apply_created(group *state, const created *event)
{
    state->exists = true;
    state->select = event->select;
    state->attempts_max = event->attempts_max;
    state->backoff_ms = event->backoff_ms;
    state->backoff_max_ms = event->backoff_max_ms;
    state->lease_ms = event->lease_ms;
    state->silence_ms = event->silence_ms;
    state->dead_letters_max = event->dead_letters_max;
    partition_progress *items = partitions_copy(state, event->start.count);
    for (uint32_t i = 0; i < event->start.count; i++)
        items[i].checkpoint = event->start.items[i];
}

static verdict decide_remove_group(const group *state, const remove_group *command, decision *out)
{
    return state->exists ? emit(out, removed) : no_change(out);
}

static void apply_removed(group *state, const removed *event)
{
    *state = (group){.memory = state->memory};
}

/* ---- join: each consumer takes what is free, up to an even share; who holds more gives it back by leave ---- */

static bool is_free(const group *state, int64 partition, int64 now)
{
    const partition_progress *progress = progress_of(state, partition);
    return progress == NULL || progress->holder.data == NULL || !lease_runs(state, progress->holder, now);
}

/* How many take part, the one who asks among them. */
static uint32_t members(const group *state, text consumer, int64 now)
{
    uint32_t count = 1;
    for (uint32_t i = 0; i < state->consumers.count; i++)
        if (state->consumers.items[i].until.microseconds > now && !text_equal(state->consumers.items[i].name, consumer))
            count++;
    return count;
}

static int64_list share_take(const group *state, const join_group *command, decision *out)
{
    int64 now = decision_time(out).microseconds, held = 0;
    int64 count = members(state, command->consumer, now);
    int64 share = (command->partitions + count - 1) / count;
    int64 *taken = allocate(out->memory, int64, (size_t)command->partitions);
    uint32_t found = 0;
    for (int64 i = 0; i < command->partitions; i++)
        held += holds(state, command->consumer, i);
    for (int64 i = 0; i < command->partitions && held + found < share; i++)
        if (!holds(state, command->consumer, i) && is_free(state, i, now))
            taken[found++] = i;
    return (int64_list){.items = taken, .count = found};
}

static verdict decide_join_group(const group *state, const join_group *command, decision *out)
{
    int64 now = decision_time(out).microseconds;
    if (!state->exists)
        return reject_missing(out);
    if (command->partitions < (int64)state->partitions.count)
        return reject(out, "wrong_partitions", "the group knows %u partitions", state->partitions.count);
    if (members(state, command->consumer, now) > CONSUMERS_MAX)
        return reject(out, "too_many_consumers", "%d consumers take part", CONSUMERS_MAX);
    return emit(out,
                joined,
                .consumer = command->consumer,
                .until = later(out, state->lease_ms),
                .at = decision_time(out),
                .partitions = command->partitions,
                .taken = share_take(state, command, out));
}

/* Those whose lease has ended are forgotten, and hold nothing any more, so that the list stays short. */
static void consumers_renew(group *state, const joined *event)
{
    group_member *items = allocate(state->memory, group_member, state->consumers.count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < state->consumers.count; i++) {
        group_member old = state->consumers.items[i];
        if (old.until.microseconds > event->at.microseconds && !text_equal(old.name, event->consumer))
            items[count++] = old;
    }
    items[count++] = (group_member){.name = event->consumer, .until = event->until};
    state->consumers = (group_member_list){.items = items, .count = count};
}

static void apply_joined(group *state, const joined *event)
{
    consumers_renew(state, event);
    partition_progress *items = partitions_copy(state, (uint32_t)event->partitions);
    for (uint32_t i = 0; i < state->partitions.count; i++)
        if (items[i].holder.data != NULL && !lease_runs(state, items[i].holder, event->at.microseconds))
            items[i].holder = (text){0};
    for (uint32_t i = 0; i < event->taken.count; i++)
        items[event->taken.items[i]].holder = event->consumer;
}

static verdict decide_leave_group(const group *state, const leave_group *command, decision *out)
{
    bool any = false;
    for (uint32_t i = 0; i < state->consumers.count; i++)
        any = any || text_equal(state->consumers.items[i].name, command->consumer);
    if (!any)
        return no_change(out);
    return emit(out,
                left,
                .consumer = command->consumer,
                .all = command->partitions.count == 0,
                .partitions = command->partitions);
}

static void consumer_forget(group *state, text name)
{
    for (uint32_t i = state->consumers.count; i-- > 0;)
        if (text_equal(state->consumers.items[i].name, name))
            remove_at(state, consumers, i);
}

static void apply_left(group *state, const left *event)
{
    partition_progress *items = partitions_copy(state, state->partitions.count);
    for (uint32_t i = 0; event->all && i < state->partitions.count; i++)
        if (holds(state, event->consumer, i))
            items[i].holder = (text){0};
    for (uint32_t i = 0; i < event->partitions.count; i++)
        if (holds(state, event->consumer, event->partitions.items[i]))
            items[event->partitions.items[i]].holder = (text){0};
    if (event->all)
        consumer_forget(state, event->consumer);
}

/* ---- ack ---- */

static verdict decide_ack(const group *state, const ack *command, decision *out)
{
    log_place *places = allocate(out->memory, log_place, command->places.count);
    uint32_t count = 0;
    if (!state->exists)
        return reject_missing(out);
    for (uint32_t i = 0; i < command->places.count; i++) {
        log_place it = command->places.items[i];
        if (!holds(state, command->consumer, it.partition))
            return reject(out, "not_held", "partition %lld is not this consumer's", (long long)it.partition);
        if (it.seq > progress_of(state, it.partition)->checkpoint)
            places[count++] = it;
    }
    if (count == 0)
        return no_change(out);
    return emit(out, acked, .at = decision_time(out), .places = {.items = places, .count = count});
}

static void apply_acked(group *state, const acked *event)
{
    partition_progress *items = partitions_copy(state, state->partitions.count);
    for (uint32_t i = 0; i < event->places.count; i++)
        checkpoint_move(&items[event->places.items[i].partition], event->places.items[i].seq);
    state->acked_at = (timestamp_optional)SOME(event->at);
}

/* ---- nack ---- */

static int64 backoff(const group *state, int64 attempts)
{
    int64 wait = state->backoff_ms;
    for (int64 i = 1; i < attempts && wait < state->backoff_max_ms; i++)
        wait *= 2;
    return wait < state->backoff_max_ms ? wait : state->backoff_max_ms;
}

static verdict decide_nack(const group *state, const nack *command, decision *out)
{
    const partition_progress *progress = progress_of(state, command->place.partition);
    text fault = command->fault.data == NULL ? TEXT("") : command->fault;
    if (!state->exists)
        return reject_missing(out);
    if (!holds(state, command->consumer, command->place.partition))
        return reject(out, "not_held", "partition %lld is not this consumer's", (long long)command->place.partition);
    if (command->place.seq <= progress->checkpoint)
        return reject(out, "already_done", "the checkpoint is %lld", (long long)progress->checkpoint);
    int64 attempts = progress->failing == command->place.seq ? progress->attempts + 1 : 1;
    if (attempts < state->attempts_max)
        return emit(out,
                    failed,
                    .place = command->place,
                    .attempts = attempts,
                    .fault = fault,
                    .retry_at = later(out, backoff(state, attempts)));
    if ((int64)state->dead_letters.count >= state->dead_letters_max)
        return emit(out, halted, .place = command->place, .attempts = attempts, .fault = fault);
    return emit(
        out, dead_lettered, .place = command->place, .attempts = attempts, .fault = fault, .at = decision_time(out));
}

static partition_progress *trouble_begin(group *state, log_place place, int64 attempts, text fault)
{
    partition_progress *it = &partitions_copy(state, state->partitions.count)[place.partition];
    checkpoint_move(it, place.seq - 1);
    it->failing = place.seq;
    it->attempts = attempts;
    it->fault = fault;
    return it;
}

static void apply_failed(group *state, const failed *event)
{
    partition_progress *it = trouble_begin(state, event->place, event->attempts, event->fault);
    it->retry_at = (timestamp_optional)SOME(event->retry_at);
    it->halted = false;
}

static void apply_dead_lettered(group *state, const dead_lettered *event)
{
    checkpoint_move(&partitions_copy(state, state->partitions.count)[event->place.partition], event->place.seq);
    append(state,
           dead_letters,
           (dead_letter){.partition = event->place.partition,
                         .seq = event->place.seq,
                         .attempts = event->attempts,
                         .fault = event->fault,
                         .failed_at = event->at});
}

static void apply_halted(group *state, const halted *event)
{
    partition_progress *it = trouble_begin(state, event->place, event->attempts, event->fault);
    it->retry_at = (timestamp_optional){0};
    it->halted = true;
}

/* ---- dead letters ---- */

static int64 letter_find(const group *state, log_place place)
{
    for (uint32_t i = 0; i < state->dead_letters.count; i++)
        if (state->dead_letters.items[i].partition == place.partition && state->dead_letters.items[i].seq == place.seq)
            return i;
    return -1;
}

/* The places that were named, or those of all dead letters. false when one is none. */
static bool letters_choose(const group *state, log_place_list named, decision *out, log_place_list *chosen)
{
    for (uint32_t i = 0; i < named.count; i++)
        if (letter_find(state, named.items[i]) < 0)
            return false;
    *chosen = named;
    if (named.count > 0)
        return true;
    log_place *all = allocate(out->memory, log_place, state->dead_letters.count + 1);
    for (uint32_t i = 0; i < state->dead_letters.count; i++)
        all[i] =
            (log_place){.partition = state->dead_letters.items[i].partition, .seq = state->dead_letters.items[i].seq};
    *chosen = (log_place_list){.items = all, .count = state->dead_letters.count};
    return true;
}

static verdict decide_replay(const group *state, const replay *command, decision *out)
{
    log_place_list chosen;
    if (!state->exists)
        return reject_missing(out);
    if (!letters_choose(state, command->places, out, &chosen))
        return reject(out, "no_dead_letter", "one of these places is no dead letter");
    return chosen.count == 0 ? no_change(out) : emit(out, replay_asked, .places = chosen);
}

static void letter_mark(group *state, log_place place, bool again, const replay_failed *event)
{
    int64 index = letter_find(state, place);
    if (index < 0)
        return;
    dead_letter letter = state->dead_letters.items[index];
    letter.replay = again;
    if (event != NULL) {
        letter.attempts++;
        letter.fault = event->fault;
        letter.failed_at = event->at;
    }
    replace_at(state, dead_letters, (size_t)index, letter);
}

static void apply_replay_asked(group *state, const replay_asked *event)
{
    for (uint32_t i = 0; i < event->places.count; i++)
        letter_mark(state, event->places.items[i], true, NULL);
}

/* There is room again: partitions that halted for want of it go on. */
static void letter_remove(group *state, log_place place)
{
    int64 index = letter_find(state, place);
    if (index < 0)
        return;
    remove_at(state, dead_letters, (size_t)index);
    partition_progress *items = partitions_copy(state, state->partitions.count);
    for (uint32_t i = 0; i < state->partitions.count; i++)
        items[i].halted = false;
}

static verdict decide_discard(const group *state, const discard *command, decision *out)
{
    log_place_list chosen;
    if (!state->exists)
        return reject_missing(out);
    if (!letters_choose(state, command->places, out, &chosen))
        return reject(out, "no_dead_letter", "one of these places is no dead letter");
    return chosen.count == 0 ? no_change(out) : emit(out, discarded, .places = chosen);
}

static void apply_discarded(group *state, const discarded *event)
{
    for (uint32_t i = 0; i < event->places.count; i++)
        letter_remove(state, event->places.items[i]);
}

static verdict decide_settle(const group *state, const settle *command, decision *out)
{
    if (!state->exists)
        return reject_missing(out);
    if (letter_find(state, command->place) < 0)
        return no_change(out);
    if (command->fault.data == NULL)
        return emit(out, replayed, .place = command->place);
    return emit(out, replay_failed, .place = command->place, .fault = command->fault, .at = decision_time(out));
}

static void apply_replayed(group *state, const replayed *event)
{
    letter_remove(state, event->place);
}

static void apply_replay_failed(group *state, const replay_failed *event)
{
    letter_mark(state, event->place, false, event);
}
