/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The conversation with shards and other services. Each frame of work grants one frame: it is kept until there is
 * something to send, and answered empty when it grows old or when there are more than a few. A shard is lost when its
 * connection is, or when it is silent; what it had not answered is then routed again, in order: receipts make that
 * safe. */
#include "broker/state.h"

#include <stdlib.h>

enum { CREDIT_AGE_US = 250000 };

struct shard_session *session_by_pipe(struct broker *broker, uint32_t pipe)
{
    for (uint32_t i = 0; i < broker->session_count; i++)
        if (broker->sessions[i]->pipe == pipe)
            return broker->sessions[i];
    return NULL;
}

static struct shard_session *session_by_name(struct broker *broker, struct slice name)
{
    for (uint32_t i = 0; i < broker->session_count; i++)
        if (slice_is(name, broker->sessions[i]->name))
            return broker->sessions[i];
    return NULL;
}

/* ---- credits ---- */

static uint64_t credit_take(struct shard_session *session)
{
    uint64_t handle = session->credits[0].handle;
    session->credit_count--;
    memmove(session->credits, session->credits + 1, session->credit_count * sizeof session->credits[0]);
    return handle;
}

/* Begins the answer to a frame of work; NULL: no memory. */
static struct buffer *
work_answer(struct broker *broker, struct shard_session *session, uint64_t handle, struct work_reply reply)
{
    struct buffer *out = effect_answer(broker, handle);
    if (out == NULL)
        return NULL;
    reply.subscribed = records_wanted(broker);
    reply.heads = heads_news(broker, session);
    work_reply_begin(out, &reply);
    return out;
}

static void credit_return(struct broker *broker, struct shard_session *session, uint64_t handle, bool unknown)
{
    work_answer(broker, session, handle, (struct work_reply){.unknown = unknown});
}

static void credit_keep(struct broker *broker, struct shard_session *session, uint64_t handle)
{
    if (session->credit_count == CREDITS_MAX)
        credit_return(broker, session, credit_take(session), false);
    session->credits[session->credit_count].handle = handle;
    session->credits[session->credit_count++].since_us = broker->now_us;
}

/* ---- sending work ---- */

static uint32_t remaining_ms(const struct broker *broker, const struct pending *pending)
{
    return (uint32_t)((pending->deadline_us - broker->now_us) / 1000) + 1;
}

static uint32_t item_partition(const struct broker *broker, const struct pending *pending)
{
    return pending->offered ? 0 : stream_partition(pending->stream_hash, broker->partitions);
}

void item_add(struct broker *broker, const struct pending *pending, struct buffer *out)
{
    struct item item = {.key = pending->key,
                        .partition = item_partition(broker, pending),
                        .deadline_ms = remaining_ms(broker, pending),
                        .realm = pending->principal.realm,
                        .user = pending->principal.user,
                        .roles = pending->principal.roles,
                        .identifier = slice_text(pending->identifier),
                        .request = pending->raw};
    item_encode(out, &item);
}

bool pending_over(struct broker *broker, struct pending *pending)
{
    if (broker->now_us < pending->deadline_us)
        return false;
    pending_expire(broker, pending);
    return true;
}

/* The front of the queue; those whose time ran out there end. */
static struct pending *queue_front(struct broker *broker, struct shard_session *session)
{
    struct link_node *node;
    while ((node = list_first(&session->queue)) != NULL) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        if (!pending_over(broker, pending))
            return pending;
    }
    return NULL;
}

void work_give(struct broker *broker, struct shard_session *session, uint32_t count)
{
    struct work_reply reply = {.number = session->answered + 1, .count = count};
    struct buffer *out = work_answer(broker, session, credit_take(session), reply);
    if (out == NULL)
        return;
    session->answered++;
    buffer_append(out, broker->scratch.data, broker->scratch.size);
}

/* One frame of work from the front of the queue. */
static void work_send(struct broker *broker, struct shard_session *session)
{
    struct buffer *items = &broker->scratch;
    struct pending *pending;
    uint32_t count = 0;
    buffer_clear(items);
    while (count < WORK_ITEMS_MAX && (pending = queue_front(broker, session)) != NULL) {
        if (count > 0 && items->size + pending->raw.size > WORK_BYTES_MAX)
            break;
        item_add(broker, pending, items);
        pending_sent(broker, pending, session);
        count++;
    }
    if (count > 0)
        work_give(broker, session, count);
}

