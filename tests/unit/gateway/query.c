/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Query parameters: known ones are read, everything else is refused. */
#include "services/gateway/query.h"

#include <criterion/criterion.h>

static struct url_query query;
static struct refusal refusal;

static bool parse(enum url_kind kind, const char *text)
{
    return url_query_parse(kind, slice_text(text), &query, &refusal);
}

static void assert_refused(enum url_kind kind, const char *text, const char *code)
{
    cr_assert_not(parse(kind, text), "%s", text);
    cr_assert_eq(refusal.problem, problem_bad_parameter);
    cr_assert_str_eq(refusal.code, code, "%s", text);
}

Test(query, nothing_gives_defaults)
{
    cr_assert(parse(URL_EVENTS, ""));
    cr_assert_not(query.dry_run);
    cr_assert_eq(query.version, -1);
    cr_assert_eq(query.after, 0);
    cr_assert_eq(query.limit, limit_page_default);
}

Test(query, dry_run_is_one_or_zero)
{
    cr_assert(parse(URL_COMMAND, "dry_run=1") && query.dry_run);
    cr_assert(parse(URL_COMMAND, "dry_run=true") && query.dry_run);
    cr_assert(parse(URL_COMMAND, "dry_run=0") && !query.dry_run);
    cr_assert(parse(URL_COMMAND, "dry_run=false&") && !query.dry_run);
    assert_refused(URL_COMMAND, "dry_run=yes", "bad_dry_run");
    assert_refused(URL_COMMAND, "dry_run=", "bad_dry_run");
    assert_refused(URL_COMMAND, "dry_run", "bad_dry_run");
    assert_refused(URL_COMMAND, "dry_run=2", "bad_dry_run");
}

Test(query, misspelt_parameter_does_not_pass)
{
    assert_refused(URL_COMMAND, "dry_rum=1", "unknown_parameter");
    assert_refused(URL_COMMAND, "dryrun=1", "unknown_parameter");
    assert_refused(URL_COMMAND, "DRY_RUN=1", "unknown_parameter");
    assert_refused(URL_STATE, "dry_run=1", "unknown_parameter");
    assert_refused(URL_LIVE, "limit=1", "unknown_parameter");
    assert_refused(URL_COMMAND, "=1", "unknown_parameter");
}

Test(query, repeated_parameter_does_not_pass)
{
    assert_refused(URL_COMMAND, "dry_run=1&dry_run=0", "repeated_parameter");
}

Test(query, numbers_are_whole_and_bounded)
{
    cr_assert(parse(URL_STATE, "version=7"));
    cr_assert_eq(query.version, 7);
    cr_assert(parse(URL_STATE, "version=9223372036854775807"));
    cr_assert_eq(query.version, INT64_MAX);
    assert_refused(URL_STATE, "version=9223372036854775808", "bad_version");
    assert_refused(URL_STATE, "version=99999999999999999999999", "bad_version");
    assert_refused(URL_STATE, "version=0", "bad_version");
    assert_refused(URL_STATE, "version=-1", "bad_version");
    assert_refused(URL_STATE, "version=1.5", "bad_version");
    assert_refused(URL_STATE, "version=0x1", "bad_version");
}

Test(query, times_are_of_rfc_3339_from_1970_on)
{
    cr_assert(parse(URL_STATE, "at=1970-01-01T00:00:01Z"));
    cr_assert_eq(query.at_us, 1000000);
    cr_assert(parse(URL_STATE, "at=1970-01-01T01:00:01+01:00"));
    cr_assert(parse(URL_STATE, "at=1970-01-01T01%3A00:00.000002%2B01:00"));
    cr_assert_eq(query.at_us, 2);
    assert_refused(URL_STATE, "at=1969-12-31T23:59:59Z", "bad_at");
    assert_refused(URL_STATE, "at=1970-01-01T00:00:00Z", "bad_at");
    assert_refused(URL_STATE, "at=1700000000", "bad_at");
    assert_refused(URL_STATE, "at=%zz", "bad_at");
    assert_refused(URL_STATE, "at=", "bad_at");
    assert_refused(URL_STATE,
                   "at=1970-01-01T00:00:01.000000000000000000000000000000000000000000000000000000000000000001Z",
                   "bad_at");
    assert_refused(URL_EVENTS, "at=1970-01-01T00:00:01Z", "unknown_parameter");
}

Test(query, changes_have_two_versions_and_a_size)
{
    cr_assert(parse(URL_CHANGES, "from=2&to=5&limit=10"));
    cr_assert(query.after == 2 && query.to == 5 && query.limit == 10);
    cr_assert(parse(URL_CHANGES, ""));
    cr_assert(query.after == 0 && query.to == -1);
    assert_refused(URL_CHANGES, "to=0", "bad_to");
    assert_refused(URL_CHANGES, "from=-1", "bad_from");
    assert_refused(URL_CHANGES, "limit=1001", "bad_limit");
}

Test(query, page_has_a_start_and_a_size)
{
    cr_assert(parse(URL_EVENTS, "after=12&limit=1000"));
    cr_assert_eq(query.after, 12);
    cr_assert_eq(query.limit, 1000);
    assert_refused(URL_EVENTS, "limit=1001", "bad_limit");
    assert_refused(URL_EVENTS, "limit=0", "bad_limit");
    assert_refused(URL_EVENTS, "after=x", "bad_after");
}
