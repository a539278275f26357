/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Request targets: which of them lead where, what they name, and what is refused. */
#include "services/gateway/url.h"

#include <criterion/criterion.h>

static uint8_t memory[URL_MAX];
static struct url url;
static struct refusal refusal;

static bool parse(const char *target)
{
    memcpy(memory, target, strlen(target));
    return url_parse(memory, strlen(target), &url, &refusal);
}

static void assert_kind(const char *target, enum url_kind kind)
{
    cr_assert(parse(target), "%s", target);
    cr_assert_eq(url.kind, kind, "%s is %d", target, url.kind);
}

/* A row's key, which no aggregate's identifier can be. */
static void assert_of_row(const char *target)
{
    assert_kind(target, URL_STATE);
    cr_expect(url.of_row && !url_identifier_check(&url, &refusal), "%s", target);
    cr_expect_eq(refusal.problem, problem_bad_identifier, "%s", target);
}

static void assert_refused(const char *target, enum problem problem)
{
    cr_assert_not(parse(target), "%s", target);
    cr_assert_eq(refusal.problem, problem, "%s: %s", target, problem_name(refusal.problem));
}

Test(url, command_names_its_parts)
{
    assert_kind("/bank:deposit/account/alice?dry_run=1", URL_COMMAND);
    cr_assert(slice_is(url.namespace, "bank"));
    cr_assert(slice_is(url.command, "deposit"));
    cr_assert(slice_is(url.resource, "account"));
    cr_assert(slice_is(url.identifier, "alice"));
    cr_assert(slice_is(url.query, "dry_run=1"));
    cr_assert_not(url.creates);
}

Test(url, names_with_dashes_are_whole)
{
    assert_kind("/generic-object:create-object/people-economist/keynes", URL_COMMAND);
    cr_assert(slice_is(url.namespace, "generic-object"));
    cr_assert(slice_is(url.resource, "people-economist"));
}

Test(url, new_has_no_identifier)
{
    assert_kind("/bank:open/account/:new/", URL_COMMAND);
    cr_assert(url.creates);
    cr_assert_eq(url.identifier.size, 0);
}

Test(url, state_and_events_name_their_aggregate)
{
    assert_kind("/bank.account/a", URL_STATE);
    cr_assert(slice_is(url.namespace, "bank"));
    cr_assert(slice_is(url.resource, "account"));
    assert_kind("/bank.account/a/events?after=3", URL_EVENTS);
    assert_kind("/bank.account/a/changes?from=3", URL_CHANGES);
    cr_assert(slice_is(url.identifier, "a"));
}

Test(url, slashes_at_the_end_do_not_matter)
{
    assert_kind("/bank.account/a///", URL_STATE);
    assert_kind("/bank.account/a/events/", URL_EVENTS);
    assert_kind("/_meta/", URL_META);
    assert_kind("/livez/", URL_LIVE);
}

Test(url, meta_has_three_levels)
{
    assert_kind("/_meta", URL_META);
    assert_kind("/_meta/bank", URL_META_NAMESPACE);
    assert_kind("/_meta/bank:open/", URL_META_COMMAND);
    cr_assert(slice_is(url.namespace, "bank"));
    cr_assert(slice_is(url.command, "open"));
}

Test(url, services_are_found)
{
    assert_kind("/livez", URL_LIVE);
    assert_kind("/readyz", URL_READY);
    assert_kind("/metrics?x", URL_METRICS);
}