void sessions_send(struct broker *broker)
{
    offers_send(broker);
    for (uint32_t i = 0; i < broker->session_count; i++) {
        struct shard_session *session = broker->sessions[i];
        while (session->credit_count > 0 && !list_empty(&session->queue))
            work_send(broker, session);
        if (session->credit_count > 0 && heads_wake(broker, session))
            credit_return(broker, session, credit_take(session), false);
    }
}

/* ---- coming and going ---- */

static struct shard_session *session_new(struct broker *broker, const struct work_frame *frame, uint32_t pipe)
{
    struct shard_session *session = broker->session_count == SHARDS_MAX ? NULL : calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    memcpy(session->name, frame->shard.data, frame->shard.size);
    if (frame->serves.size > 0)
        memcpy(session->serves, frame->serves.data, frame->serves.size);
    session->announced = frame->serves.size > 0; /* it owns nothing */
    session->boot = frame->boot;
    session->pipe = pipe;
    list_init(&session->queue);
    list_init(&session->sent);
    broker->sessions[broker->session_count++] = session;
    return session;
}

static void session_free(struct shard_session *session)
{
    buffer_fini(&session->descriptions);
    buffer_fini(&session->metrics);
    buffer_fini(&session->alarms);
    free(session);
}

/* First what was sent, then what was queued: the order in which they came. */
static void requests_reroute(struct broker *broker, struct list *list)
{
    struct link_node *node;
    while ((node = list_first(list)) != NULL) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        bool sent = pending->place == PENDING_SENT;
        if (sent && pending->offered && offer_lost(broker, pending))
            continue;
        broker->counters.repeated_sends += sent;
        pending_park(broker, pending);
    }
}

/* Parks those of the list that the session does not own any more; they keep their order. */
static void strays_park(struct broker *broker, struct shard_session *session, struct list *list)
{
    struct link_node *next, *node = list_first(list);
    for (; node != NULL; node = next) {
        struct pending *pending = LIST_OWNER(node, struct pending, node);
        next = list_next(list, node);
        if (pending->offered || pending_owned_by(broker, pending, session))
            continue;
        broker->counters.repeated_sends += pending->place == PENDING_SENT;
        pending_park(broker, pending);
    }
}

void session_park_strays(struct broker *broker, struct shard_session *session)
{
    strays_park(broker, session, &session->sent);
    strays_park(broker, session, &session->queue);
}

/* Takes the descriptions along: they hold until another shard gives its own. */
static void descriptions_remember(struct broker *broker, struct shard_session *session)
{
    if (session->descriptions.size == 0)
        return;
    buffer_fini(&broker->descriptions);
    broker->descriptions = session->descriptions;
    session->descriptions = (struct buffer){0};
}

void session_lost(struct broker *broker, struct shard_session *session)
{
    descriptions_remember(broker, session);
    for (uint32_t i = 0; i < broker->session_count; i++)
        if (broker->sessions[i] == session)
            broker->sessions[i] = broker->sessions[--broker->session_count];
    routes_forget(broker, session);
    service_missed(broker, session);
    if (!session_is_shard(session))
        offers_wait_anew(broker);
    requests_reroute(broker, &session->sent);
    requests_reroute(broker, &session->queue);
    session_free(session);
}

/* Its connection may still be there: its frames are answered. */
static void session_end(struct broker *broker, struct shard_session *session)
{
    while (session->credit_count > 0)
        credit_return(broker, session, credit_take(session), true);
    session_lost(broker, session);
}

/* ---- frames of work ---- */

static void pending_answered(struct broker *broker, struct pending *pending, enum status status, struct slice raw)
{
    if (status != status_moved) {
        pending_measure(broker, pending);
        pending_end(broker, pending, status, raw);
        return;
    }
    if (!pending->offered)
        pending->moved_by = pending->session; /* it was not run: it waits for whoever owns the partition next */
    pending_park(broker, pending);
}

static void replies_take(struct broker *broker, const struct shard_session *session, struct slice replies)
{
    struct reader reader = reader_of(replies);
    uint32_t count = 0, items;
    if (replies.size == 0 || reader_array(&reader, &count) != error_none)
        return;
    for (uint32_t i = 0; i < count; i++) {
        int64_t key, status;
        struct slice raw;
        if (reader_array(&reader, &items) != error_none || items != 3 || reader_integer(&reader, &key) != error_none ||
            reader_integer(&reader, &status) != error_none || reader_raw(&reader, &raw) != error_none)
            return;
        struct pending *pending = pending_find(broker, (uint64_t)key);
        if (pending != NULL && pending->place == PENDING_SENT && pending->session == session && status >= 0 &&
            status < status_count)
            pending_answered(broker, pending, (enum status)status, raw);
    }
}

