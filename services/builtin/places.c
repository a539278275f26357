/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See places.h. */
#include "services/builtin/places.h"

#include "proto/reader.h"

static const struct places_fault wrong_partitions = {"wrong_partitions", "the log has another number of partitions"};
static const struct places_fault no_such_place = {"no_such_place", "the log has no record at one of these places"};

static struct slice field(struct slice map, const char *key)
{
    struct slice raw;
    return map.size > 0 && msgpack_find(map, key, &raw) == error_none ? raw : (struct slice){0};
}

static int64_t number(struct slice map, const char *key)
{
    struct reader reader = reader_of(field(map, key));
    int64_t value;
    return reader_integer(&reader, &value) == error_none ? value : -1;
}

static bool fault_set(struct places_fault *out, const struct places_fault *fault)
{
    *out = *fault;
    return true;
}

static bool is_there(const struct places_log *log, int64_t partition, int64_t seq)
{
    return partition >= 0 && partition < (int64_t)log->partitions && seq >= 0 && log->heads != NULL &&
           (uint64_t)seq <= log->heads[partition];
}

static bool place_refused(struct slice place, const struct places_log *log, struct places_fault *out)
{
    return !is_there(log, number(place, "partition"), number(place, "seq")) && fault_set(out, &no_such_place);
}

static bool list_refused(struct slice places, const struct places_log *log, struct places_fault *out)
{
    struct reader reader = reader_of(places);
    struct slice place;
    uint32_t count = 0;
    reader_array(&reader, &count);
    for (uint32_t i = 0; i < count && reader_raw(&reader, &place) == error_none; i++)
        if (place_refused(place, log, out))
            return true;
    return false;
}

/* One seq a partition, 0 for its beginning; or none. */
static bool start_refused(struct slice start, const struct places_log *log, struct places_fault *out)
{
    struct reader reader = reader_of(start);
    uint32_t count = 0;
    int64_t seq;
    reader_array(&reader, &count);
    if (count > 0 && count != log->partitions)
        return fault_set(out, &wrong_partitions);
    for (uint32_t i = 0; i < count; i++)
        if (reader_integer(&reader, &seq) != error_none || !is_there(log, i, seq))
            return fault_set(out, &no_such_place);
    return false;
}

bool places_wanted(struct slice command)
{
    return slice_is(command, "ack") || slice_is(command, "nack") || slice_is(command, "create");
}

bool places_refused(struct slice event, struct slice data, const struct places_log *log, struct places_fault *out)
{
    if (slice_is(event, "joined"))
        return number(data, "partitions") != log->partitions && fault_set(out, &wrong_partitions);
    if (slice_is(event, "created"))
        return start_refused(field(data, "start"), log, out);
    if (slice_is(event, "acked"))
        return list_refused(field(data, "places"), log, out);
    if (slice_is(event, "failed") || slice_is(event, "dead_lettered") || slice_is(event, "halted"))
        return place_refused(field(data, "place"), log, out);
    return false;
}
