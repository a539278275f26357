/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Remembers, across a crash of the process, which domain code was running, so that a command whose decision crashes or
 * spins is not run for ever. The struct lives in a file that the process maps (journal_map); the core only changes
 * memory. What it holds survives the process, not the machine, and need not: it counts crashes of this process.
 *
 * Each thread that runs domain code has a lane. A generation that is odd means domain code is running there. The
 * watchdog, on its own thread, ends the process when the same odd generation stands too long; the next process finds it
 * odd and counts an attempt for what was running, in every lane: it cannot know which one it was. So what has an
 * attempt should run while nothing else does (journal_attempts): then the next crash tells. */
#ifndef COMMON_JOURNAL_H
#define COMMON_JOURNAL_H

#include "proto/error.h"
#include "proto/identity.h"

#define JOURNAL_ENTRIES 256
#define JOURNAL_ATTEMPTS 3
#define JOURNAL_LANES 16

/* Domain code that runs for a command (its id) or, with an id of zeroes, for loading an aggregate. */
struct journal_entry {
    struct uuid id;
    uint64_t stream_hash;
    uint32_t attempts, reserved;
};

struct journal_lane {
    _Atomic uint64_t generation; /* release on change: the entry is read only after the process is gone */
    struct journal_entry running;
};

struct journal {
    char magic[8];
    struct journal_lane lanes[JOURNAL_LANES];
    uint32_t next;   /* entry to replace when all are taken */
    uint32_t alarms; /* how many entries reached JOURNAL_ATTEMPTS */
    struct journal_entry entries[JOURNAL_ENTRIES];
};

static const struct uuid journal_load __attribute__((unused)); /* zeroes: the aggregate is being loaded */

/* Takes memory that was zeroed or used before, and counts the attempts that a crash left open. */
void journal_open(struct journal *journal);
/* By the lane's thread. */
void journal_begin(struct journal *journal, uint32_t lane, const struct uuid *id, uint64_t stream_hash);
void journal_end(struct journal *journal, uint32_t lane);
/* How often the process has crashed while it ran; any thread. */
uint32_t journal_attempts(const struct journal *journal, const struct uuid *id, uint64_t stream_hash);
/* Has it crashed the process so often that it is not to run again? */
bool journal_refused(const struct journal *journal, const struct uuid *id, uint64_t stream_hash);

/* Has it ended the process at all? */
bool journal_has(const struct journal *journal, const struct uuid *id, uint64_t stream_hash);

/* I/O: maps the file at path, made when it is not there. error_io, error_read_only. */
enum error journal_map(struct journal **out, const char *path);
void journal_unmap(struct journal **journal);

#endif
