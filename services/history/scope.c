/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Scopes of what was. A state is of a scope by itself. Events and changes are by what their aggregate is now, so that
 * is asked first, as any state is: the gate, through which all must go before anything is shown. */
#include "services/history/state.h"

bool scope_refuses(struct past *past)
{
    struct data_faults faults;
    bool inside = false;
    if (past->request->scope.size == 0)
        return false;
    enum error error = aggregate_in_scope(past->aggregate, &past->stream, past->request->scope, &inside, &faults);
    if (error == error_none && inside)
        return false;
    if (error == error_none) {
        past_fail(past, status_not_found, "unknown_aggregate", "the aggregate does not exist");
    } else if (error == error_invalid_data) {
        past_fail(past, status_invalid, "invalid_scope", "the scope does not fit the aggregate's fields");
        faults_encode(&past->body, &faults);
        past->reply.faults = buffer_slice(&past->body);
    } else {
        past_fail_error(past, error);
    }
    return true;
}

enum error gate_open(struct past *past)
{
    enum operation operation = past->request->operation;
    if (past->request->scope.size == 0 || (operation != operation_events && operation != operation_changes))
        return error_none;
    past->gate_request = *past->request;
    past->gate_request.operation = operation_state;
    past->gate_request.at_version = -1;
    past->gate_request.at_time_us = 0;
    past->gate = past_new(past->config, &past->gate_request, past->stream.realm);
    return past->gate == NULL ? error_no_memory : error_none;
}

bool gate_passed(struct past *past, struct store *store)
{
    if (past->gate == NULL || past->gate->answered)
        return true;
    if (!past_step(past->gate, store))
        return false;
    past->answered = past->gate->reply.status != status_ok;
    past->reply = past->gate->reply; /* views into the gate, which stays */
    return !past->answered;
}
