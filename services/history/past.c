/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See past.h. */
#include <stdlib.h>

#include "services/history/state.h"

enum { RETRY_MS = 200 };

static const struct domain *domain_find(const struct past_config *config, struct slice namespace)
{
    for (uint32_t i = 0; i < config->domain_count; i++)
        if (slice_is(namespace, domain_namespace(config->domains[i])))
            return config->domains[i];
    return NULL;
}

static void target_find(struct past *past)
{
    const struct domain *domain = domain_find(past->config, past->request->namespace);
    if (domain != NULL) {
        past->resource = domain_resource(domain, past->request->resource);
        past->fingerprint = domain_fingerprint(domain);
    }
    past->unknown = domain == NULL ? "unknown_namespace" : past->resource == NULL ? "unknown_resource" : NULL;
}

static bool folds(const struct past *past)
{
    return past->request->operation == operation_state || past->request->operation == operation_changes;
}

static enum error fold_open(struct past *past)
{
    int64_t version = past->request->at_version;
    past->to_version = version >= 0 ? (uint64_t)version : UINT64_MAX;
    past->changes.from = past->request->from;
    if (past->unknown != NULL)
        return error_none; /* refused by the first step */
    past->aggregate = aggregate_new(past->resource);
    return past->aggregate == NULL ? error_no_memory : error_none;
}

struct past *past_new(const struct past_config *config, const struct request *request, struct slice realm)
{
    struct past *past = calloc(1, sizeof *past);
    if (past == NULL)
        return NULL;
    past->config = config;
    past->request = request;
    past->stream = (struct stream){.realm = realm,
                                   .namespace = request->namespace,
                                   .resource = request->resource,
                                   .identifier = request->identifier};
    if (request->operation != operation_log) {
        past->stream_hash = stream_hash(&past->stream);
        target_find(past);
    }
    if (!folds(past))
        past->last = request->from;
    if ((folds(past) && fold_open(past) != error_none) || gate_open(past) != error_none)
        past_free(&past);
    return past;
}

void past_free(struct past **past)
{
    struct past *old = *past;
    if (old == NULL)
        return;
    past_free(&old->gate);
    aggregate_free(&old->aggregate);
    changes_fini(&old->changes);
    buffer_fini(&old->events);
    buffer_fini(&old->body);
    buffer_fini(&old->text);
    free(old);
    *past = NULL;
}

static bool refused(struct past *past)
{
    const struct journal *journal = past->config->journal;
    if (past->unknown != NULL)
        past_fail(past, status_not_found, past->unknown, "no such name in the domains served");
    else if (journal_refused(journal, &journal_load, past->stream_hash))
        past_fail(past, status_error, "domain_crash", "the domain's code crashed or span on this aggregate's events");
    return past->answered;
}

bool past_suspected(const struct past *past)
{
    return (folds(past) || past->gate != NULL) &&
           journal_attempts(past->config->journal, &journal_load, past->stream_hash) > 0;
}

bool past_step(struct past *past, struct store *store)
{
    if (!gate_passed(past, store))
        return past->answered;
    if (past->request->operation == operation_log)
        page_log(past, store);
    else if (past->request->operation == operation_events)
        page_events(past, store);
    else if (!refused(past))
        fold_step(past, store);
    return past->answered;
}

const struct reply *past_reply(const struct past *past)
{
    return &past->reply;
}

void past_fail(struct past *past, enum status status, const char *code, const char *message)
{
    past->answered = true;
    past->reply = (struct reply){.status = status,
                                 .code = slice_text(code),
                                 .message = slice_text(message),
                                 .retry_ms = status == status_unavailable ? RETRY_MS : 0};
}

void past_fail_error(struct past *past, enum error error)
{
    bool lasts = error == error_corrupt || error == error_unknown_event || error == error_invalid_data;
    const char *text = past->fault.text[0] != 0 ? past->fault.text : past->fold_fault.text;
    past_fail(
        past, lasts ? status_error : status_unavailable, error_name(error), text[0] != 0 ? text : error_text(error));
}

void past_done(struct past *past, bool has_version, uint64_t version)
{
    if (past->body.failed || past->events.failed) {
        past_fail_error(past, error_no_memory);
        return;
    }
    past->answered = true;
    past->reply = (struct reply){
        .status = status_ok, .has_version = has_version, .version = version, .data = buffer_slice(&past->body)};
}
