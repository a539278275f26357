/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See replay.h. A page of the log is read first and its streams are derived after, because a store reads one thing at a
 * time. */
#include "services/cli/replay.h"

#include "services/cli/derive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <xxhash.h>

#define PAGE_RECORDS 1000

/* What one page of the log gave: the streams that begin in it, with their names in memory. */
struct page {
    struct {
        size_t at[4], size[4]; /* realm, namespace, resource, identifier */
    } firsts[PAGE_RECORDS];
    struct buffer names;
    uint32_t count;   /* of firsts */
    uint32_t records; /* all of the page */
    uint64_t last;    /* seq */
    uint64_t events;
};

static void page_put(struct page *page, const struct stream *stream)
{
    const struct slice parts[] = {stream->realm, stream->namespace, stream->resource, stream->identifier};

    for (size_t i = 0; i < 4; i++) {
        page->firsts[page->count].at[i] = page->names.size;
        page->firsts[page->count].size[i] = parts[i].size;
        buffer_append(&page->names, parts[i].data, parts[i].size);
    }
    page->count++;
}

static struct stream page_stream(const struct page *page, uint32_t index)
{
    struct slice parts[4];

    for (size_t i = 0; i < 4; i++) {
        parts[i] = slice_of(page->names.data + page->firsts[index].at[i], page->firsts[index].size[i]);
    }
    return (struct stream){parts[0], parts[1], parts[2], parts[3]};
}

static enum error record_visit(void *context, const struct store_record *record)
{
    struct page *page = context;

    page->records++;
    page->last = record->seq;
    if (record->event.size > 0) {
        page->events++;
        if (record->previous == 0) {
            page_put(page, &record->stream);
        }
    }
    return page->names.failed ? error_no_memory : error_none;
}

/* ---- one stream ---- */

static void stream_print(FILE *out, const struct stream *stream)
{
    if (!slice_is(stream->realm, "default")) {
        fprintf(out, "%.*s:", (int)stream->realm.size, (const char *)stream->realm.data);
    }
    fprintf(out,
            "%.*s.%.*s/%.*s",
            (int)stream->namespace.size,
            (const char *)stream->namespace.data,
            (int)stream->resource.size,
            (const char *)stream->resource.data,
            (int)stream->identifier.size,
            (const char *)stream->identifier.data);
}

static void complain(const struct stream *stream, const char *why)
{
    fprintf(stderr, "fluvius replay: ");
    stream_print(stderr, stream);
    fprintf(stderr, ": %s\n", why);
}

static void state_print(const struct stream *stream, const struct derived *derived)
{
    XXH128_canonical_t hash;

    XXH128_canonicalFromHash(&hash, XXH3_128bits(derived->state.data, derived->state.size));
    stream_print(stdout, stream);
    printf(" %" PRIu64 " ", derived->version);
    for (size_t i = 0; i < sizeof hash.digest; i++) {
        printf("%02x", hash.digest[i]);
    }
    putchar('\n');
}

static void derived_count(struct replay *replay, const struct stream *stream, const struct derived *derived)
{
    char why[100];

    replay->snapshots += derived->snapshot == DERIVE_EQUAL || derived->snapshot == DERIVE_DIFFERENT;
    replay->stale += derived->snapshot == DERIVE_STALE;
    if (derived->snapshot == DERIVE_DIFFERENT) {
        replay->different++;
        snprintf(why,
                 sizeof why,
                 "the snapshot at version %" PRIu64 " is not what its events give",
                 derived->snapshot_version);
        complain(stream, why);
    }
    if (replay->states) {
        state_print(stream, derived);
    }
}

static const struct domain *domain_find(const struct replay *replay, struct slice namespace)
{
    for (size_t i = 0; i < replay->domain_count; i++) {
        if (slice_is(namespace, domain_namespace(replay->domains[i]))) {
            return replay->domains[i];
        }
    }
    return NULL;
}

static void stream_replay(struct replay *replay, uint32_t unit, const struct stream *stream)
{
    const struct domain *domain = domain_find(replay, stream->namespace);
    const struct domain_resource *resource = domain == NULL ? NULL : domain_resource(domain, stream->resource);
    struct derived derived = {0};
    char fault[DERIVE_FAULT_SIZE];

    replay->streams++;
    if (resource == NULL) {
        replay->failed++;
        complain(stream, "no module that was given has this resource");
    } else if (derive(replay->store, unit, stream, domain, resource, &derived, fault) != error_none) {
        replay->failed++;
        complain(stream, fault);
    } else {
        derived_count(replay, stream, &derived);
    }
    buffer_fini(&derived.state);
}

/* ---- all of them ---- */

static bool page_read(struct replay *replay, uint32_t partition, struct page *page, uint64_t after)
{
    struct store_fault fault = {{0}};
    enum error error;

    buffer_clear(&page->names);
    page->count = page->records = 0;
    error = store_read_log(replay->store, partition, after, PAGE_RECORDS, record_visit, page, &fault);
    if (error == error_none) {
        return true;
    }
    fprintf(stderr, "fluvius replay: partition %" PRIu32 ": %s: %s\n", partition, error_text(error), fault.text);
    replay->failed++;
    return false;
}

static void partition_replay(struct replay *replay, uint32_t unit, uint32_t partition, struct page *page)
{
    uint64_t after = 0;

    page->events = 0;
    while (page_read(replay, partition, page, after) && page->records > 0) {
        after = page->last;
        for (uint32_t i = 0; i < page->count; i++) {
            struct stream stream = page_stream(page, i);

            stream_replay(replay, unit, &stream);
        }
    }
    replay->events += page->events;
}

static bool unit_replay(struct replay *replay, uint32_t unit, struct page *page)
{
    const struct store_claim *claim;
    struct store_fault fault = {{0}};
    enum error error = store_claim(replay->store, unit, &claim, &fault);

    if (error != error_none) {
        fprintf(stderr, "fluvius replay: unit %" PRIu32 ": %s: %s\n", unit, error_text(error), fault.text);
        return false;
    }
    for (uint32_t i = 0; i < claim->count; i++) {
        partition_replay(replay, unit, claim->partitions[i].partition, page);
    }
    store_release(replay->store, unit);
    return true;
}

static void counts_print(const struct replay *replay)
{
    printf("{\"aggregates\":%" PRIu64 ",\"events\":%" PRIu64 ",\"snapshots\":%" PRIu64 ",\"stale_snapshots\":%" PRIu64
           ",\"different\":%" PRIu64 ",\"failed\":%" PRIu64 "}\n",
           replay->streams,
           replay->events,
           replay->snapshots,
           replay->stale,
           replay->different,
           replay->failed);
}

bool replay_run(struct replay *replay)
{
    struct page *page = calloc(1, sizeof *page);
    struct store_info info;
    bool whole = page != NULL;

    store_info(replay->store, &info);
    for (uint32_t unit = 0; unit < info.units && whole; unit++) {
        whole = unit_replay(replay, unit, page);
    }
    if (page != NULL) {
        buffer_fini(&page->names);
    }
    free(page);
    if (whole) {
        counts_print(replay);
    }
    return whole && replay->different == 0 && replay->failed == 0;
}
