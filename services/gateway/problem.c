/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Problems: see problem.h. Members are written in one order, so equal problems are equal bytes. */
#include "services/gateway/problem.h"

#include <assert.h>

#include "proto/json.h"

static const struct {
    const char *name, *title;
    int http;
} problems[problem_count] = {
    [problem_none] = {"none", "", 500},
#define PROBLEM(NAME, HTTP, TITLE) [problem_##NAME] = {#NAME, TITLE, HTTP},
#include "services/gateway/problem.def"
#undef PROBLEM
};

static const char *const status_titles[status_count] = {
    [status_ok] = "Done",
    [status_rejected] = "A business rule rejected the command",
    [status_invalid] = "The request is not valid",
    [status_not_found] = "Not found",
    [status_denied] = "Not allowed",
    [status_conflict] = "The version is not the expected one",
    [status_reused] = "The command id was used before with another payload",
    [status_expired] = "The command id is older than receipts are kept",
    [status_deadline] = "No answer before the deadline; the command may have run",
    [status_busy] = "Too much to do; try again",
    [status_moved] = "The aggregate is moving; try again",
    [status_unavailable] = "Not available; try again",
    [status_error] = "An error of the server",
};

const char *problem_name(enum problem problem)
{
    assert(problem < problem_count);
    return problems[problem].name;
}

int problem_http(enum problem problem)
{
    assert(problem < problem_count);
    return problems[problem].http;
}

const char *problem_title(struct slice name)
{
    for (int i = 1; i < problem_count; i++) {
        if (slice_is(name, problems[i].name))
            return problems[i].title;
    }
    for (int i = 0; i < status_count; i++) {
        if (slice_is(name, status_name((enum status)i)))
            return status_titles[i];
    }
    return "";
}

bool refuse(struct refusal *out, enum problem problem, const char *code, const char *detail)
{
    *out = (struct refusal){.problem = problem, .code = code, .detail = detail};
    return false;
}

static void member(struct buffer *out, const char *name, struct slice text)
{
    buffer_printf(out, ",\"%s\":", name);
    json_quote(out, text);
}

/* type, title, status, detail, errcode, errmesg; the object stays open. An empty code is the name, an empty detail the
 * title. */
static void problem_open(
    struct answer *answer, int http, const char *name, const char *title, struct slice code, struct slice detail)
{
    answer_begin(answer, http, MEDIA_PROBLEM);
    struct buffer *out = &answer->body;
    buffer_printf(out, "{\"type\":\"urn:fluvius:problem:%s\"", name);
    member(out, "title", slice_text(title));
    buffer_printf(out, ",\"status\":%d", http);
    if (detail.size > 0)
        member(out, "detail", detail);
    member(out, "errcode", code.size > 0 ? code : slice_text(name));
    member(out, "errmesg", detail.size > 0 ? detail : slice_text(title));
}

static void problem_close(struct answer *answer)
{
    buffer_append_text(&answer->body, "}");
}

void problem_answer(struct answer *answer, const struct refusal *refusal)
{
    enum problem problem = refusal->problem;
    problem_open(answer,
                 problem_http(problem),
                 problem_name(problem),
                 problems[problem].title,
                 slice_text(refusal->code),
                 slice_text(refusal->detail));
    buffer_append_text(&answer->body, ",\"errdata\":null");
    problem_close(answer);
    if (problem == problem_unauthorized)
        answer_field_text(answer, "WWW-Authenticate", "Bearer realm=\"fluvius\"");
}

void problem_answer_unparsable(struct answer *answer, enum error error, size_t offset)
{
    enum problem problem = error == error_too_long ? problem_too_large : problem_unparsable;
    problem_open(answer,
                 problem_http(problem),
                 problem_name(problem),
                 problems[problem].title,
                 slice_text(error_name(error)),
                 slice_text(error_text(error)));
    buffer_printf(&answer->body, ",\"errdata\":{\"offset\":%zu}", offset);
    problem_close(answer);
}

/* The faults as an array of {at, code, message}; what cannot be read ends the array. */
static void problem_write_faults(struct buffer *out, const char *name, struct slice faults)
{
    struct reader reader = reader_of(faults);
    uint32_t count = 0;
    buffer_printf(out, ",\"%s\":[", name);
    if (reader_array(&reader, &count) != 0)
        count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct fault fault;
        if (fault_decode(&reader, &fault) != 0)
            break;
        buffer_append_text(out, i == 0 ? "{\"at\":" : ",{\"at\":");
        json_quote(out, fault.path);
        member(out, "code", fault.code);
        member(out, "message", fault.message);
        buffer_append_text(out, "}");
    }
    buffer_append_text(out, "]");
}

static bool status_retries(enum status status)
{
    return status == status_busy || status == status_moved || status == status_unavailable;
}

/* What the table of statuses cannot say: no or bad credentials, and a version that had to be given and was not. */
static int reply_http(const struct reply *reply)
{
    if (reply->status == status_denied && slice_is(reply->code, "unauthenticated"))
        return 401;
    if (reply->status == status_conflict && slice_is(reply->code, "version_required"))
        return 428;
    return status_http(reply->status);
}

void problem_answer_reply(struct answer *answer, const struct reply *reply)
{
    const char *name = status_name(reply->status);
    int http = reply_http(reply);
    problem_open(answer, http, name, status_titles[reply->status], reply->code, reply->message);
    if (reply->faults.size > 0) {
        problem_write_faults(&answer->body, "errors", reply->faults);
        problem_write_faults(&answer->body, "errdata", reply->faults);
    } else {
        buffer_append_text(&answer->body, ",\"errdata\":null");
    }
    if (reply->has_version)
        buffer_printf(&answer->body, ",\"version\":%llu", (unsigned long long)reply->version);
    problem_close(answer);
    if (reply->has_version)
        answer_field_version(answer, reply->version);
    if (status_retries(reply->status))
        answer_field_retry(answer, reply->retry_ms);
    if (http == 401)
        answer_field_text(answer, "WWW-Authenticate", "Bearer realm=\"fluvius\"");
}

void problem_answer_status(struct answer *answer, enum status status, const char *code, const char *message)
{
    struct reply reply = {.status = status, .code = slice_text(code), .message = slice_text(message)};
    problem_answer_reply(answer, &reply);
}
