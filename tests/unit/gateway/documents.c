/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Documents from descriptions of any shape, and as answers. */
#include <stdio.h>
#include <unistd.h>

#include "proto/json.h"
#include "services/gateway/documents/cache.h"

#include "tests/unit/gateway/talk.h"

static const char described[] =
    "[{\"namespace\":\"bank\",\"doc\":\"Money\",\"resources\":[{\"name\":\"account\",\"doc\":\"An account\","
    "\"schema\":{\"$schema\":\"x\",\"type\":\"object\",\"properties\":{\"low\":{\"type\":\"integer\",\"minimum\":5,"
    "\"maximum\":9223372036854775807},\"required\":{\"type\":\"string\",\"minLength\":3}},\"required\":[\"low\"],"
    "\"additionalProperties\":false},"
    "\"commands\":[{\"name\":\"open\",\"doc\":\"Opens\",\"creates\":true,\"schema\":{\"type\":\"object\","
    "\"properties\":"
    "{\"low\":{\"type\":\"integer\",\"minimum\":5}},\"required\":[\"low\"]}}],"
    "\"events\":[{\"name\":\"opened\",\"doc\":\"It was opened\",\"version\":3,\"schema\":{\"type\":\"object\"}}]}]}]";

static struct buffer descriptions, document;
static struct document_facts facts;

static void start(void)
{
    descriptions = talk_pack(described);
    facts = (struct document_facts){.descriptions = buffer_slice(&descriptions),
                                    .version = slice_text("v1"),
                                    .http = slice_text("127.0.0.1:8080"),
                                    .bus = slice_text("127.0.0.1:7410")};
}
static void finish(void)
{
    buffer_fini(&descriptions), buffer_fini(&document);
}
TestSuite(documents, .init = start, .fini = finish);

static bool holds(const char *text)
{
    return memmem(document.data, document.size, text, strlen(text)) != NULL;
}

static bool is_json(void)
{
    struct buffer packed = {0};
    struct json_fault fault = {0};
    bool good = json_to_msgpack(buffer_slice(&document), &packed, &fault) == 0;
    if (!good)
        cr_log_error("%s at %.60s", error_name(fault.error), (const char *)document.data + fault.offset);
    buffer_fini(&packed);
    return good;
}

Test(documents, openapi_has_commands_with_their_schemas)
{
    cr_assert(openapi_write(&document, &facts));
    cr_assert(is_json());
    cr_assert(holds("\"/bank:open/account/:new\":{\"post\":{"));
    cr_assert(holds("\"operationId\":\"command.bank.account.open\""));
    cr_assert(holds("\"bank.account.command.open\":{\"type\":\"object\",\"properties\":{\"low\":{\"type\":\"integer\","
                    "\"minimum\":5}},\"required\":[\"low\"]}"));
    cr_assert(holds("\"example\":{\"low\":5}"));
}

Test(documents, states_are_not_held_to_what_commands_are)
{
    cr_assert(openapi_write(&document, &facts));
    cr_assert(
        holds("\"bank.account\":{\"type\":\"object\",\"properties\":{\"low\":{\"type\":\"integer\",\"minimum\":0},"
              "\"required\":{\"type\":\"string\"}},\"additionalProperties\":false}"));
    cr_assert(holds("\"required\":[\"_id\",\"_etag\"]"));
}

Test(documents, events_may_be_of_an_older_shape)
{
    cr_assert(openapi_write(&document, &facts));
    cr_assert(
        holds("{\"title\":\"opened in an older shape\",\"properties\":{\"type\":{\"const\":\"opened\"},\"schema\":{"
              "\"maximum\":2}}}"));
    cr_assert(asyncapi_write(&document, &facts));
    cr_assert(is_json());
    cr_assert(holds("\"if\":{\"properties\":{\"schemaversion\":{\"const\":3}}},\"then\":{\"properties\":{\"data\":{"
                    "\"$ref\":\"#/components/schemas/bank.account.event.opened\"}}}"));
}

Test(documents, tokens_are_described_where_they_are_needed)
{
    cr_assert(openapi_write(&document, &facts) && !holds("securitySchemes"));
    facts.tokens = true;
    cr_assert(openapi_write(&document, &facts) && holds("\"security\":[{\"token\":[]}]"));
    cr_assert(asyncapi_write(&document, &facts) && !holds("\"address\":\"r\""));
}

Test(documents, equal_facts_are_equal_bytes)
{
    struct buffer again = {0};
    cr_assert(openapi_write(&document, &facts) && openapi_write(&again, &facts));
    cr_assert(slice_equal(buffer_slice(&document), buffer_slice(&again)));
    buffer_fini(&again);
}

