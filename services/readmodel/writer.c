/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See writer.h: finds the backend, and what does not depend on it. */
#include "services/readmodel/writer_backend.h"

#include <assert.h>

#include "services/readmodel/row_text.h"

static const struct writer_ops *const backends[] = {&writer_sqlite_ops, &writer_postgres_ops};

/* NULL, and a fault, when there is none for that URL. */
static const struct writer_ops *backend_find(const char *url, struct store_fault *fault)
{
    const char *scheme = database_scheme(url);
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(scheme, backends[i]->scheme) == 0)
            return backends[i];
    fault_set(fault, error_bad_settings, "no read models there: say sqlite:DIRECTORY or postgresql://...");
    return NULL;
}

enum error writer_open(struct writer **out, const struct writer_config *config, struct store_fault *fault)
{
    struct writer_config full = *config;
    const struct writer_ops *ops = backend_find(config->url, fault);
    if (full.lease_ms == 0)
        full.lease_ms = WRITER_LEASE_MS;
    assert(full.partitions > 0);
    return ops == NULL ? error_bad_settings : ops->open(out, &full, fault);
}

void writer_close(struct writer **writer)
{
    if (*writer != NULL)
        (*writer)->ops->close(writer);
}

enum error writer_migrate(const char *url, struct store_fault *fault)
{
    const struct writer_ops *ops = backend_find(url, fault);
    return ops == NULL ? error_bad_settings : ops->migrate(url, fault);
}

enum error
writer_beat(struct writer *writer, const struct writer_has *has, struct writer_slots *out, struct store_fault *fault)
{
    assert(has->build_count <= WRITER_BUILDS_MAX);
    return writer->ops->beat(writer, has, out, fault);
}

enum error writer_ranks(struct writer *writer,
                        const struct module_key *modules,
                        uint32_t count,
                        enum module_rank *out,
                        struct store_fault *fault)
{
    return writer->ops->ranks(writer, modules, count, out, fault);
}

enum error
writer_enter(struct writer *writer, const struct module_key *module, bool latest, bool asked, struct store_fault *fault)
{
    return writer->ops->enter(writer, module, latest, asked, fault);
}

enum error writer_builds(struct writer *writer, struct builds *out, struct store_fault *fault)
{
    return writer->ops->builds(writer, out, fault);
}

enum error writer_build(struct writer *writer, const struct build_plan *plan, struct store_fault *fault)
{
    return writer->ops->build(writer, plan, fault);
}

enum error writer_switch(struct writer *writer,
                         const uint32_t *builds,
                         uint32_t count,
                         uint64_t incarnation,
                         bool *done,
                         struct store_fault *fault)
{
    return writer->ops->live(writer, builds, count, incarnation, done, fault);
}

enum error writer_analyze(struct writer *writer, uint32_t build, uint32_t number, struct store_fault *fault)
{
    return writer->ops->analyze(writer, build, number, fault);
}

enum error writer_retire(struct writer *writer, uint32_t build, struct store_fault *fault)
{
    return writer->ops->retire(writer, build, fault);
}

enum error writer_drop(struct writer *writer, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault)
{
    return writer->ops->drop(writer, retired_us, dropped, fault);
}

bool projection_valid(struct slice projection)
{
    for (size_t i = 0; i < projection.size; i++) {
        uint8_t byte = projection.data[i];
        bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_' && (byte != '.' || i == 0))
            return false;
    }
    return projection.size > 0 && projection.size <= 200;
}

enum error writer_request(const char *url, struct slice projection, struct store_fault *fault)
{
    const struct writer_ops *ops = backend_find(url, fault);
    if (ops != NULL && !projection_valid(projection))
        return fault_set(fault, error_not_found, "there can be no projection of that name");
    return ops == NULL ? error_bad_settings : ops->request(url, projection, fault);
}

enum error writer_requested(struct writer *writer, struct slice projection, bool *out, struct store_fault *fault)
{
    return writer->ops->requested(writer, projection, out, fault);
}

enum error writer_checkpoints(
    struct writer *writer, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault)
{
    buffer_clear(memory);
    return writer->ops->checkpoints(writer, build, out, memory, fault);
}

enum error writer_load(struct writer *writer,
                       uint32_t build,
                       uint32_t number,
                       const struct row_key *keys,
                       size_t count,
                       row_visit visit,
                       void *context,
                       struct store_fault *fault)
{
    return count == 0 ? error_none : writer->ops->load(writer, build, number, keys, count, visit, context, fault);
}

enum error load_data(struct slice text, struct buffer *memory, struct slice *out, struct store_fault *fault)
{
    enum error error = row_text_read(text, memory, out);
    return error == error_none ? error : fault_set(fault, error, "a row cannot be read: %s", error_text(error));
}

enum error writer_commit(struct writer *writer, const struct row_batch *batch, struct store_fault *fault)
{
    return batch->move_count == 0 ? error_none : writer->ops->commit(writer, batch, fault);
}

enum error set_values(
    const struct row_set *set, size_t index, struct buffer *scratch, struct value *values, struct store_fault *fault)
{
    const struct row *row = &set->rows[index];
    enum error error = table_values(set->model, row, scratch, values);
    if (error == error_none)
        return error_none;
    return fault_set(fault,
                     error,
                     "%.*s.%.*s/%.*s: %s",
                     (int)set->model->namespace.size,
                     (const char *)set->model->namespace.data,
                     (int)set->model->name.size,
                     (const char *)set->model->name.data,
                     (int)row->id.size,
                     (const char *)row->id.data,
                     error_text(error));
}
