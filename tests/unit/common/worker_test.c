/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A service's conversation with a real broker: it takes queries, answers them, is heard of in health and metrics, hears
 * heads, and what it had not answered goes to another. */
#include "services/common/worker.h"

#include "proto/client.h"
#include "tests/unit/broker/stage.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_US = 20000000 };

struct service {
    struct worker *worker;
    struct inbox *inbox;
    uint32_t taken, jobs, links; /* links: how often a connection came or went */
    bool mute;
    size_t bulk;          /* bytes of each answer's data, all of the same value, another for each; 0: its name */
    uint32_t broken;      /* the number of an answer that is no text; 0: none is */
    uint64_t head;        /* of partition 1, as heard last */
    uint64_t standing_us; /* time does not pass for it: it sends no metrics again; 0: it does */
    const char *name;
};

static void take(void *context, const struct worker_place *place, const struct item *item)
{
    struct service *service = context;
    cr_assert(slice_is(item->user, "anonymous"));
    service->taken++;
    service->jobs++;
    if (service->mute)
        return;
    struct buffer data = {0};
    if (service->bulk > 0) {
        write_text_head(&data, (uint32_t)service->bulk);
        cr_assert(buffer_reserve(&data, service->bulk));
        memset(data.data + data.size, (int)service->taken, service->bulk);
        data.size += service->bulk;
    } else {
        write_string(&data, service->taken == service->broken ? "\xff" : service->name);
    }
    struct reply reply = {.status = status_ok, .data = buffer_slice(&data)};
    worker_reply(service->worker, place, &reply);
    service->jobs--;
    buffer_fini(&data);
}

static void heads(void *context, struct slice heads)
{
    struct service *service = context;
    struct reader reader = reader_of(heads);
    uint64_t partition, seq;
    uint32_t count;
    cr_assert_eq(reader_array(&reader, &count), error_none);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(pair_read(&reader, &partition, &seq));
        service->head = partition == 1 ? seq : service->head;
    }
}

static void metrics(void *context, struct buffer *out)
{
    buffer_printf(out, "# HELP taken t\n# TYPE taken counter\ntaken %u\n", ((struct service *)context)->taken);
}

static uint32_t alarms(void *context, struct buffer *out)
{
    (void)context;
    write_string(out, "something is amiss");
    return 1;
}

static void service_start(struct service *service, const char *name, const char *bus, const char *serves)
{
    service->name = name;
    service->inbox = inbox_new();
    struct worker_config config = {.urls = bus,
                                   .name = name,
                                   .serves = serves,
                                   .inbox = service->inbox,
                                   .jobs_max = strcmp(serves, SERVES_QUERY) == 0 ? 100 : 0,
                                   .take = take,
                                   .heads = heads,
                                   .metrics = metrics,
                                   .alarms = alarms,
                                   .context = service};
    cr_assert_eq(worker_open(&service->worker, &config), error_none);
}

static void service_open(struct service *service, const char *name, const char *bus)
{
    service_start(service, name, bus, SERVES_QUERY);
}

static void service_close(struct service *service)
{
    worker_close(&service->worker);
    struct inbox_node *node = inbox_take(service->inbox, 0);
    while (node != NULL) {
        struct inbox_node *next = node->next;
        free(node);
        node = next;
    }
    inbox_free(&service->inbox);
}

static void service_turn(struct service *service)
{
    struct inbox_node *node = inbox_take(service->inbox, 2000);
    uint64_t now_us = service->standing_us == 0 ? clock_monotonic_us() : service->standing_us;
    while (node != NULL) {
        struct inbox_node *next = node->next;
        service->links += node->kind == WORKER_MAIL_LINK;
        cr_assert(worker_mail(service->worker, node, now_us));
        node = next;
    }
    worker_turn(service->worker, service->jobs, false, now_us);
}

/* ---- a client, of which the test sees the reply when it is there ---- */

struct answer {
    pthread_mutex_t lock;
    bool there;
    enum status status;
    struct buffer data;
};

