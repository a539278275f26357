/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Problems: their members, and the status each answer of the bus gets. */
#include "services/gateway/problem.h"

#include "tests/unit/gateway/talk.h"

static struct call call;

static const char *told(const struct reply *reply)
{
    problem_answer_reply(&call.answer, reply);
    return talk_body(&call);
}

Test(problem, has_the_members_of_both_kinds)
{
    struct refusal refusal = {problem_bad_header, "bad_timeout", "a \"number\""};
    problem_answer(&call.answer, &refusal);
    cr_assert_eq(call.answer.status, 400);
    cr_assert_str_eq(talk_body(&call),
                     "{\"type\":\"urn:fluvius:problem:bad_header\","
                     "\"title\":\"A header field has a value that cannot be used\",\"status\":400,"
                     "\"detail\":\"a \\\"number\\\"\",\"errcode\":\"bad_timeout\",\"errmesg\":\"a \\\"number\\\"\","
                     "\"errdata\":null}");
}

Test(problem, code_and_detail_fall_back)
{
    problem_answer(&call.answer, &(struct refusal){.problem = problem_unknown_path});
    cr_assert_str_eq(talk_body(&call),
                     "{\"type\":\"urn:fluvius:problem:unknown_path\",\"title\":\"There is nothing at this path\","
                     "\"status\":404,\"errcode\":\"unknown_path\",\"errmesg\":\"There is nothing at this path\","
                     "\"errdata\":null}");
}

Test(problem, missing_credentials_ask_for_them)
{
    problem_answer(&call.answer, &(struct refusal){.problem = problem_unauthorized});
    cr_assert_eq(call.answer.status, 401);
    cr_assert_str_eq(answer_find_field(&call.answer, "WWW-Authenticate"), "Bearer realm=\"fluvius\"");
}

Test(problem, unparsable_body_tells_where)
{
    problem_answer_unparsable(&call.answer, error_duplicate_key, 17);
    assert_refused(&call, 400, "duplicate_key");
    cr_assert(talk_says(&call, "\"errdata\":{\"offset\":17}"));
    problem_answer_unparsable(&call.answer, error_too_long, 0);
    assert_refused(&call, 413, "too_long");
}

Test(problem, statuses_have_their_numbers)
{
    static const int numbers[status_count] = {
        [status_rejected] = 422,
        [status_invalid] = 422,
        [status_not_found] = 404,
        [status_denied] = 403,
        [status_conflict] = 412,
        [status_reused] = 422,
        [status_expired] = 410,
        [status_deadline] = 504,
        [status_busy] = 429,
        [status_moved] = 503,
        [status_unavailable] = 503,
        [status_error] = 500,
    };
    for (int status = status_rejected; status < status_count; status++) {
        struct reply reply = {
            .status = (enum status)status, .code = slice_text("why"), .message = slice_text("because")};
        told(&reply);
        assert_refused(&call, numbers[status], "why");
        bool again = status == status_busy || status == status_moved || status == status_unavailable;
        cr_assert_eq(answer_find_field(&call.answer, "Retry-After") != NULL, again);
    }
}

Test(problem, rejection_carries_the_domains_code)
{
    struct reply reply = {.status = status_rejected,
                          .code = slice_text("insufficient_funds"),
                          .message = slice_text("the balance is 3"),
                          .has_version = true,
                          .version = 4};
    cr_assert_str_eq(told(&reply),
                     "{\"type\":\"urn:fluvius:problem:rejected\",\"title\":\"A business rule rejected the command\","
                     "\"status\":422,\"detail\":\"the balance is 3\",\"errcode\":\"insufficient_funds\","
                     "\"errmesg\":\"the balance is 3\",\"errdata\":null,\"version\":4}");
    cr_assert_str_eq(answer_find_field(&call.answer, "ETag"), "\"4\"");
}

Test(problem, every_fault_is_listed)
{
    struct buffer faults = {0};
    struct fault first = {slice_text("/amount"), slice_text("below_minimum"), slice_text("at least 1")};
    struct fault second = {slice_text("/a~1b"), slice_text("unknown_field"), slice_text("not known")};
    write_array(&faults, 2);
    fault_encode(&faults, &first);
    fault_encode(&faults, &second);
    struct reply reply = {
        .status = status_invalid, .code = slice_text("invalid_data"), .faults = buffer_slice(&faults)};
    told(&reply);
    assert_refused(&call, 422, "invalid_data");
    static const char list[] = "[{\"at\":\"/amount\",\"code\":\"below_minimum\",\"message\":\"at least 1\"},"
                               "{\"at\":\"/a~1b\",\"code\":\"unknown_field\",\"message\":\"not known\"}]";
    const char *errors = strstr(talk_body(&call), "\"errors\":"), *data = strstr(talk_body(&call), "\"errdata\":");
    cr_assert(errors != NULL && strncmp(errors + 9, list, strlen(list)) == 0, "%s", talk_body(&call));
    cr_assert(data != NULL && strncmp(data + 10, list, strlen(list)) == 0, "%s", talk_body(&call));
    buffer_fini(&faults);
}

Test(problem, bad_credentials_are_401_and_missing_version_428)
{
    told(&(struct reply){.status = status_denied, .code = slice_text("unauthenticated")});
    cr_assert_eq(call.answer.status, 401);
    cr_assert_not_null(answer_find_field(&call.answer, "WWW-Authenticate"));
    told(&(struct reply){.status = status_denied, .code = slice_text("role_missing")});
    cr_assert_eq(call.answer.status, 403);
    told(&(struct reply){.status = status_conflict, .code = slice_text("version_required")});
    cr_assert_eq(call.answer.status, 428);
}

Test(problem, retry_comes_from_the_bus)
{
    told(&(struct reply){.status = status_busy, .retry_ms = 2500});
    cr_assert_str_eq(answer_find_field(&call.answer, "Retry-After"), "3");
}
