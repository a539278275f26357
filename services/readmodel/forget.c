/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ends read models that nobody is to keep any more; see writer_forget. It is a writer for that long, so on SQLite no
 * projector can be there. */
#include "services/readmodel/writer_backend.h"

#include "services/readmodel/reader.h"

/* NAMESPACE.NAME is of NAMESPACE. */
static bool is_of(struct slice projection, struct slice name)
{
    return projection.size >= name.size && memcmp(projection.data, name.data, name.size) == 0 &&
           (projection.size == name.size || projection.data[name.size] == '.');
}

static bool is_wanted(const struct build *build, struct slice name)
{
    return build->state != BUILD_RETIRED && is_of(build->projection, name);
}

/* Opening a writer would make what is not there. */
static enum error database_look(const char *url, struct store_fault *fault)
{
    struct row_reader_config config = {.url = url, .holder = "fluvius"};
    struct row_reader *reader = NULL;
    const struct builds *builds;
    enum error error = row_reader_open(&reader, &config, fault);
    if (error == error_none)
        error = row_reader_builds(reader, &builds, fault);
    row_reader_close(&reader);
    return error;
}

static enum error
unheld(struct writer *writer, const struct builds *builds, struct slice name, struct store_fault *fault)
{
    enum error error = error_none;
    bool held = false, any = false;
    for (uint32_t i = 0; i < builds->count && error == error_none && !held; i++) {
        if (!is_wanted(&builds->builds[i], name))
            continue;
        any = true;
        error = writer->ops->held(writer, builds->builds[i].id, &held, fault);
    }
    if (error == error_none && held)
        error = fault_set(
            fault, error_locked, "a projector that runs has its module, and would make it again: stop that first");
    if (error == error_none && !any)
        error = fault_set(fault, error_not_found, "there is no read model of that name");
    return error;
}

static enum error builds_end(struct writer *writer, struct slice name, uint32_t *ended, struct store_fault *fault)
{
    struct builds builds = {0};
    uint32_t count = 0;
    enum error error = writer_builds(writer, &builds, fault);
    if (error == error_none)
        error = unheld(writer, &builds, name, fault);
    for (uint32_t i = 0; i < builds.count && error == error_none; i++) {
        if (!is_wanted(&builds.builds[i], name))
            continue;
        error = writer_retire(writer, builds.builds[i].id, fault);
        count++;
    }
    builds_fini(&builds);
    if (error == error_none)
        *ended = count;
    return error;
}

enum error writer_forget(const char *url, struct slice name, uint64_t boot, uint32_t *ended, struct store_fault *fault)
{
    /* Without a log: it makes no builds, and which log the read models follow is for their projector to say. */
    const struct writer_config config = {.url = url, .holder = "fluvius", .boot = boot, .partitions = 1};
    struct writer *writer = NULL;
    enum error error = database_look(url, fault);
    if (error == error_none)
        error = writer_open(&writer, &config, fault);
    if (error == error_none)
        error = builds_end(writer, name, ended, fault);
    writer_close(&writer);
    return error;
}