static void answer_done(void *context, const struct reply *reply)
{
    struct answer *answer = context;
    pthread_mutex_lock(&answer->lock);
    answer->status = reply->status;
    buffer_append(&answer->data, reply->data.data, reply->data.size);
    answer->there = true;
    pthread_mutex_unlock(&answer->lock);
}

static bool answer_there(struct answer *answer)
{
    pthread_mutex_lock(&answer->lock);
    bool there = answer->there;
    pthread_mutex_unlock(&answer->lock);
    return there;
}

static void ask(struct client *client, enum operation operation, struct answer *answer)
{
    struct request request = request_of(operation);
    if (operation == operation_query) {
        request.namespace = slice_text("bank");
        request.resource = slice_text("account");
    }
    *answer = (struct answer){.lock = PTHREAD_MUTEX_INITIALIZER};
    cr_assert_eq(client_send(client, &request, answer_done, answer), error_none);
}

static bool data_has(const struct answer *answer, const char *text)
{
    return memmem(answer->data.data, answer->data.size, text, strlen(text)) != NULL;
}

/* Turns the services until the answer is there. */
static void await(struct answer *answer, struct service *one, struct service *two)
{
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (!answer_there(answer)) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        service_turn(one);
        if (two != NULL)
            service_turn(two);
    }
}

static struct client *client_to(const char *bus)
{
    struct client *client = NULL;
    cr_assert_eq(client_open(&client, &(struct client_config){.urls = bus}), error_none);
    return client;
}