static void replace(struct buffer *buffer, struct slice news)
{
    if (news.size == 0)
        return;
    buffer_clear(buffer);
    buffer_append(buffer, news.data, news.size);
}

static void news_take(struct broker *broker, struct shard_session *session, const struct work_frame *frame)
{
    session->leaving |= frame->leaving && !session_is_shard(session);
    replace(&session->descriptions, frame->descriptions);
    if (frame->descriptions.size > 0)
        broker->described.until_us = 0;
    replace(&session->metrics, frame->metrics);
    replace(&session->alarms, frame->alarms);
    replies_take(broker, session, frame->replies); /* before it gives partitions away: it drained them first */
    if (!session_is_shard(session))
        return;
    if (frame->owned.size > 0 && broker->partitions > 0)
        routes_own(broker, session, frame->owned);
    fanout_heads(broker, session, frame->heads);
    fanout_records(broker, frame->records);
}

/* The session of a frame; one of another process or connection of the same name is over. */
static struct shard_session *session_for(struct broker *broker, const struct work_frame *frame, uint32_t pipe)
{
    struct shard_session *session = session_by_name(broker, frame->shard);
    if (session != NULL && session->boot == frame->boot && session->pipe == pipe &&
        slice_is(frame->serves, session->serves))
        return session;
    if (session == NULL)
        session = session_by_pipe(broker, pipe);
    if (session != NULL) {
        effect_close(broker, session->pipe == pipe ? 0 : session->pipe);
        session_end(broker, session);
    }
    return session_new(broker, frame, pipe);
}

static void
work_refuse(struct broker *broker, uint64_t handle, enum status status, const char *code, const char *message)
{
    struct buffer *out = effect_answer(broker, handle);
    if (out != NULL)
        reply_frame_fault(out, status, code, message);
    broker->counters.faulty_frames++;
}

static const char *work_fault(struct broker *broker, const struct work_frame *frame)
{
    struct broker_principal principal;
    if (broker->config.authenticate(broker->config.context, frame->token, &principal) != error_none ||
        !principal.service)
        return "unauthenticated";
    if (frame->shard.size == 0 || frame->shard.size >= sizeof((struct shard_session *)0)->name)
        return "bad_identifier";
    if (frame->serves.size >= sizeof((struct shard_session *)0)->serves)
        return "bad_identifier";
    if (frame->serves.size == 0 && frame->partitions != 0 && !routes_size(broker, frame->partitions))
        return "other_log";
    return NULL;
}

/* Who leaves waits for the answers to its frames, and then goes. */
static void grant_take(struct broker *broker, struct shard_session *session, uint64_t handle)
{
    if (session->announced)
        credit_keep(broker, session, handle);
    else
        credit_return(broker, session, handle, true);
    while (session->leaving && session->credit_count > 0)
        credit_return(broker, session, credit_take(session), false);
}

void work_take(struct broker *broker, const struct broker_input *input)
{
    struct work_frame frame;
    struct envelope_fault fault = {.field = ""};
    broker->counters.work_frames++;
    if (work_frame_decode(input->bytes, &frame, &fault) != error_none) {
        work_refuse(broker, input->handle, status_invalid, "malformed", fault.field);
        return;
    }
    const char *refused = work_fault(broker, &frame);
    if (refused != NULL) {
        work_refuse(broker, input->handle, status_denied, refused, "this frame of work is not taken");
        return;
    }
    struct shard_session *session = session_for(broker, &frame, input->pipe);
    if (session == NULL) {
        work_refuse(broker, input->handle, status_busy, "too_many_shards", "no room for another shard");
        return;
    }
    session->seen_us = broker->now_us;
    news_take(broker, session, &frame);
    grant_take(broker, session, input->handle);
}

/* ---- time ---- */

static void credits_age(struct broker *broker, struct shard_session *session)
{
    while (session->credit_count > 0 && broker->now_us >= session->credits[0].since_us + CREDIT_AGE_US)
        credit_return(broker, session, credit_take(session), false);
}

void sessions_tick(struct broker *broker)
{
    for (uint32_t i = broker->session_count; i-- > 0;) {
        struct shard_session *session = broker->sessions[i];
        credits_age(broker, session);
        if (broker->now_us < session->seen_us + broker->config.silent_ms * 1000ull)
            continue;
        effect_close(broker, session->pipe);
        session_end(broker, session);
    }
}