/* Descriptions come from processes that may be newer or broken: whatever they are, a document comes out. */
Test(documents, odd_descriptions_are_left_out)
{
    static const char *const odd[] = {
        "[]",
        "{}",
        "1",
        "[1,null,\"x\",[]]",
        "[{\"namespace\":\"bad name\",\"resources\":[{\"name\":\"a\"}]}]",
        "[{\"namespace\":\"a\",\"resources\":[{\"name\":\"b/"
        "c\"},{\"name\":\"d\",\"commands\":[{\"name\":\"{x}\"},{}]}]}]",
        "[{\"namespace\":\"a\",\"resources\":[{\"name\":\"d\",\"schema\":[1],\"events\":[{\"name\":\"e\",\"version\":"
        "\"x\"}]}]}]",
        "[{\"namespace\":\"a\",\"projections\":[{\"name\":\"p\"},{\"name\":1}],\"resources\":7}]",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct buffer packed = talk_pack(odd[i]);
        facts.descriptions = buffer_slice(&packed);
        cr_expect(openapi_write(&document, &facts) && is_json(), "%s", odd[i]);
        cr_expect(!holds("b/c") && !holds("{x}") && !holds("bad name."), "%s", odd[i]);
        cr_expect(asyncapi_write(&document, &facts) && is_json(), "%s", odd[i]);
        buffer_fini(&packed);
    }
}

Test(documents, too_large_a_document_is_not_made)
{
    struct buffer many = {0};
    char *doc = malloc(1 << 20);
    memset(doc, 'x', 1 << 20);
    write_array(&many, 1);
    write_map(&many, 2);
    write_string(&many, "namespace");
    write_string(&many, "a");
    write_string(&many, "resources");
    write_array(&many, 40);
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%d", i);
        write_map(&many, 2);
        write_string(&many, "name");
        write_string(&many, name);
        write_string(&many, "doc");
        write_text(&many, slice_of(doc, 1 << 20));
    }
    facts.descriptions = buffer_slice(&many);
    cr_assert_not(openapi_write(&document, &facts));
    struct document_cache cache = {0};
    struct answer answer = {0};
    document_answer(&cache, URL_OPENAPI, &facts, 1, &(struct head){0}, &answer);
    cr_assert_eq(answer.status, 500);
    cr_assert_null(cache.openapi.text.data);
    answer_fini(&answer), document_cache_fini(&cache);
    buffer_fini(&many), free(doc);
}

/* ---- as answers ---- */

static struct answer asked(struct document_cache *cache, uint64_t revision, const char *tag)
{
    struct answer answer = {0};
    struct head head = {0};
    if (tag != NULL)
        head_add(&head, slice_text("If-None-Match"), slice_text(tag));
    document_answer(cache, URL_OPENAPI, &facts, revision, &head, &answer);
    return answer;
}

Test(documents, are_made_once_for_each_revision)
{
    struct document_cache cache = {0};
    struct answer first = asked(&cache, 1, NULL);
    const uint8_t *text = cache.openapi.text.data;
    char tag[32];
    snprintf(tag, sizeof tag, "%s", answer_find_field(&first, "ETag"));
    facts.tokens = true; /* would make another document */
    struct answer second = asked(&cache, 1, NULL), third = asked(&cache, 2, tag);
    cr_assert_eq(first.status, 200);
    cr_assert(slice_equal(buffer_slice(&first.body), buffer_slice(&second.body)) && text != NULL);
    cr_assert_eq(third.status, 200, "another document has another tag");
    cr_assert_str_neq(answer_find_field(&third, "ETag"), tag);
    answer_fini(&first), answer_fini(&second), answer_fini(&third);
    document_cache_fini(&cache);
}

Test(documents, who_has_it_is_told_so)
{
    struct document_cache cache = {0};
    struct answer first = asked(&cache, 1, NULL);
    char tags[3][64], tag[32];
    snprintf(tag, sizeof tag, "%s", answer_find_field(&first, "ETag"));
    snprintf(tags[0], sizeof tags[0], "%s", tag);
    snprintf(tags[1], sizeof tags[1], "\"x\", W/%s", tag);
    snprintf(tags[2], sizeof tags[2], "*");
    for (int i = 0; i < 3; i++) {
        struct answer answer = asked(&cache, 1, tags[i]);
        cr_expect_eq(answer.status, 304, "%s", tags[i]);
        cr_expect_eq(answer.body.size, 0);
        cr_expect_str_eq(answer_find_field(&answer, "ETag"), tags[0]);
        answer_fini(&answer);
    }
    struct answer other = asked(&cache, 1, "\"x\"");
    cr_assert_eq(other.status, 200);
    answer_fini(&first), answer_fini(&other);
    document_cache_fini(&cache);
}

Test(documents, the_page_is_free_and_the_rest_is_not)
{
    struct tokens *tokens = NULL;
    char fault[TOKENS_FAULT_SIZE], path[] = "/tmp/fluvius-documents-XXXXXX";
    int file = mkstemp(path);
    cr_assert_eq(write(file, "s3cret ada default\n", 19), 19);
    close(file);
    cr_assert_eq(tokens_load(&tokens, path, fault), 0, "%s", fault);
    unlink(path);
    struct guard guard = talk_guard();
    struct call call = {0};
    guard.tokens = tokens;
    cr_expect_eq(talk_open(&call, &guard, "GET /docs"), CALL_BODY);
    cr_expect_eq(talk_open(&call, &guard, "GET /docs/page.js"), CALL_BODY);
    cr_expect_eq(talk_open(&call, &guard, "GET /openapi.json"), CALL_REFUSED);
    assert_refused(&call, 401, "no_token");
    cr_expect_eq(talk_open(&call, &guard, "GET /asyncapi.json"), CALL_REFUSED);
    cr_expect_eq(talk_open(&call, &guard, "GET /openapi.json\nAuthorization: Bearer s3cret"), CALL_BODY);
    call_fini(&call);
    tokens_free(&tokens);
}
