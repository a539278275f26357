/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The catalog: see catalog.h. One poll is under way at most, so its memory is one structure. */
#include "services/gateway/catalog.h"

#include <stdlib.h>

#include "proto/reader.h"
#include "services/common/log.h"
#include "services/gateway/gateway.h"

#define POLL_FIRST_US 200000
#define POLL_EVERY_US 5000000
#define ASK_EVERY_US 1000000
#define POLL_DEADLINE_MS 2000

struct catalog_poll {
    struct inbox_node node; /* first */
    struct gateway *gateway;
    bool busy;          /* main thread: the bus has it */
    bool bare;          /* likewise: it was sent without a token */
    uint64_t due_us;    /* main thread */
    enum status status; /* written by the callback */
    struct buffer data;
};

bool catalog_init(struct gateway *gateway)
{
    struct catalog_poll *poll = calloc(1, sizeof *poll);
    if (poll == NULL)
        return false;
    poll->node.kind = NODE_CATALOG;
    poll->gateway = gateway;
    gateway->catalog.poll = poll;
    return true;
}

void catalog_fini(struct catalog *catalog)
{
    if (catalog->poll != NULL)
        buffer_fini(&catalog->poll->data);
    free(catalog->poll);
    projections_fini(&catalog->projections);
    buffer_fini(&catalog->descriptions);
    catalog->poll = NULL;
}

static void catalog_done(void *context, const struct reply *reply)
{
    struct catalog_poll *poll = context;
    poll->status = reply->status;
    buffer_clear(&poll->data);
    buffer_append(&poll->data, reply->data.data, reply->data.size);
    inbox_push(poll->gateway->inbox, &poll->node);
}

uint64_t catalog_due_us(const struct catalog *catalog)
{
    return catalog->poll->busy ? UINT64_MAX : catalog->poll->due_us;
}

void catalog_tick(struct gateway *gateway, uint64_t now_us)
{
    struct catalog_poll *poll = gateway->catalog.poll;
    if (poll->busy || now_us < poll->due_us || gateway->stopping)
        return;
    poll->bare = gateway->direct != NULL && !tokens_required(gateway->tokens) && !gateway->catalog.guarded;
    struct request request = {.operation = operation_describe,
                              .deadline_ms = POLL_DEADLINE_MS,
                              .token = slice_text(poll->bare ? "" : gateway->settings.service_token),
                              .at_version = -1,
                              .partition = -1};
    poll->due_us = now_us + (gateway->catalog.count > 0 ? POLL_EVERY_US : POLL_FIRST_US);
    poll->busy = client_send(gateway->client, &request, catalog_done, poll) == 0;
}

/* Says why no broker is reached, as far as TLS knows; once, until there is another reason. */
static void fault_report(struct gateway *gateway)
{
    char fault[TLS_FAULT_SIZE];
    if (gateway->client == NULL) /* the poll ended with the client */
        return;
    client_fault(gateway->client, fault);
    if (fault[0] != '\0' && strcmp(fault, gateway->fault) != 0)
        LOG(warning, "broker not reached", LOG_TEXT("fault", fault));
    memcpy(gateway->fault, fault, sizeof fault);
}

/* Brokers that want tokens, and a process that has none to judge by: from now on they judge. */
static void bare_polled(struct catalog *catalog, struct catalog_poll *poll)
{
    catalog->open |= poll->status == status_ok;
    if (poll->status != status_denied)
        return;
    LOG(warning, "brokers want tokens, and there is no token file: no rows are read here");
    catalog->open = false;
    catalog->guarded = true;
    poll->due_us = 0;
}

bool catalog_lets_read(const struct gateway *gateway)
{
    return tokens_required(gateway->tokens) || gateway->catalog.open;
}

void catalog_polled(struct gateway *gateway, struct inbox_node *node)
{
    struct catalog_poll *poll = (struct catalog_poll *)node;
    poll->busy = false;
    fault_report(gateway);
    if (poll->bare)
        bare_polled(&gateway->catalog, poll);
    if (poll->status == status_ok && !poll->data.failed)
        catalog_take(gateway, buffer_slice(&poll->data));
}

bool catalog_may_ask(struct catalog *catalog, uint64_t now_us)
{
    if (catalog->asked_us != 0 && now_us - catalog->asked_us < ASK_EVERY_US)
        return false;
    catalog->asked_us = now_us;
    return true;
}

void catalog_take(struct gateway *gateway, struct slice descriptions)
{
    struct catalog *catalog = &gateway->catalog;
    struct reader reader = reader_of(descriptions);
    uint32_t count;
    if (descriptions.size == 0 || reader_array(&reader, &count) != 0)
        return;
    if (count == 0) /* of a broker to which nobody has announced itself yet: what is known stays */
        return;
    if (catalog->known && slice_equal(buffer_slice(&catalog->descriptions), descriptions))
        return;
    buffer_clear(&catalog->descriptions);
    buffer_append(&catalog->descriptions, descriptions.data, descriptions.size);
    catalog->known = !catalog->descriptions.failed;
    catalog->revision++;
    catalog->count = catalog->known ? count : 0;
    (void)projections_take(&catalog->projections, buffer_slice(&catalog->descriptions));
    if (mcp_index_build(&gateway->mcp.index, buffer_slice(&catalog->descriptions)) != 0)
        mcp_index_fini(&gateway->mcp.index); /* it would point into the old descriptions */
}
