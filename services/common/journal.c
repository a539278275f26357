/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See journal.h; the mapping of its file is in journal_map.c, so that this stays free of I/O. */
#include "services/common/journal.h"

#include <stdatomic.h>

static const char magic[8] = "FLVJRNL1";

static struct journal_entry *entry_find(struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    for (uint32_t i = 0; i < JOURNAL_ENTRIES; i++) {
        struct journal_entry *entry = &journal->entries[i];
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

void journal_open(struct journal *journal)
{
    if (memcmp(journal->magic, magic, sizeof magic) != 0) {
        memset(journal, 0, sizeof *journal);
        memcpy(journal->magic, magic, sizeof magic);
    }
    if (atomic_load(&journal->generation) % 2 == 0)
        return;
    struct journal_entry *entry = entry_find(journal, &journal->running.id, journal->running.stream_hash);
    if (entry == NULL) {
        entry = entry_make(journal);
        *entry = journal->running;
        entry->attempts = 0;
    }
    entry->attempts++;
    journal->alarms += entry->attempts == JOURNAL_ATTEMPTS;
    atomic_fetch_add(&journal->generation, 1);
}

void journal_begin(struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    journal->running.id = *id;
    journal->running.stream_hash = stream_hash;
    atomic_fetch_add_explicit(&journal->generation, 1, memory_order_release);
}

void journal_end(struct journal *journal)
{
    atomic_fetch_add_explicit(&journal->generation, 1, memory_order_release);
}

bool journal_refused(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    if (journal->alarms == 0) /* the ordinary case, without a search */
        return false;
    const struct journal_entry *entry = entry_find((struct journal *)journal, id, stream_hash);
    return entry != NULL && entry->attempts >= JOURNAL_ATTEMPTS;
}

bool journal_has(const struct journal *journal, const struct uuid *id, uint64_t stream_hash)
{
    if (journal->entries[0].attempts == 0) /* likewise: the first entry is the first to be taken */
        return false;
    return entry_find((struct journal *)journal, id, stream_hash) != NULL;
}
