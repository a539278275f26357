/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Readers by the scheme of their URL, and what does not depend on it. */
#include "services/readmodel/reader.h"

#include "services/readmodel/reader_page.h"
#include "services/store/backend.h"

static const struct row_reader_ops *const backends[] = {&row_reader_sqlite, &row_reader_postgres};

enum error row_reader_open(struct row_reader **out, const struct row_reader_config *config, struct store_fault *fault)
{
    const char *scheme = database_scheme(config->url);
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(scheme, backends[i]->scheme) == 0)
            return backends[i]->open(out, config, fault);
    return fault_set(fault,
                     error_bad_settings,
                     "read models are in sqlite:DIRECTORY or postgresql://..., which their URL is neither of");
}

void row_reader_close(struct row_reader **reader)
{
    struct row_reader *it = *reader;
    *reader = NULL;
    if (it == NULL)
        return;
    builds_fini(&it->builds);
    select_fini(&it->rows);
    select_fini(&it->count);
    it->ops->close(it);
}

enum error row_reader_begin(struct row_reader *reader, struct store_fault *fault)
{
    return reader->ops->begin == NULL ? error_none : reader->ops->begin(reader, fault);
}

void row_reader_end(struct row_reader *reader)
{
    if (reader != NULL && reader->ops->end != NULL)
        reader->ops->end(reader);
}

enum error row_reader_builds(struct row_reader *reader, const struct builds **out, struct store_fault *fault)
{
    enum error error = reader->ops->builds(reader, fault);
    if (error == error_none)
        *out = &reader->builds;
    return error;
}

enum error row_reader_builds_known(struct row_reader *reader, const struct builds **out, struct store_fault *fault)
{
    if (!reader->ops->remembers || !reader->builds_known)
        return row_reader_builds(reader, out, fault);
    *out = &reader->builds;
    return error_none;
}

enum error row_reader_checkpoints(struct row_reader *reader,
                                  uint32_t build,
                                  struct checkpoint *out,
                                  uint32_t partitions,
                                  struct buffer *memory,
                                  struct store_fault *fault)
{
    memset(out, 0, partitions * sizeof *out);
    buffer_clear(memory);
    enum error error = reader->ops->checkpoints(reader, build, out, partitions, memory, fault);
    if (error == error_none && memory->failed)
        error = fault_set(fault, error_no_memory, "no memory for checkpoints");
    checkpoints_settle(out, partitions, memory);
    return error;
}

enum error row_reader_has_writer(struct row_reader *reader, bool *out, struct store_fault *fault)
{
    return reader->ops->has_writer(reader, out, fault);
}

/* ---- pages ---- */

void row_page_fini(struct row_page *page)
{
    buffer_fini(&page->rows);
    buffer_fini(&page->next);
    buffer_fini(&page->last);
    *page = (struct row_page){0};
}

void page_begin(struct row_page *page)
{
    buffer_clear(&page->rows);
    buffer_append_text(&page->rows, "[");
    buffer_clear(&page->next);
    buffer_clear(&page->last);
    page->cut = false;
    page->placed = 0;
    page->placed_bytes = 0;
    page->count = 0;
    page->total = -1;
}

static enum error page_close(struct row_page *page, enum error error, struct store_fault *fault)
{
    buffer_append_text(&page->rows, "]");
    if (error == error_none && page->rows.failed)
        return fault_set(fault, error_no_memory, "no memory for rows");
    return error;
}

enum error page_add_text(struct row_page *page, const struct query *query, struct slice text, bool *full)
{
    *full = page->count == query->limit;
    if (*full)
        return error_none;
    if (page->count > 0)
        buffer_append_text(&page->rows, ",");
    enum error error = row_text_pick(&page->rows, query, text);
    if (error != error_none)
        return error;
    if (page->count > 0 && page->rows.size >= query->bytes) { /* a bracket is to follow */
        page->rows.size = page->placed_bytes;
        page->count = page->placed;
        *full = page->cut = true;
        return error_none;
    }
    page->count++;
    return error_none;
}

/* The last one of a full page, some of each, and each when the page may soon be as large as it may. */
bool page_wants_place(const struct row_page *page, const struct query *query)
{
    enum { EACH = 16 };
    return page->count == 1 || page->count == query->limit || page->count % EACH == 0 ||
           page->rows.size > query->bytes / 2;
}

enum error page_place(struct row_page *page, const struct query *query, const struct value *columns)
{
    buffer_clear(&page->last);
    cursor_place(&page->last, query, columns + SELECT_SORT);
    page->placed = page->count;
    page->placed_bytes = page->rows.size;
    return page->last.failed ? error_no_memory : error_none;
}

enum error page_add(struct row_page *page, const struct query *query, const struct value *columns, bool *full)
{
    enum error error = page_add_text(page, query, columns[SELECT_ROW].text, full);
    return error == error_none && !*full ? page_place(page, query, columns) : error;
}

enum error page_end(struct row_page *page, const struct query *query, bool more, bool *count)
{
    if (more)
        cursor_write(&page->next, query, buffer_slice(&page->last));
    *count = query->total && (more || query->page == 0 || (page->count == 0 && query->page > 1));
    if (query->total && !*count)
        page->total = (int64_t)(query->page - 1) * query->limit + page->count;
    return page->next.failed ? error_no_memory : error_none;
}

/* ---- rows ---- */

/* No row has such an identifier, and PostgreSQL takes no text with one. */
static bool is_no_identifier(struct slice id)
{
    return id.size == 0 || memchr(id.data, 0, id.size) != NULL;
}

enum error
row_reader_read(struct row_reader *reader, const struct row_want *want, struct row_page *out, struct store_fault *fault)
{
    struct row_want less = *want;
    reader->target.build = want->build;
    reader->target.number = want->number;
    if (want->id != NULL && is_no_identifier(*want->id))
        less.query = NULL;
    page_begin(out);
    enum error error = page_close(out, reader->ops->read(reader, &less, out, fault), fault);
    if (error == error_none && out->cut && want->query->numbered)
        error = fault_set(fault, error_too_long, "the page's rows have more than %zu bytes", want->query->bytes);
    return error;
}

/* ---- progress ---- */

void progress_begin(struct row_progress *progress)
{
    progress->moment = 0;
    memset(progress->seqs, 0, progress->partitions * sizeof progress->seqs[0]);
    memset(progress->halted, 0, progress->partitions * sizeof progress->halted[0]);
}

void progress_put(struct row_progress *progress, uint64_t partition, uint64_t seq, uint64_t halted)
{
    if (partition >= progress->partitions)
        return;
    progress->seqs[partition] = seq;
    progress->halted[partition] = halted;
}

/* ---- checkpoints ---- */

void checkpoint_fault_put(struct checkpoint *checkpoint, struct slice fault, struct buffer *memory)
{
    buffer_append(memory, fault.data, fault.size);
    checkpoint->fault.size = fault.size;
}

/* Faults were put one after another, in the order of the partitions. */
void checkpoints_settle(struct checkpoint *checkpoints, uint32_t count, const struct buffer *memory)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        checkpoints[i].fault.data = memory->data == NULL ? NULL : memory->data + at;
        at += checkpoints[i].fault.size;
    }
}
