/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing snapshots, the newest of each stream. */
#include <stdlib.h>

#include "services/store/checksum.h"
#include "services/store/unit.h"

static enum error
snapshot_write(struct unit *unit, const struct store_snapshot_write *write, struct slice key, struct store_fault *fault)
{
    uint64_t checksum = snapshot_checksum(write->stream_hash, key, &write->snapshot);
    return writing(unit)->put_snapshot(unit, write, key, checksum, fault);
}

enum error
snapshots_write(struct unit *unit, const struct store_snapshot_write *writes, size_t count, struct store_fault *fault)
{
    enum error error = error_none;
    for (size_t i = 0; i < count && error == error_none; i++) {
        size_t size = stream_key_size(&writes[i].stream);
        uint8_t *key = malloc(size);
        if (key == NULL)
            return fault_set(fault, error_no_memory, "%s: no memory for a snapshot", unit->name);
        stream_key_write(&writes[i].stream, key);
        error = snapshot_write(unit, &writes[i], slice_of(key, size), fault);
        free(key);
    }
    return error;
}
