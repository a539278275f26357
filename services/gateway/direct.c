/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See direct.h. */
#include "services/gateway/direct.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "services/common/journal.h"
#include "services/gateway/list.h"
#include "services/readmodel/reading.h"

#define STEPS_MAX 8000       /* of SQLite's machine, a few hundred microseconds */
#define PAGE_BYTES 262144    /* of rows */
#define STATEMENT_MS 5       /* of functions that run within one step */
#define MOMENT_US 2000       /* that a moment is held for reads of the same turn */
#define OPEN_RETRY_US 250000 /* while there is no database to open */

struct direct {
    struct reading *reading;
    struct journal *journal, own_journal;
    struct ask ask;
    uint64_t retry_us;  /* not before */
    uint64_t moment_us; /* when the first read of this turn began; 0: none */
};

static enum error journal_start(struct direct *direct, const char *path)
{
    if (path != NULL)
        return journal_map(&direct->journal, path);
    journal_open(&direct->own_journal);
    direct->journal = &direct->own_journal;
    return error_none;
}

enum error direct_open(struct direct **out, const struct direct_config *config)
{
    struct direct *direct = calloc(1, sizeof *direct);
    if (direct == NULL)
        return error_no_memory;
    enum error error = journal_start(direct, config->journal);
    if (error == error_none)
        error = reading_new(&direct->reading,
                            &(struct reading_config){.url = config->url,
                                                     .holder = "gateway",
                                                     .statement_ms = STATEMENT_MS,
                                                     .steps_max = STEPS_MAX,
                                                     .bytes_max = PAGE_BYTES,
                                                     .holds = true});
    if (error == error_none)
        *out = direct;
    else
        direct_close(&direct);
    return error;
}

void direct_close(struct direct **direct)
{
    struct direct *old = *direct;
    *direct = NULL;
    if (old == NULL)
        return;
    reading_free(&old->reading);
    if (old->journal != &old->own_journal)
        journal_unmap(&old->journal);
    ask_fini(&old->ask);
    free(old);
}

static bool ask_page(struct direct *direct, struct ask *ask, uint64_t now_us)
{
    uint64_t hash = XXH3_64bits(ask->request->data.data, ask->request->data.size);
    if (journal_has(direct->journal, &journal_load, hash))
        return false;
    journal_begin(direct->journal, 0, &journal_load, hash);
    reading_ask(direct->reading, ask);
    journal_end(direct->journal, 0);
    if (!reading_is_open(direct->reading))
        direct->retry_us = now_us + OPEN_RETRY_US;
    return ask->outcome == ASK_PAGE;
}

void direct_rest(struct direct *direct)
{
    if (direct == NULL || direct->moment_us == 0)
        return;
    reading_rest(direct->reading);
    direct->moment_us = 0;
}

bool direct_answer(struct direct *direct, struct call *call, uint64_t now_us)
{
    struct ask *ask = &direct->ask;
    if (now_us < direct->retry_us)
        return false;
    if (now_us - direct->moment_us > MOMENT_US) {
        reading_rest(direct->reading);
        direct->moment_us = now_us;
    }
    ask_begin(ask, &call->request, slice_text(call->principal.realm));
    bool answered = ask_page(direct, ask, now_us) && list_page(call, &ask->page);
    if (answered)
        call_position(call, ask->position);
    free(ask->wanted);
    ask->wanted = NULL;
    return answered;
}
