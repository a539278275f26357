/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Problems as clients see them: application/problem+json (RFC 9457) with a stable type, urn:fluvius:problem:NAME, and
 * beside it errcode, errmesg and errdata for clients that read those. Pure. */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include "proto/envelope.h"
#include "services/gateway/answer.h"

enum problem {
    problem_none = 0,
#define PROBLEM(NAME, HTTP, TITLE) problem_##NAME,
#include "services/gateway/problem.def"
#undef PROBLEM
    problem_count
};

/* Why a request is refused. code is a stable word, NULL for the problem's own name; detail is for a person, NULL for
 * none. Both are literals. */
struct refusal {
    enum problem problem;
    const char *code, *detail;
};

const char *problem_name(enum problem problem);
int problem_http(enum problem problem);
/* The title of a problem by its name, also of those that the bus tells; empty when there is none of that name. */
const char *problem_title(struct slice name);

/* Fills *out and returns false, so that a check can end with `return refuse(...)`. */
bool refuse(struct refusal *out, enum problem problem, const char *code, const char *detail);

/* Writes the whole answer, also the header fields that belong to it. */
void problem_answer(struct answer *answer, const struct refusal *refusal);
/* An unreadable body: offset is the byte of the JSON text where the fault was seen. */
void problem_answer_unparsable(struct answer *answer, enum error error, size_t offset);
/* What the bus said when it was not ok. */
void problem_answer_reply(struct answer *answer, const struct reply *reply);
/* A status that the gateway gives itself: busy, unavailable. */
void problem_answer_status(struct answer *answer, enum status status, const char *code, const char *message);

#endif
