/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * docs/PROTOCOL.md says what messages.def and the vectors say: every table row, every limit, and the worked example. */
#include "proto/json.h"
#include "proto/reader.h"
#include "tests/unit/proto/files.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

struct table {
    const char *map, *rows;
};

/* Each map's table as the page must have it, whole and in order. */
static const struct table tables[] = {
#define BEGIN(MAP, DOC)                                                                                                \
    {                                                                                                                  \
#MAP, "| key | type | presence | meaning |\n|---|---|---|---|\n"
#define FIELD(NAME, KEY, TYPE, PRESENCE, DOC) "| `" KEY "` | " TYPE " | " PRESENCE " | " DOC " |\n"
#define END(MAP)                                                                                                       \
    "\n"                                                                                                               \
    }                                                                                                                  \
    ,
#include "proto/messages.def"
};

static const char *const rows[] = {
#define STATUS(NAME, NUMBER, HTTP, EXIT) "\n| " #NUMBER " | `" #NAME "` | " #HTTP " | " #EXIT " | ",
#include "proto/messages.def"
#define OPERATION(NAME, NUMBER) "\n| `" #NAME "` | ",
#include "proto/messages.def"
#define LIMIT(NAME, VALUE, DOC) "\n| " #NAME " | " #VALUE " | " DOC " |\n",
#include "proto/messages.def"
};

static const char *page(void)
{
    struct buffer file = read_source("docs/PROTOCOL.md");
    const char *text = text_copy(buffer_slice(&file));
    buffer_fini(&file);
    return text;
}

Test(page, has_each_map_s_table_as_the_definition_has_it)
{
    const char *text = page();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        cr_expect_not_null(strstr(text, tables[i].rows), "%s should be\n%s", tables[i].map, tables[i].rows);
    }
}

Test(page, has_each_status_operation_and_limit)
{
    const char *text = page();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_not_null(strstr(text, rows[i]), "%s", rows[i]);
    }
}

/* The page without any space, so that its hex can be compared. */
static const char *page_without_space(void)
{
    struct buffer out = {0};
    for (const char *at = page(); *at != '\0'; at++) {
        if (*at != ' ' && *at != '\n') {
            buffer_append(&out, at, 1);
        }
    }
    const char *text = text_copy(buffer_slice(&out));
    buffer_fini(&out);
    return text;
}

static const char *vector_hex(struct slice cases, const char *wanted)
{
    struct reader reader = reader_of(cases);
    struct slice vector, name, bytes;
    uint32_t count = 0;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    while (count-- > 0 && reader_raw(&reader, &vector) == error_none) {
        cr_assert_eq(msgpack_find(vector, "name", &name), error_none);
        struct reader text = reader_of(name);
        if (reader_text(&text, &name) == error_none && slice_is(name, wanted)) {
            cr_assert_eq(msgpack_find(vector, "hex", &bytes), error_none);
            text = reader_of(bytes);
            cr_assert_eq(reader_text(&text, &bytes), error_none);
            return text_copy(bytes);
        }
    }
    cr_assert_fail("no vector %s", wanted);
    return NULL;
}

Test(page, has_the_worked_example_of_the_vectors)
{
    static const char *const names[] = {"handshake of a client (REQ)",
                                        "handshake of a broker (REP)",
                                        "deposit on the wire",
                                        "its reply on the wire",
                                        "records on the event bus",
                                        "stream"};
    struct buffer file = read_source("proto/vectors/vectors.json"), cases = {0};
    const char *text = page_without_space();
    cr_assert_eq(json_to_msgpack(buffer_slice(&file), &cases, NULL), error_none);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_not_null(strstr(text, vector_hex(buffer_slice(&cases), names[i])), "%s", names[i]);
    }
    buffer_fini(&file);
    buffer_fini(&cases);
}
