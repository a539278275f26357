/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One turn: the pages that the core plans are read from the log and folded, and the rows that changed are committed
 * with the checkpoints. */
#include "services/projector/service.h"
#include "services/store/backend.h"

#include <inttypes.h>

#include "services/common/log.h"
#include "services/store/grow.h"

/* What a page of the log gave. */
struct page_read {
    struct fold *fold;
    uint64_t last;
    uint64_t bytes_most; /* the page ends when the turn holds so much */
    int64_t first_us, last_us;
    uint32_t records;
    enum error error; /* of the fold */
    bool full;        /* it ended so */
    bool damaged;     /* the record after the last one cannot be read */
    struct store_fault fault;
};

static enum error record_visit(void *context, const struct store_record *record)
{
    struct page_read *read = context;
    if (read->records == 0)
        read->first_us = record->time_us;
    read->error = fold_record(read->fold, record, &read->fault);
    read->last = record->seq;
    read->last_us = record->time_us;
    read->records++;
    read->full = read->error == error_none && fold_bytes(read->fold) >= read->bytes_most;
    return read->full ? error_full : read->error;
}

static enum error
page_take(struct service *service, const struct core_plan *plan, uint32_t number, struct store_fault *fault)
{
    const struct core_page *page = &plan->pages[number];
    struct page_read *read = &service->pages[number];
    uint64_t turn_bytes = (uint64_t)service->settings.cache_bytes / 2;
    *read = (struct page_read){.fold = service->fold, .last = page->after};
    read->bytes_most = core_page_bytes(plan, number, fold_bytes(service->fold), turn_bytes);
    enum error error = fold_page(service->fold, page->partition, plan->members + page->first, page->count);
    if (error != error_none || read->bytes_most == 0)
        return error;
    error = store_read_log(service->store, page->partition, page->after, page->limit, record_visit, read, &read->fault);
    if (read->full)
        return error_none;
    if (error == error_corrupt && read->error == error_none) {
        read->damaged = true; /* what came before it is sound */
        return error_none;
    }
    if (error != error_none)
        *fault = read->fault;
    return error;
}

/* ---- what becomes of the pages ---- */

static void halt_tell(const struct service *service, uint32_t place, uint32_t partition, uint64_t seq, const char *why)
{
    const struct running *running = &service->running[place];
    if (core_halted(service->core, place, partition) == seq)
        return; /* it was told */
    LOG(error,
        "projection halted",
        LOG_TEXT("projection", running->projection->name),
        LOG_INTEGER("build", running->id),
        LOG_INTEGER("partition", partition),
        LOG_INTEGER("seq", seq),
        LOG_TEXT("fault", why));
}

/* Of one build's page: the record that ends it (0: none does) and why. */
static uint64_t page_failure(const struct service *service, uint32_t number, uint32_t member, const char **text)
{
    const struct page_read *read = &service->pages[number];
    uint64_t bad = fold_failure(service->fold, number, member, text);
    if (bad == 0 && read->damaged && read->records == 0) {
        bad = read->last + 1;
        *text = read->fault.text;
    }
    return bad;
}

static struct checkpoint_move *move_add(struct service *service, size_t *count)
{
    if (!grow((void **)&service->moves, &service->move_capacity, *count + 1, sizeof service->moves[0]))
        return NULL;
    return &service->moves[(*count)++];
}

static enum error
member_move(struct service *service, const struct core_plan *plan, uint32_t number, uint32_t member, size_t *count)
{
    const struct core_page *page = &plan->pages[number];
    const struct page_read *read = &service->pages[number];
    uint32_t place = plan->members[page->first + member];
    const char *text;
    uint64_t bad = page_failure(service, number, member, &text);
    if (bad > page->after + 1 || (bad == 0 && read->records == 0))
        return error_none;
    struct checkpoint_move *move = move_add(service, count);
    if (move == NULL)
        return error_no_memory;
    *move = (struct checkpoint_move){
        .build = service->running[place].id,
        .partition = page->partition,
        .from = page->after,
        .to = {.seq = bad == 0 ? read->last : page->after,
               .time_us = bad == 0 ? read->last_us : core_time_us(service->core, place, page->partition),
               .halted = bad,
               .fault = bad == 0 ? slice_of(NULL, 0) : slice_text(text)}};
    return error_none;
}

static enum error moves_make(struct service *service, const struct core_plan *plan, size_t *count)
{
    enum error error = error_none;
    *count = 0;
    for (uint32_t number = 0; number < plan->page_count; number++)
        for (uint32_t member = 0; member < plan->pages[number].count && error == error_none; member++)
            error = member_move(service, plan, number, member, count);
    return error;
}

