/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A consumer's share of the partitions: it joins every third of the lease, gives back what is more than an even share,
 * and says what is done. */
#include "services/cli/subscriber.h"

#include "services/common/process.h"

#include <stdlib.h>
#include <string.h>

#define SCANNED_ACK 4096 /* records that did not match, before their checkpoint is moved without any that did */

static uint64_t third_us(const struct subscriber *subscriber)
{
    return (uint64_t)subscriber->group.lease_ms * 1000 / 3;
}

static void consumer_write(struct buffer *out, const struct subscriber *subscriber)
{
    write_string(out, "consumer");
    write_string(out, subscriber->name);
}

/* ---- joining and leaving ---- */

static int join(struct subscriber *subscriber)
{
    struct group_outcome outcome;
    struct buffer data = {0};
    uint64_t asked_us = clock_monotonic_us();

    write_map(&data, 2);
    consumer_write(&data, subscriber);
    write_string(&data, "partitions");
    write_unsigned(&data, subscriber->group.partition_count);
    outcome = group_send(&subscriber->group, "join", buffer_slice(&data));
    buffer_fini(&data);
    subscriber->joined_us = asked_us;
    return group_complain(&outcome);
}

static bool join_due(const struct subscriber *subscriber)
{
    return subscriber->joined_us == 0 || clock_monotonic_us() - subscriber->joined_us >= third_us(subscriber);
}

/* One that fails is tried again a third of the lease later; if that is too late, the acknowledgement will tell. */
void lease_renew(void *context)
{
    struct subscriber *subscriber = context;

    if (join_due(subscriber)) {
        (void)join(subscriber);
    }
}

bool round_over(const struct subscriber *subscriber)
{
    return process_stopping() || clock_monotonic_us() - subscriber->round_us >= third_us(subscriber);
}

/* count 0: all, and out of the group. */
static int leave(struct subscriber *subscriber, const uint32_t *partitions, uint32_t count)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 2);
    consumer_write(&data, subscriber);
    write_string(&data, "partitions");
    write_array(&data, count);
    for (uint32_t i = 0; i < count; i++) {
        write_unsigned(&data, partitions[i]);
    }
    outcome = group_send(&subscriber->group, "leave", buffer_slice(&data));
    buffer_fini(&data);
    return group_complain(&outcome);
}

int group_leave(struct subscriber *subscriber)
{
    return leave(subscriber, NULL, 0);
}

static uint32_t share_of(const struct group *group)
{
    uint32_t consumers = group->consumers == 0 ? 1 : group->consumers;

    return (group->partition_count + consumers - 1) / consumers;
}

/* Those beyond an even share go to whoever joins next. */
static int surplus_leave(struct subscriber *subscriber)
{
    struct group *group = &subscriber->group;
    uint32_t *gone = calloc(group->partition_count, sizeof *gone), count = 0, held = 0;
    int code = 0;

    for (uint32_t i = 0; gone != NULL && i < group->partition_count; i++) {
        held += group->partitions[i].held;
        if (group->partitions[i].held && held > share_of(group)) {
            gone[count++] = i;
            group->partitions[i].held = false;
        }
    }
    if (count > 0) {
        code = leave(subscriber, gone, count);
    }
    free(gone);
    return code;
}

/* What was handed over and is acknowledged; what another consumer did meanwhile counts too. */
static void places_refresh(struct subscriber *subscriber)
{
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        subscriber->done[i] = subscriber->group.partitions[i].checkpoint;
        subscriber->blocked[i] = subscriber->handled[i] = false;
    }
}

int take_part(struct subscriber *subscriber)
{
    int code = join_due(subscriber) ? join(subscriber) : 0;

    subscriber->round_us = clock_monotonic_us();
    if (code == 0) {
        code = group_read(&subscriber->group);
    }
    if (code == 0) {
        code = surplus_leave(subscriber);
    }
    if (code == 0) {
        places_refresh(subscriber);
    }
    return code;
}

/* ---- acknowledging ---- */

static bool worth_telling(const struct subscriber *subscriber, uint32_t partition)
{
    uint64_t checkpoint = subscriber->group.partitions[partition].checkpoint;

    return subscriber->done[partition] > checkpoint &&
           (subscriber->handled[partition] || subscriber->done[partition] - checkpoint >= SCANNED_ACK);
}

/* Somebody else holds what was lost: not a fault, but a reason to look again. */
static int outcome_take(struct subscriber *subscriber, const struct group_outcome *outcome)
{
    if (strcmp(outcome->code, "not_held") == 0 || strcmp(outcome->code, "already_done") == 0) {
        subscriber->joined_us = 0;
        return 0;
    }
    return group_complain(outcome);
}

int places_ack(struct subscriber *subscriber)
{
    struct group_outcome outcome = {.exit = 0};
    struct buffer data = {0};
    uint32_t count = 0;

    write_map(&data, 2);
    consumer_write(&data, subscriber);
    write_string(&data, "places");
    size_t place = write_array_begin(&data);
    for (uint32_t i = 0; i < subscriber->group.partition_count; i++) {
        if (worth_telling(subscriber, i)) {
            group_place_write(&data, (struct group_place){i, subscriber->done[i]});
            subscriber->group.partitions[i].checkpoint = subscriber->done[i];
            count++;
        }
    }
    write_array_end(&data, place, count);
    if (count > 0) {
        outcome = group_send(&subscriber->group, "ack", buffer_slice(&data));
    }
    buffer_fini(&data);
    return count == 0 ? 0 : outcome_take(subscriber, &outcome);
}

int place_nack(struct subscriber *subscriber, struct group_place place, const char *fault)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, 3);
    consumer_write(&data, subscriber);
    write_string(&data, "place");
    group_place_write(&data, place);
    write_string(&data, "fault");
    write_string(&data, fault);
    outcome = group_send(&subscriber->group, "nack", buffer_slice(&data));
    buffer_fini(&data);
    return outcome_take(subscriber, &outcome);
}

int letter_settle(struct subscriber *subscriber, struct group_place place, const char *fault)
{
    struct group_outcome outcome;
    struct buffer data = {0};

    write_map(&data, fault == NULL ? 1 : 2);
    write_string(&data, "place");
    group_place_write(&data, place);
    if (fault != NULL) {
        write_string(&data, "fault");
        write_string(&data, fault);
    }
    outcome = group_send(&subscriber->group, "settle", buffer_slice(&data));
    buffer_fini(&data);
    return group_complain(&outcome);
}
