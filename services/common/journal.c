/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See journal.h; the mapping of its file is in journal_map.c, so that this stays free of I/O. */
#include "services/common/journal.h"

#include <stdatomic.h>

static const char magic[8] = "FLVJRNL2";

static const struct journal_entry *
entry_find(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    for (uint32_t i = 0; i < JOURNAL_ENTRIES; i++) {
        const struct journal_entry *entry = &journal->entries[i];
        if (entry->attempts > 0 && entry->stream_hash == stream_hash &&
            memcmp(entry->id.bytes, id->bytes, sizeof id->bytes) == 0)
            return entry;
    }
    return NULL;
}

/* A free entry, else the one that was made longest ago. */
static struct journal_entry *entry_make(struct journal *journal)
{
    struct journal_entry *entry = &journal->entries[journal->next % JOURNAL_ENTRIES];
    journal->next = (journal->next + 1) % JOURNAL_ENTRIES;
    return entry;
}

static void attempt_count(struct journal *journal, const struct journal_entry *running)
{
    struct journal_entry *entry = (struct journal_entry *)entry_find(journal, &running->id, running->stream_hash);
    if (entry == NULL) {
        entry = entry_make(journal);
        *entry = *running;
        entry->attempts = 0;
    }
    entry->attempts++;
    journal->alarms += entry->attempts == JOURNAL_ATTEMPTS;
}

void journal_open(struct journal *journal)
{
    if (memcmp(journal->magic, magic, sizeof magic) != 0) {
        memset(journal, 0, sizeof *journal);
        memcpy(journal->magic, magic, sizeof magic);
    }
    for (uint32_t i = 0; i < JOURNAL_LANES; i++) {
        struct journal_lane *lane = &journal->lanes[i];
        if (atomic_load(&lane->generation) % 2 == 0)
            continue;
        attempt_count(journal, &lane->running);
        atomic_fetch_add(&lane->generation, 1);
    }
}

void journal_begin(struct journal *journal, uint32_t lane, const struct uuid *id, uint64_t stream_hash)
{
    journal->lanes[lane].running.id = *id;
    journal->lanes[lane].running.stream_hash = stream_hash;
    atomic_fetch_add_explicit(&journal->lanes[lane].generation, 1, memory_order_release);
}

void journal_end(struct journal *journal, uint32_t lane)
{
    atomic_fetch_add_explicit(&journal->lanes[lane].generation, 1, memory_order_release);
}

uint32_t journal_attempts(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    if (journal->entries[0].attempts == 0) /* the ordinary case, without a search: the first one is made first */
        return 0;
    const struct journal_entry *entry = entry_find(journal, id, stream_hash);
    return entry == NULL ? 0 : entry->attempts;
}

bool journal_refused(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    return journal->alarms > 0 && journal_attempts(journal, id, stream_hash) >= JOURNAL_ATTEMPTS;
}

bool journal_has(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    if (journal->entries[0].attempts == 0) /* likewise: the first entry is the first to be taken */
        return false;
    return entry_find((struct journal *)journal, id, stream_hash) != NULL;
}
