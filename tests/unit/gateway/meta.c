/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Metadata pages, rendered from a description as shards send it. */
#include "services/gateway/meta.h"
#include "services/gateway/projections.h"

#include "tests/unit/gateway/talk.h"

static const char described[] =
    "[{\"namespace\":\"bank\",\"doc\":\"Money\",\"fingerprint\":255,\"resources\":["
    "{\"name\":\"account\",\"doc\":\"An account\",\"schema\":{\"type\":\"object\"},"
    "\"commands\":[{\"name\":\"open\",\"doc\":\"Opens\",\"creates\":true,\"schema\":{\"required\":[\"holder\"]}},"
    "{\"name\":\"close\",\"doc\":\"Closes\",\"creates\":false,\"schema\":{}}],"
    "\"events\":[{\"name\":\"opened\",\"doc\":\"It was opened\",\"version\":1,\"schema\":{}}]},"
    "{\"name\":\"safe\",\"doc\":\"A safe\",\"commands\":[{\"name\":\"close\",\"doc\":\"Shuts\",\"creates\":true,"
    "\"schema\":{\"a\":1}}],\"events\":[]}]},"
    "{\"namespace\":\"empty\"},"
    "{\"namespace\":\"shop\",\"resources\":[],\"projections\":[{\"name\":\"days\",\"doc\":\"By "
    "day\",\"schema\":{\"b\":2}},"
    "{\"name\":\"articles\",\"doc\":\"\"}]}]";

static struct buffer descriptions;
static struct call call;

static void start(void)
{
    descriptions = talk_pack(described);
}
static void finish(void)
{
    buffer_fini(&descriptions), call_fini(&call);
}
TestSuite(meta, .init = start, .fini = finish);

static struct slice known(void)
{
    return buffer_slice(&descriptions);
}

Test(meta, index_lists_namespaces)
{
    meta_index(&call.answer, known());
    cr_assert_str_eq(talk_body(&call),
                     "{\"namespaces\":[{\"name\":\"bank\",\"description\":\"Money\","
                     "\"fingerprint\":\"00000000000000ff\",\"url\":\"/_meta/bank/\"},"
                     "{\"name\":\"empty\",\"description\":\"\",\"url\":\"/_meta/empty/\"},"
                     "{\"name\":\"shop\",\"description\":\"\",\"url\":\"/_meta/shop/\"}]}");
}

Test(meta, namespace_lists_commands_with_urls)
{
    cr_assert(meta_namespace(&call.answer, known(), slice_text("bank")));
    cr_assert(talk_says(
        &call, "{\"name\":\"bank\",\"description\":\"Money\",\"fingerprint\":\"00000000000000ff\",\"commands\":["));
    cr_assert(talk_says(&call,
                        "{\"name\":\"open\",\"namespace\":\"bank\",\"resource\":\"account\",\"description\":\"Opens\","
                        "\"generates_identifier\":true,"
                        "\"urls\":[\"/bank:open/account/:new\",\"/bank:open/account/{identifier}\"],"
                        "\"meta\":\"/_meta/bank:open/\"}"),
              "%s",
              talk_body(&call));
    cr_assert(talk_says(&call, "\"urls\":[\"/bank:close/account/{identifier}\"]"));
}

Test(meta, namespace_lists_resources_with_schemas_and_events)
{
    meta_namespace(&call.answer, known(), slice_text("bank"));
    cr_assert(
        talk_says(&call,
                  "\"resources\":[{\"name\":\"account\",\"description\":\"An account\","
                  "\"url\":\"/bank.account/{identifier}\",\"schema\":{\"type\":\"object\"},"
                  "\"events\":[{\"name\":\"opened\",\"description\":\"It was opened\",\"version\":1,\"schema\":{}}]},"
                  "{\"name\":\"safe\",\"description\":\"A "
                  "safe\",\"url\":\"/bank.safe/{identifier}\",\"events\":[]}],\"projections\":[]}"),
        "%s",
        talk_body(&call));
}

Test(meta, command_has_its_schema)
{
    cr_assert(meta_command(&call.answer, known(), slice_text("bank"), slice_text("open")));
    cr_assert_str_eq(talk_body(&call),
                     "{\"name\":\"open\",\"namespace\":\"bank\",\"resource\":\"account\",\"description\":\"Opens\","
                     "\"generates_identifier\":true,"
                     "\"urls\":[\"/bank:open/account/:new\",\"/bank:open/account/{identifier}\"],"
                     "\"schema\":{\"required\":[\"holder\"]}}");
}

Test(meta, namespace_lists_hand_written_projections)
{
    cr_assert(meta_namespace(&call.answer, known(), slice_text("shop")));
    cr_assert(talk_says(&call,
                        "\"projections\":[{\"name\":\"days\",\"description\":\"By day\","
                        "\"url\":\"/shop.days/{identifier}\",\"schema\":{\"b\":2}},{\"name\":\"articles\","),
              "%s",
              talk_body(&call));
}

