/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Finds the backend for a URL, fills in what the configuration leaves open, and passes calls on. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/utf8.h"
#include "services/store/backend.h"

static const struct {
    const char *scheme;
    const struct store_ops *ops;
} backends[] = {{"memory", &store_memory_ops},
                {"sqlite", &store_sqlite_ops},
                {"postgresql", &store_postgres_ops},
                {"postgres", &store_postgres_ops}};

static const struct store_ops *ops_find(const char *url)
{
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        size_t size = strlen(backends[i].scheme);
        if (strncmp(url, backends[i].scheme, size) == 0 && url[size] == ':')
            return backends[i].ops;
    }
    return NULL;
}

static struct store_config config_complete(const struct store_config *config, const struct store_ops *ops)
{
    struct store_config full = *config;
    full.partitions = full.partitions == 0 ? ops->partitions : full.partitions;
    if (full.units == 0)
        full.units = ops->units < full.partitions ? ops->units : full.partitions;
    full.receipts_in_memory = full.receipts_in_memory == 0 ? 262144 : full.receipts_in_memory;
    full.retention_ms = full.retention_ms == 0 ? limit_retention_ms : full.retention_ms;
    full.lease_ms = full.lease_ms == 0 ? 3000 : full.lease_ms;
    full.member = full.member == NULL ? "" : full.member;
    full.holder = full.holder == NULL ? "" : full.holder;
    return full;
}

enum error store_open(struct store **out, const struct store_config *config, struct store_fault *fault)
{
    const struct store_ops *ops = ops_find(config->url);
    if (ops == NULL)
        return fault_set(
            fault,
            error_bad_settings,
            "the store must be memory:, sqlite:DIRECTORY or postgresql://USER@HOST:PORT/DATABASE, not %.*s",
            (int)strcspn(config->url, ":"), /* what follows may hold a password */
            config->url);
    struct store_config full = config_complete(config, ops);
    if (full.units > full.partitions || full.partitions > STORE_PARTITIONS_MAX)
        return fault_set(fault,
                         error_bad_settings,
                         "%u units of %u partitions: units are at most the partitions, and these at most %d",
                         full.units,
                         full.partitions,
                         STORE_PARTITIONS_MAX);
    return ops->open(out, &full, fault);
}

void store_close(struct store **store)
{
    if (*store != NULL)
        (*store)->ops->close(store);
}

void store_info(const struct store *store, struct store_info *out)
{
    store->ops->info(store, out);
}

enum error store_claim(struct store *store, uint32_t unit, const struct store_claim **out, struct store_fault *fault)
{
    return store->ops->claim(store, unit, out, fault);
}

void store_release(struct store *store, uint32_t unit)
{
    store->ops->release(store, unit);
}

enum error store_append(
    struct store *store, uint32_t unit, const struct store_record *records, size_t count, struct store_fault *fault)
{
    return store->ops->append(store, unit, records, count, fault);
}

enum error store_maintain(struct store *store,
                          uint32_t unit,
                          const struct store_snapshot_write *snapshots,
                          size_t count,
                          uint32_t budget_ms,
                          bool *more,
                          struct store_fault *fault)
{
    return store->ops->maintain(store, unit, snapshots, count, budget_ms, more, fault);
}

enum error store_read_stream(struct store *store,
                             uint32_t unit,
                             const struct stream *stream,
                             uint64_t stream_hash,
                             uint64_t to_version,
                             bool use_snapshot,
                             struct store_head *head,
                             enum error (*snapshot)(void *context, const struct store_snapshot *snapshot),
                             store_visit visit,
                             void *context,
                             struct store_fault *fault)
{
    return store->ops->read_stream(
        store, unit, stream, stream_hash, to_version, use_snapshot, head, snapshot, visit, context, fault);
}

enum error store_read_events(struct store *store,
                             uint32_t unit,
                             const struct stream *stream,
                             uint64_t stream_hash,
                             uint64_t after_version,
                             uint32_t limit,
                             store_visit visit,
                             void *context,
                             struct store_fault *fault)
{
    return store->ops->read_events(store, unit, stream, stream_hash, after_version, limit, visit, context, fault);
}

enum error store_look_stream(struct store *store,
                             const struct store_look *look,
                             struct store_head *head,
                             struct store_fault *fault)
{
    return store->ops->look_stream(store, look, head, fault);
}

enum error store_read_log(struct store *store,
                          uint32_t partition,
                          uint64_t after_seq,
                          uint32_t limit,
                          store_visit visit,
                          void *context,
                          struct store_fault *fault)
{
    return store->ops->read_log(store, partition, after_seq, limit, visit, context, fault);
}

enum error store_find_receipt(struct store *store,
                              uint32_t unit,
                              const struct uuid *id,
                              uint64_t stream_hash,
                              struct store_receipt *out,
                              struct store_fault *fault)
{
    return store->ops->find_receipt(store, unit, id, stream_hash, out, fault);
}

enum error store_read_heads(struct store *store, struct store_partition *out, struct store_fault *fault)
{
    return store->ops->read_heads(store, out, fault);
}

enum error store_recent_receipts(struct store *store,
                                 uint32_t unit,
                                 void (*visit)(void *context, const struct store_receipt *receipt),
                                 void *context,
                                 uint64_t *since_ms,
                                 uint64_t *expired_ms,
                                 struct store_fault *fault)
{
    return store->ops->recent_receipts(store, unit, visit, context, since_ms, expired_ms, fault);
}

enum error store_describe(
    struct store *store, uint32_t unit, uint64_t fingerprint, struct slice description, struct store_fault *fault)
{
    return store->ops->describe(store, unit, fingerprint, description, fault);
}

bool store_has_pool(const struct store *store)
{
    return store->ops->beat != NULL;
}

enum error
store_beat(struct store *store, const struct store_beat *beat, struct store_pool **out, struct store_fault *fault)
{
    assert(store_has_pool(store));
    return store->ops->beat(store, beat, out, fault);
}

void store_pool_free(struct store_pool **pool)
{
    if (*pool == NULL)
        return;
    free((*pool)->members);
    free((*pool)->units);
    free(*pool);
    *pool = NULL;
}

uint64_t store_lease_until(const struct store *store)
{
    return store_has_pool(store) ? store->ops->lease_until(store) : UINT64_MAX;
}

enum error fault_set(struct store_fault *fault, enum error error, const char *format, ...)
{
    if (fault == NULL)
        return error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    utf8_trim(fault->text);
    return error;
}

struct store_claim *claim_new(const struct store_info *info, uint32_t unit)
{
    assert(unit < info->units);
    uint32_t count = unit_partitions(info, unit);
    struct store_claim *claim = calloc(1, sizeof *claim + count * sizeof claim->partitions[0]);
    if (claim == NULL)
        return NULL;
    claim->unit = unit;
    claim->count = count;
    claim->partitions = (struct store_partition *)(claim + 1);
    for (uint32_t i = 0; i < count; i++)
        claim->partitions[i].partition = unit + i * info->units;
    return claim;
}