Test(url, other_paths_lead_nowhere)
{
    static const char *const targets[] = {
        "/",
        "",
        "*",
        "/bank",
        "/bank:open",
        "/bank:open/account",
        "/bank:open/account/a/b/c/d",
        "/bank.account/~a:1/x",
        "/bank.account/a/snapshots",
        "/bank.account/a/events/1",
        "/_meta/a/b",
        "/livez/x",
        "//",
        "/favicon",
        "bank:open/account/a",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        assert_kind(targets[i], URL_UNKNOWN);
}

Test(url, escapes_are_decoded_after_the_split)
{
    assert_kind("/bank.account/a%20b%3Ac%C3%A9", URL_STATE);
    cr_assert(slice_is(url.identifier, "a b:c\xc3\xa9"));
    assert_of_row("/bank.account/a%2Fb");
    assert_of_row("/bank.account/a%2fevents");
}

Test(url, encoded_new_is_not_new)
{
    assert_refused("/bank:open/account/%3Anew", problem_bad_identifier);
}

Test(url, broken_escapes_are_refused)
{
    assert_refused("/bank.account/a%2", problem_bad_url);
    assert_refused("/bank.account/a%", problem_bad_url);
    assert_refused("/bank.account/a%zz", problem_bad_url);
    assert_refused("/bank%:open/account/a", problem_bad_url);
}

Test(url, control_characters_are_refused)
{
    assert_refused("/bank.account/a%00b", problem_bad_identifier);
    assert_of_row("/bank.account/a%0Ab");
    assert_of_row("/bank.account/a%7f");
    assert_refused("/bank.account/a\x01", problem_bad_url);
    assert_refused("/bank.account/a b", problem_bad_url);
    assert_refused("/bank.account/a#b", problem_bad_url);
}

Test(url, bad_utf8_is_refused)
{
    assert_refused("/bank.account/%ff", problem_bad_identifier);
    assert_refused("/bank.account/%C3", problem_bad_identifier);
    assert_refused("/bank.account/\xc3(", problem_bad_identifier);
}

Test(url, empty_and_reserved_names_are_refused)
{
    assert_refused("/:open/account/a", problem_bad_identifier);
    assert_refused("/bank:/account/a", problem_bad_identifier);
    assert_refused("/bank:open//a", problem_bad_identifier);
    assert_refused("/.account/a", problem_bad_identifier);
    assert_of_row("/bank.account/:x");
    assert_refused("/_meta/:open", problem_bad_identifier);
}

static char *identifier_of(char *out, size_t size)
{
    strcpy(out, "/bank.account/");
    memset(out + strlen(out), 'x', size);
    out[14 + size] = '\0';
    return out;
}

Test(url, identifiers_have_a_limit)
{
    char target[600];
    assert_kind(identifier_of(target, limit_identifier_bytes), URL_STATE);
    cr_assert_eq(url.identifier.size, limit_identifier_bytes);
    assert_of_row(identifier_of(target, limit_identifier_bytes + 1));
}

Test(url, lists_may_be_narrowed)
{
    assert_kind("/bank.account", URL_LIST);
    assert_kind("/bank.account/", URL_LIST);
    assert_kind("/bank.account/~name.eq:x", URL_LIST);
    cr_assert(slice_is(url.path_query, "name.eq:x"));
    assert_kind("/bank.account/branch=7:desk=1/", URL_LIST);
    cr_assert(slice_is(url.scope, "branch=7:desk=1"));
    assert_kind("/bank.account/branch=7/~a:%2F/?limit=3", URL_LIST);
    cr_assert(slice_is(url.scope, "branch=7"));
    cr_assert(slice_is(url.path_query, "a:%2F"));
    assert_kind("/bank.account/branch=7/a", URL_ITEM);
    cr_assert(slice_is(url.identifier, "a"));
    assert_kind("/_meta/bank.account/", URL_META_QUERY);
}

Test(url, commands_may_be_narrowed)
{
    assert_kind("/bank:deposit/branch=7:desk=1/account/a", URL_COMMAND);
    cr_assert(slice_is(url.scope, "branch=7:desk=1"));
    cr_assert(slice_is(url.command, "deposit"));
    cr_assert(slice_is(url.resource, "account"));
    cr_assert(slice_is(url.identifier, "a"));
    assert_kind("/bank:open/branch=7/account/:new", URL_COMMAND);
    cr_assert(url.creates);
    assert_kind("/bank:deposit/branch/account/a", URL_UNKNOWN);
    assert_kind("/bank:deposit/branch=7/account", URL_COMMAND); /* the resource is "branch=7" */
    cr_assert_eq(url.scope.size, 0);
    cr_assert(slice_is(url.resource, "branch=7"));
    assert_kind("/bank:deposit/branch=7/account/a/b", URL_UNKNOWN);
}

Test(url, what_happened_to_an_aggregate_may_be_narrowed)
{
    assert_kind("/bank.account/branch=7/a/events", URL_EVENTS);
    cr_assert(slice_is(url.scope, "branch=7"));
    cr_assert(slice_is(url.identifier, "a"));
    assert_kind("/bank.account/branch=7/a%2Fb/changes/", URL_CHANGES);
    cr_assert(url.of_row);
    assert_kind("/bank.account/branch=7/a/history", URL_UNKNOWN);
    assert_kind("/bank.account/branch/a/events", URL_UNKNOWN);
    assert_kind("/bank.account/a=b", URL_STATE); /* an identifier */
    cr_assert_eq(url.scope.size, 0);
    assert_kind("/bank.account/a%3Db/events", URL_EVENTS);
    cr_assert(slice_is(url.identifier, "a=b"));
}

Test(url, what_is_of_all_aggregates_is_of_no_scope)
{
    assert_refused("/_events/branch=7", problem_scope_not_supported);
    assert_refused("/_audit/branch=7/?limit=1", problem_scope_not_supported);
    assert_refused("/_causation/branch=7/", problem_scope_not_supported);
    assert_kind("/_events/branch", URL_UNKNOWN);
    assert_kind("/_events/branch=7/a", URL_UNKNOWN);
    assert_kind("/mcp/branch=7", URL_UNKNOWN);
    assert_kind("/livez/branch=7", URL_UNKNOWN);
}

Test(url, absolute_form_tells_its_authority)
{
    assert_kind("http://example.com:8080/bank.account/a?version=1", URL_STATE);
    cr_assert(slice_is(url.authority, "example.com:8080"));
    assert_kind("HTTP://example.com", URL_UNKNOWN);
    cr_assert(slice_is(url.authority, "example.com"));
}

Test(url, encoding_is_undone_by_decoding)
{
    static const char text[] = "a/b c%\xc3\xa9:~-._\"\x01";
    struct buffer out = {0};
    percent_encode(&out, slice_text(text));
    cr_assert(slice_is(buffer_slice(&out), "a%2Fb%20c%25%C3%A9%3A~-._%22%01"));
    size_t size = out.size;
    cr_assert(percent_decode(out.data, &size));
    cr_assert(slice_is(slice_of(out.data, size), text));
    buffer_fini(&out);
}

Test(url, a_key_of_a_row_may_be_whatever_a_projection_can_make)
{
    static const struct {
        const char *target, *key;
    } cases[] = {{"/shop.article/AB%2F1", "AB/1"},
                 {"/shop.article/%7Ex", "~x"},
                 {"/shop.article/:x/", ":x"},
                 {"/shop.article/a%3Db/", "a=b"},
                 {"/shop.article/a%0A", "a\n"},
                 {"/shop.article/x=1/AB%2F1", "AB/1"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(parse(cases[i].target), "%s", cases[i].target);
        cr_expect(slice_is(url.identifier, cases[i].key), "%s", cases[i].target);
        cr_expect(url.kind == (strchr(cases[i].target, '=') == NULL || i == 3 ? URL_STATE : URL_ITEM));
    }
    char target[1200] = "/shop.article/";
    memset(target + strlen(target), 'k', 512);
    assert_of_row(target);
    strcat(target, "k");
    assert_refused(target, problem_bad_identifier);
    assert_refused("/shop.article/a%00b", problem_bad_identifier);
    assert_refused("/shop:article/a/AB%2F1", problem_bad_identifier);
}
