/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checksums of rows and snapshots. */
#include "services/store/checksum.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { CHECKSUM_NUMBERS = 7, CHECKSUM_STRINGS = 10, CHECKSUM_HEAD = (CHECKSUM_NUMBERS + CHECKSUM_STRINGS) * 8 + 16 };

static void strings_of(const struct store_record *record, struct slice out[CHECKSUM_STRINGS])
{
    out[0] = record->stream.realm;
    out[1] = record->stream.namespace;
    out[2] = record->stream.resource;
    out[3] = record->stream.identifier;
    out[4] = record->event;
    out[5] = record->data;
    out[6] = record->command;
    out[7] = record->user;
    out[8] = record->traceparent;
    out[9] = slice_of(record->hash, record->receipt ? sizeof record->hash : 0);
}

/* Is this one of the columns that are NULL when there is nothing in them? */
static bool string_is_null(size_t i, struct slice string)
{
    return string.size == 0 && (i == 4 || i == 8 || i == 9);
}

static uint8_t *head_write(const struct store_record *record, uint64_t epoch, const struct slice *strings, uint8_t *out)
{
    uint64_t numbers[CHECKSUM_NUMBERS] = {position_of(record->partition, record->seq),
                                          (uint64_t)record->time_us,
                                          epoch,
                                          record->version,
                                          record->previous,
                                          record->schema,
                                          record->receipt ? (uint64_t)record->status : UINT64_MAX};
    for (size_t i = 0; i < CHECKSUM_NUMBERS; i++, out += 8)
        store_big_endian(out, numbers[i]);
    for (size_t i = 0; i < CHECKSUM_STRINGS; i++, out += 8)
        store_big_endian(out, string_is_null(i, strings[i]) ? UINT64_MAX : strings[i].size);
    memcpy(out, record->id.bytes, sizeof record->id.bytes);
    return out + sizeof record->id.bytes;
}

/* For rows that do not fit the small buffer. */
static uint64_t checksum_stream(const uint8_t *head, const struct slice *strings)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, head, CHECKSUM_HEAD);
    for (size_t i = 0; i < CHECKSUM_STRINGS; i++)
        if (strings[i].size != 0)
            XXH3_64bits_update(&state, strings[i].data, strings[i].size);
    return XXH3_64bits_digest(&state);
}

uint64_t row_checksum(const struct store_record *record, uint64_t epoch)
{
    uint8_t bytes[1024];
    struct slice strings[CHECKSUM_STRINGS];
    strings_of(record, strings);
    uint8_t *at = head_write(record, epoch, strings, bytes);
    for (size_t i = 0; i < CHECKSUM_STRINGS; i++) {
        if (strings[i].size > (size_t)(bytes + sizeof bytes - at))
            return checksum_stream(bytes, strings);
        if (strings[i].size != 0)
            memcpy(at, strings[i].data, strings[i].size);
        at += strings[i].size;
    }
    return XXH3_64bits(bytes, (size_t)(at - bytes));
}

uint64_t snapshot_checksum(uint64_t hash, struct slice key, const struct store_snapshot *snapshot)
{
    uint64_t numbers[7] = {hash,
                           snapshot->version,
                           snapshot->seq,
                           (uint64_t)snapshot->time_us,
                           snapshot->fingerprint,
                           key.size,
                           snapshot->state.size};
    uint8_t head[sizeof numbers];
    XXH3_state_t state;
    for (size_t i = 0; i < 7; i++)
        store_big_endian(head + 8 * i, numbers[i]);
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, head, sizeof head);
    XXH3_64bits_update(&state, key.data, key.size);
    if (snapshot->state.size != 0)
        XXH3_64bits_update(&state, snapshot->state.data, snapshot->state.size);
    return XXH3_64bits_digest(&state);
}