Test(worker, takes_queries_and_answers_them)
{
    struct stage stage;
    struct service service = {0};
    struct answer answer;
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    struct client *client = client_to(stage.bus);
    for (int i = 0; i < 50; i++) {
        ask(client, operation_query, &answer);
        await(&answer, &service, NULL);
        cr_assert_eq(answer.status, status_ok);
        cr_assert(data_has(&answer, "query-a"));
        buffer_fini(&answer.data);
    }
    cr_assert_eq(service.taken, 50);
    client_close(&client);
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(worker, an_answer_that_cannot_be_read_takes_no_other_with_it)
{
    struct stage stage;
    struct service service = {.broken = 2};
    struct answer answers[3];
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    struct client *client = client_to(stage.bus);
    for (int i = 0; i < 3; i++)
        ask(client, operation_query, &answers[i]);
    for (int i = 0; i < 3; i++)
        await(&answers[i], &service, NULL);
    cr_assert_eq(answers[0].status, status_ok);
    cr_assert_eq(answers[1].status, status_error);
    cr_assert_eq(answers[2].status, status_ok);
    for (int i = 0; i < 3; i++)
        buffer_fini(&answers[i].data);
    client_close(&client);
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

/* Of the answers whose every byte is the same: that byte. */
static uint8_t bulk_of(const struct answer *answer, size_t bulk)
{
    struct reader reader = reader_of(buffer_slice(&answer->data));
    struct slice bytes;
    cr_assert_eq(answer->status, status_ok);
    cr_assert(reader_text(&reader, &bytes) == error_none && bytes.size == bulk);
    for (size_t i = 1; i < bulk; i++)
        cr_assert_eq(bytes.data[i], bytes.data[0]);
    return bytes.data[0];
}

Test(worker, answers_that_fill_several_frames_come_whole)
{
    enum { ASKED = 12 };
    struct stage stage;
    struct service service = {.bulk = 60000};
    struct answer answers[ASKED];
    uint32_t seen = 0;
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    struct client *client = client_to(stage.bus);
    for (int round = 0; round < 5; round++) {
        service.taken = seen = 0;
        for (int i = 0; i < ASKED; i++)
            ask(client, operation_query, &answers[i]);
        for (int i = 0; i < ASKED; i++) {
            await(&answers[i], &service, NULL);
            seen |= 1u << bulk_of(&answers[i], service.bulk);
            buffer_fini(&answers[i].data);
        }
        cr_assert_eq(seen, 0x1ffe);
    }
    client_close(&client);
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(worker, is_heard_of_in_health_and_metrics)
{
    struct stage stage;
    struct service service = {0};
    struct answer answer;
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    struct client *client = client_to(stage.bus);
    bool heard = false, measured = false;
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (!heard || !measured) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        ask(client, heard ? operation_metrics : operation_health, &answer);
        await(&answer, &service, NULL);
        heard |= data_has(&answer, "something is amiss") && data_has(&answer, "query-a");
        measured |= data_has(&answer, "taken 0");
        buffer_fini(&answer.data);
    }
    client_close(&client);
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

static void heads_are_heard(const char *serves)
{
    static const uint8_t seqs[] = {5, 6, 7};
    struct stage stage;
    struct service service = {.standing_us = clock_monotonic_us()};
    struct actor shard = {0};
    stage_open(&stage, NULL);
    actor_open(&shard, "shard-a", stage.bus, 1);
    service_start(&service, "service-a", stage.bus, serves);
    for (size_t i = 0; i < sizeof seqs; i++) {
        const uint8_t said[] = {0x91, 0x92, 0x01, seqs[i]};
        uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
        pthread_mutex_lock(&shard.lock);
        shard.news_heads = slice_of(said, sizeof said);
        pthread_mutex_unlock(&shard.lock);
        while (service.head != seqs[i]) {
            cr_assert_lt(clock_monotonic_us(), until_us);
            service_turn(&service);
        }
    }
    cr_assert_eq(service.links, 1, "it was never silent");
    service_close(&service);
    actor_close(&shard);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(worker, hears_heads)
{
    heads_are_heard(SERVES_QUERY);
}

Test(worker, hears_heads_also_when_it_takes_no_work)
{
    heads_are_heard(SERVES_PROJECTOR);
}

/* One that a broker knows. */
static void service_settle(struct service *service)
{
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (service->links == 0) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        service_turn(service);
    }
}

Test(worker, who_leaves_waits_until_the_broker_has_heard_it)
{
    struct stage stage;
    struct service service = {0};
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    service_settle(&service);
    service.standing_us = clock_monotonic_us(); /* so it is the broker that ends the wait */
    worker_leave(service.worker, service.standing_us);
    cr_assert(worker_busy(service.worker));
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (worker_busy(service.worker)) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        service_turn(&service);
    }
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(worker, who_leaves_waits_a_second_for_a_broker_that_hangs)
{
    struct stage stage;
    struct service service = {0};
    stage_open(&stage, NULL);
    service_open(&service, "query-a", stage.bus);
    service_settle(&service);
    kill(stage.pid, SIGSTOP);
    service.standing_us = clock_monotonic_us();
    worker_leave(service.worker, service.standing_us);
    service.standing_us += 999999;
    service_turn(&service);
    bool waited = worker_busy(service.worker);
    service.standing_us += 1;
    service_turn(&service);
    bool waits = worker_busy(service.worker);
    kill(stage.pid, SIGCONT); /* before a failure ends the test: nobody else would */
    cr_assert(waited && !waits);
    service_close(&service);
    cr_assert_eq(stage_stop(&stage), 0);
}

Test(worker, what_it_had_goes_to_another_when_it_is_gone)
{
    struct stage stage;
    struct service first = {.mute = true}, second = {0};
    struct answer answer;
    stage_open(&stage, NULL);
    service_open(&first, "query-a", stage.bus);
    struct client *client = client_to(stage.bus);
    ask(client, operation_query, &answer);
    uint64_t until_us = clock_monotonic_us() + PATIENCE_US;
    while (first.taken == 0) {
        cr_assert_lt(clock_monotonic_us(), until_us);
        service_turn(&first);
    }
    service_close(&first);
    service_open(&second, "query-b", stage.bus);
    await(&answer, &second, NULL);
    cr_assert(data_has(&answer, "query-b"));
    buffer_fini(&answer.data);
    client_close(&client);
    service_close(&second);
    cr_assert_eq(stage_stop(&stage), 0);
}