Test(meta, projections_are_known_by_name)
{
    struct projections projections = {0};
    cr_assert(projections_take(&projections, known()));
    cr_expect_eq(projections.count, 2);
    cr_expect(projections_have(&projections, slice_text("shop"), slice_text("days")));
    cr_expect(projections_have(&projections, slice_text("shop"), slice_text("articles")));
    cr_expect_not(projections_have(&projections, slice_text("shop"), slice_text("day")));
    cr_expect_not(projections_have(&projections, slice_text("bank"), slice_text("days")));
    cr_expect_not(projections_have(&projections, slice_text("bank"), slice_text("account")));
    cr_expect_not(projections_have(NULL, slice_text("shop"), slice_text("days")));
    cr_assert(projections_take(&projections, (struct slice){0}));
    cr_expect_eq(projections.count, 0);
    projections_fini(&projections);
}

Test(meta, command_of_several_resources_shows_each)
{
    cr_assert(meta_command(&call.answer, known(), slice_text("bank"), slice_text("close")));
    cr_assert_str_eq(talk_body(&call),
                     "{\"name\":\"close\",\"namespace\":\"bank\",\"resource\":\"account\",\"description\":\"Closes\","
                     "\"generates_identifier\":false,\"urls\":[\"/bank:close/account/{identifier}\"],\"schema\":{},"
                     "\"alternatives\":[{\"name\":\"close\",\"namespace\":\"bank\",\"resource\":\"safe\","
                     "\"description\":\"Shuts\",\"generates_identifier\":true,"
                     "\"urls\":[\"/bank:close/safe/:new\",\"/bank:close/safe/{identifier}\"],\"schema\":{\"a\":1}}]}");
}

Test(meta, what_is_not_described_is_not_found)
{
    cr_assert_not(meta_namespace(&call.answer, known(), slice_text("bonk")));
    cr_assert_not(meta_command(&call.answer, known(), slice_text("bonk"), slice_text("open")));
    cr_assert_not(meta_command(&call.answer, known(), slice_text("bank"), slice_text("burn")));
    cr_assert_not(meta_command(&call.answer, known(), slice_text("empty"), slice_text("open")));
    cr_assert(meta_has_namespace(known(), slice_text("empty")));
    cr_assert_not(meta_has_namespace((struct slice){0}, slice_text("bank")));
}

Test(meta, empty_description_still_makes_a_page)
{
    cr_assert(meta_namespace(&call.answer, known(), slice_text("empty")));
    cr_assert_str_eq(talk_body(&call),
                     "{\"name\":\"empty\",\"description\":\"\",\"commands\":[],\"resources\":[],\"projections\":[]}");
    meta_index(&call.answer, (struct slice){0});
    cr_assert_str_eq(talk_body(&call), "{\"namespaces\":[]}");
}

static const char read_model[] = "[{\"namespace\":\"shop\",\"resources\":[{\"name\":\"article\",\"doc\":\"What is "
                                 "sold\",\"commands\":[],\"events\":[],"
                                 "\"schema\":{\"type\":\"object\",\"properties\":{"
                                 "\"unit_price\":{\"type\":\"integer\"},"
                                 "\"colour\":{\"type\":\"string\",\"enum\":[\"red\",\"blue\"]},"
                                 "\"title\":{\"type\":\"string\",\"description\":\"As printed\"}}}}]}]";

Test(meta, read_model_has_its_fields_and_their_filters)
{
    struct buffer packed = talk_pack(read_model);
    cr_assert(meta_query(&call.answer, buffer_slice(&packed), slice_text("shop"), slice_text("article")));
    cr_assert_eq(call.answer.status, 200);
    cr_assert(talk_says(&call, "\"made_from\":\"resource\",\"url\":\"/shop.article/\""), "%s", talk_body(&call));
    cr_assert(talk_says(&call,
                        "{\"name\":\"unit_price\",\"label\":\"Unit price\",\"type\":\"integer\",\"input\":\"number\""));
    cr_assert(talk_says(&call,
                        "{\"key\":\"unit_price.between\",\"operator\":\"between\",\"label\":\"is between\","
                        "\"type\":\"integer\",\"input\":\"range\"}"));
    cr_assert(talk_says(&call, "\"values\":[\"red\",\"blue\"]"));
    cr_assert(talk_says(&call,
                        "{\"key\":\"colour.in\",\"operator\":\"in\",\"label\":\"is one of\",\"type\":\"array\","
                        "\"input\":\"multiselect\"}"));
    cr_assert(talk_says(&call,
                        "\"description\":\"As printed\",\"type\":\"string\",\"input\":\"text\",\"audit\":false,"
                        "\"sortable\":true,\"default_operator\":\"has\""));
    cr_assert(talk_says(&call, "{\"name\":\"_updated\",\"label\":\"Updated\""));
    buffer_fini(&packed);
}

Test(meta, read_model_that_is_not_there_is_none)
{
    cr_assert_not(meta_query(&call.answer, known(), slice_text("shop"), slice_text("nothing")));
    cr_assert_not(meta_query(&call.answer, known(), slice_text("nowhere"), slice_text("account")));
}
