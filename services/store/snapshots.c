/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing snapshots, the newest of each stream. */
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "services/store/sqlite.h"

/* XXH3-64 of hash, version, seq, time_us, fingerprint and the sizes of key and state, big-endian in 8 bytes each, then
 * key and state. */
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

static enum error
snapshot_write(struct unit *unit, const struct store_snapshot_write *write, struct slice key, struct store_fault *fault)
{
    sqlite3_stmt *statement = unit->statements[WRITER_SNAPSHOT];
    const struct store_snapshot *snapshot = &write->snapshot;
    bind_unsigned(statement, 1, write->stream_hash);
    bind_bytes(statement, 2, key);
    bind_unsigned(statement, 3, snapshot->version);
    bind_unsigned(statement, 4, snapshot->seq);
    sqlite3_bind_int64(statement, 5, snapshot->time_us);
    bind_unsigned(statement, 6, snapshot->fingerprint);
    bind_bytes(statement, 7, snapshot->state);
    bind_unsigned(statement, 8, snapshot_checksum(write->stream_hash, key, snapshot));
    int code = statement_run(statement);
    return code == SQLITE_OK ? error_none : unit_fault(unit, code, "writing a snapshot", fault);
}

enum error
snapshots_write(struct unit *unit, const struct store_snapshot_write *writes, size_t count, struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++) {
        size_t size = stream_key_size(&writes[i].stream);
        uint8_t *key = malloc(size);
        if (key == NULL)
            return fault_set(fault, error_no_memory, "%s: no memory for a snapshot", unit->path);
        stream_key_write(&writes[i].stream, key);
        error = snapshot_write(unit, &writes[i], slice_of(key, size), fault);
        free(key);
    }
    return error;
}