/* The core hears of what was committed. */
static void
member_settle(struct service *service, const struct core_plan *plan, uint32_t number, uint32_t member, uint64_t now_us)
{
    const struct core_page *page = &plan->pages[number];
    const struct page_read *read = &service->pages[number];
    uint32_t place = plan->members[page->first + member];
    const char *text;
    uint64_t bad = page_failure(service, number, member, &text);
    if (bad == page->after + 1) {
        halt_tell(service, place, page->partition, bad, text);
        core_halt(service->core, place, page->partition, bad, now_us);
    } else if (bad != 0) {
        core_bound(service->core, place, page->partition, bad - 1);
    } else if (read->records > 0) {
        if (core_halted(service->core, place, page->partition) != 0)
            LOG(info,
                "projection goes on",
                LOG_TEXT("projection", service->running[place].projection->name),
                LOG_INTEGER("partition", page->partition));
        core_moved(service->core, place, page->partition, read->last, read->last_us);
        service->moved_us = now_us;
    }
}

static void pages_settle(struct service *service, const struct core_plan *plan, uint64_t now_us)
{
    for (uint32_t number = 0; number < plan->page_count; number++)
        for (uint32_t member = 0; member < plan->pages[number].count; member++)
            member_settle(service, plan, number, member, now_us);
}

/* ---- rows that the database does not take ---- */

/* Which record is to blame shows when its page is alone and holds nothing else. */
static enum error
batch_refused(struct service *service, const struct core_plan *plan, uint64_t now_us, struct store_fault *fault)
{
    enum { CAREFUL_TURNS = 256 };
    const struct core_page *page = &plan->pages[0];
    uint32_t place = plan->members[page->first];
    fold_forget(service->fold);
    if (!core_is_careful(service->core) || plan->member_count > 1) {
        core_careful(service->core, CAREFUL_TURNS);
        return error_none;
    }
    core_careful(service->core, CAREFUL_TURNS);
    if (page->limit > 1) {
        core_bound(service->core, place, page->partition, page->after + page->limit / 2);
        return error_none;
    }
    const struct checkpoint_move move = {.build = service->running[place].id,
                                         .partition = page->partition,
                                         .from = page->after,
                                         .to = {.seq = page->after,
                                                .time_us = core_time_us(service->core, place, page->partition),
                                                .halted = page->after + 1,
                                                .fault = slice_text(fault->text)}};
    const struct row_batch batch = {.moves = &move, .move_count = 1};
    struct store_fault why = *fault;
    enum error error = writer_commit(service->writer, &batch, fault);
    if (error == error_none) {
        halt_tell(service, place, page->partition, page->after + 1, why.text);
        core_halt(service->core, place, page->partition, page->after + 1, now_us);
    }
    return error;
}

/* ---- the turn ---- */

static enum error pages_read(struct service *service, const struct core_plan *plan, struct store_fault *fault)
{
    if (!grow((void **)&service->pages, &service->page_capacity, plan->page_count, sizeof service->pages[0]))
        return fault_set(fault, error_no_memory, "no memory for pages");
    enum error error = error_none;
    fold_begin(service->fold);
    for (uint32_t number = 0; number < plan->page_count && error == error_none; number++)
        error = page_take(service, plan, number, fault);
    return error == error_none ? fold_finish(service->fold, fault) : error;
}

static enum error pages_commit(struct service *service, const struct core_plan *plan, struct store_fault *fault)
{
    struct row_batch batch = {0};
    enum error error = fold_rows(service->fold, &batch.sets, &batch.set_count);
    if (error == error_none)
        error = moves_make(service, plan, &batch.move_count);
    if (error != error_none)
        return fault_set(fault, error, "no memory for rows");
    batch.moves = service->moves;
    return writer_commit(service->writer, &batch, fault);
}

static void turn_report(const struct service *service, const struct core_plan *plan, uint64_t began_us)
{
    int64_t oldest_us = INT64_MAX;
    uint64_t records = 0;
    for (uint32_t number = 0; number < plan->page_count; number++) {
        const struct page_read *read = &service->pages[number];
        records += read->records;
        if (read->records > 0 && read->first_us < oldest_us)
            oldest_us = read->first_us;
    }
    report_turn(clock_monotonic_us() - began_us, oldest_us, records);
}

enum error projector_heads(struct service *service, struct store_fault *fault)
{
    enum error error = store_read_heads(service->store, service->heads, fault);
    for (uint32_t i = 0; i < service->log.partitions && error == error_none; i++)
        core_head(service->core, i, service->heads[i].head);
    return error;
}

enum error projector_turn(struct service *service, uint64_t now_us, bool *more, struct store_fault *fault)
{
    struct core_plan plan;
    enum error error;
    *more = false;
    core_plan(service->core, now_us, &plan);
    if (plan.page_count == 0) {
        service->moved_us = now_us; /* there is nothing to wait for */
        report_idle();
        return error_none;
    }
    *more = true;
    error = pages_read(service, &plan, fault);
    if (error == error_none)
        error = pages_commit(service, &plan, fault);
    if (error == error_invalid_data)
        return batch_refused(service, &plan, now_us, fault);
    uint64_t lease_us = (uint64_t)service->settings.lease_ms * 1000;
    core_took(service->core, error == error_none ? clock_monotonic_us() - now_us : lease_us, lease_us);
    if (error != error_none) {
        fold_forget(service->fold);
        return error;
    }
    pages_settle(service, &plan, now_us);
    fold_keep(service->fold);
    turn_report(service, &plan, now_us);
    return error_none;
}
