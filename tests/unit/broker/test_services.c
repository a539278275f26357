/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Services hear how far partitions have come with the answers to their frames of work; and health tells when there is
 * none left of a kind. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "tests/unit/broker/scene.h"

static const struct party SHARD = {"shard-a", 11, 1001, NULL, NULL};
static const struct party QUERY = {"query-1", 21, 2001, NULL, SERVES_QUERY};
static const struct party OTHER = {"query-2", 22, 2002, NULL, SERVES_QUERY};
static const struct party PROJECTOR = {"projector-1", 31, 3001, NULL, SERVES_PROJECTOR};
enum { CLIENT = 1 };

/* ---- heads ---- */

/* "1:5 2:9": the heads of an answer. */
static const char *heads_at(const struct scene *scene, uint64_t handle)
{
    static char text[128];
    struct work work;
    uint32_t count = 0;
    uint64_t partition, seq;
    work_at(scene, handle, &work);
    struct reader reader = reader_of(work.heads);
    text[0] = 0;
    if (work.heads.size > 0)
        cr_assert_eq(reader_array(&reader, &count), error_none);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(pair_read(&reader, &partition, &seq));
        snprintf(text + strlen(text),
                 sizeof text - strlen(text),
                 "%s%u:%u",
                 i == 0 ? "" : " ",
                 (unsigned)partition,
                 (unsigned)seq);
    }
    return text;
}

/* A scene whose shard has said a head, and whose service has heard all there is. */
static struct scene *begin(const struct party *service)
{
    struct scene *it = scene_new((struct broker_config){0});
    announce_all(it, &SHARD, 1);
    say_head(it, &SHARD, 0, 3);
    uint64_t first = grant(it, service);
    cr_assert_str_eq(heads_at(it, first), "0:3 1:0 2:0 3:0");
    pass(it, 10);
    return it;
}

Test(heads, a_service_that_waits_is_answered_when_one_moves)
{
    const struct party *const services[] = {&QUERY, &PROJECTOR};
    for (int i = 0; i < 2; i++) {
        struct scene *it = begin(services[i]);
        uint64_t credit = grant(it, services[i]);
        cr_assert_not(answered(it, credit));
        say_head(it, &SHARD, 1, 5);
        cr_assert_str_eq(heads_at(it, credit), "1:5");
        scene_free(it);
    }
}

Test(heads, those_that_move_at_once_are_told_together)
{
    struct scene *it = begin(&QUERY);
    uint64_t first = grant(it, &QUERY);
    say_head(it, &SHARD, 1, 5);
    uint64_t second = grant(it, &QUERY);
    say_head(it, &SHARD, 1, 6);
    say_head(it, &SHARD, 2, 9);
    cr_assert_str_eq(heads_at(it, first), "1:5");
    cr_assert_not(answered(it, second));
    pass(it, 10);
    cr_assert_str_eq(heads_at(it, second), "1:6 2:9");
    scene_free(it);
}

Test(heads, all_come_every_250_ms)
{
    struct scene *it = begin(&QUERY);
    uint64_t credit = grant(it, &QUERY);
    pass(it, 240);
    cr_assert_not(answered(it, credit));
    pass(it, 20);
    cr_assert_str_eq(heads_at(it, credit), "0:3 1:0 2:0 3:0");
    scene_free(it);
}

Test(heads, also_while_some_move_all_the_time)
{
    struct scene *it = begin(&QUERY);
    uint32_t whole = 0;
    for (uint64_t seq = 1; seq <= 60; seq++) {
        uint64_t credit = grant(it, &QUERY);
        say_head(it, &SHARD, 1, seq);
        pass(it, 10);
        whole += strncmp(heads_at(it, credit), "0:3 ", 4) == 0;
    }
    cr_assert_eq(whole, 2);
    scene_free(it);
}

Test(heads, go_along_with_work)
{
    struct scene *it = begin(&QUERY);
    uint64_t first = grant(it, &QUERY);
    say_head(it, &SHARD, 1, 5);
    cr_assert(answered(it, first));
    uint64_t second = grant(it, &QUERY);
    say_head(it, &SHARD, 2, 6); /* it is told of with the query, before 10 ms have passed */
    ask(it, CLIENT, &(struct asked){.operation = operation_query}, 1);
    cr_assert_str_eq(heads_at(it, second), "2:6");
    struct work work;
    work_at(it, second, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(heads, each_service_hears_each_once)
{
    struct scene *it = begin(&QUERY);
    uint64_t one = grant(it, &QUERY), other = grant(it, &OTHER);
    cr_assert_str_eq(heads_at(it, other), "0:3 1:0 2:0 3:0"); /* it has just come */
    pass(it, 10);
    other = grant(it, &OTHER);
    say_head(it, &SHARD, 3, 8);
    cr_assert_str_eq(heads_at(it, one), "3:8");
    cr_assert_str_eq(heads_at(it, other), "3:8");
    one = grant(it, &QUERY);
    say_head(it, &SHARD, 3, 8);
    pass(it, 50);
    cr_assert_not(answered(it, one));
    scene_free(it);
}

Test(heads, a_service_that_comes_again_hears_all)
{
    struct scene *it = begin(&QUERY);
    say_head(it, &SHARD, 1, 5);
    leave(it, QUERY.pipe);
    struct party again = QUERY;
    again.pipe++;
    cr_assert_str_eq(heads_at(it, grant(it, &again)), "0:3 1:5 2:0 3:0");
    scene_free(it);
}

Test(heads, shards_are_told_none_and_before_any_shard_there_are_none)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t service = grant(it, &QUERY);
    pass(it, 260);
    cr_assert_str_eq(heads_at(it, service), "");
    uint64_t shard = announce_all(it, &SHARD, 1);
    uint64_t second = say_head(it, &SHARD, 1, 5);
    pass(it, 260);
    cr_assert_str_eq(heads_at(it, shard), "");
    cr_assert_str_eq(heads_at(it, second), "");
    scene_free(it);
}

Test(heads, services_do_not_make_shards_send_records)
{
    struct scene *it = begin(&QUERY);
    struct work work;
    grant(it, &PROJECTOR);
    uint64_t shard = grant(it, &SHARD);
    pass(it, 260);
    work_at(it, shard, &work);
    cr_assert_not(work.subscribed);
    scene_free(it);
}

/* ---- alarms ---- */

#define NO_QUERY "no query process is connected: queries are unavailable"
#define NO_PROJECTOR "no projector is connected: read models stay as they are"

/* How often health says so. */
static uint32_t told(struct scene *scene, const char *alarm)
{
    uint64_t health = ask(scene, CLIENT, &(struct asked){.operation = operation_health}, 1);
    struct slice raw, text;
    uint32_t count, found = 0;
    cr_assert_eq(msgpack_find(reply_at(scene, health, 0).data, "alarms", &raw), error_none);
    struct reader reader = reader_of(raw);
    cr_assert_eq(reader_array(&reader, &count), error_none);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(reader_text(&reader, &text), error_none);
        found += slice_is(text, alarm);
    }
    return found;
}

static void missed(const struct party *service, const char *alarm)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 2000});
    struct party again = *service;
    announce_all(it, &SHARD, 1);
    grant(it, service);
    leave(it, service->pipe);
    pass(it, 1900);
    cr_assert_eq(told(it, alarm), 0, "it may be starting again");
    pass(it, 200);
    cr_assert_eq(told(it, alarm), 1);
    again.pipe++;
    grant(it, &again);
    cr_assert_eq(told(it, alarm), 0);
    scene_free(it);
}

Test(services, the_last_query_process_is_missed_until_one_is_back)
{
    missed(&QUERY, NO_QUERY);
}

Test(services, the_last_projector_is_missed_until_one_is_back)
{
    missed(&PROJECTOR, NO_PROJECTOR);
}

Test(services, one_that_is_hung_is_missed)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 2000, .silent_ms = 1000});
    announce_all(it, &SHARD, 1);
    grant(it, &PROJECTOR);
    pass(it, 1900);
    cr_assert_eq(told(it, NO_PROJECTOR), 0);
    pass(it, 200);
    cr_assert_eq(told(it, NO_PROJECTOR), 1);
    scene_free(it);
}

Test(services, nobody_misses_what_never_was_or_has_another_beside_it)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 1000, .silent_ms = 60000});
    announce_all(it, &SHARD, 1);
    grant(it, &QUERY);
    grant(it, &OTHER);
    leave(it, QUERY.pipe);
    pass(it, 5000);
    cr_assert_eq(told(it, NO_QUERY), 0);
    cr_assert_eq(told(it, NO_PROJECTOR), 0);
    scene_free(it);
}

/* ---- leaving ---- */

static uint64_t say_goodbye(struct scene *scene, const struct party *service)
{
    return speak(scene, service, (struct work_frame){.leaving = true});
}

static struct scene *platform(void)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 2000, .silent_ms = 600000});
    announce_all(it, &SHARD, 1);
    return it;
}

Test(services, who_says_that_it_leaves_is_answered_at_once_and_not_missed)
{
    const struct party *const services[] = {&QUERY, &PROJECTOR};
    for (int i = 0; i < 2; i++) {
        struct scene *it = platform();
        grant(it, services[i]); /* takes the heads along */
        uint64_t granted = grant(it, services[i]), leaving = say_goodbye(it, services[i]);
        cr_assert(answered(it, granted));
        cr_assert(answered(it, leaving));
        leave(it, services[i]->pipe);
        pass(it, 10000);
        cr_assert_eq(told(it, NO_QUERY) + told(it, NO_PROJECTOR), 0);
        scene_free(it);
    }
}

Test(services, who_leaves_and_hangs_is_not_missed)
{
    struct scene *it = scene_new((struct broker_config){.parked_ms = 1000, .silent_ms = 1000});
    announce_all(it, &SHARD, 1);
    say_goodbye(it, &PROJECTOR);
    pass(it, 5000);
    cr_assert(closed(it, PROJECTOR.pipe));
    cr_assert_eq(told(it, NO_PROJECTOR), 0);
    scene_free(it);
}

Test(services, the_last_one_says_whether_it_is_missed)
{
    struct scene *it = platform();
    grant(it, &QUERY);
    grant(it, &OTHER);
    leave(it, OTHER.pipe); /* it died, and nobody started it again */
    say_goodbye(it, &QUERY);
    leave(it, QUERY.pipe);
    pass(it, 5000);
    cr_assert_eq(told(it, NO_QUERY), 0);
    scene_free(it);

    it = platform();
    grant(it, &QUERY);
    grant(it, &OTHER);
    say_goodbye(it, &QUERY);
    leave(it, QUERY.pipe);
    leave(it, OTHER.pipe);
    pass(it, 2010);
    cr_assert_eq(told(it, NO_QUERY), 1);
    scene_free(it);
}

Test(services, who_leaves_gets_no_work_also_for_a_frame_that_comes_late)
{
    struct scene *it = platform();
    struct work work;
    say_goodbye(it, &QUERY);
    ask(it, CLIENT, &(struct asked){.operation = operation_query}, 1);
    uint64_t late = grant(it, &QUERY);
    work_at(it, late, &work);
    cr_assert_eq(work.count, 0);
    uint64_t other = grant(it, &OTHER);
    work_at(it, other, &work);
    cr_assert_eq(work.count, 1);
    scene_free(it);
}

Test(services, a_shard_does_not_leave_like_that)
{
    struct scene *it = scene_new((struct broker_config){0});
    uint64_t granted = announce_all(it, &SHARD, 1), leaving = say_goodbye(it, &SHARD);
    struct work work;
    deposit(it, CLIENT, account_in(1, 0));
    work_at(it, granted, &work);
    cr_assert_eq(work.count, 1);
    cr_assert_not(answered(it, leaving));
    scene_free(it);
}

Test(services, a_query_that_nobody_answers_is_told_for_a_minute)
{
    struct scene *it = platform();
    say_goodbye(it, &QUERY);
    leave(it, QUERY.pipe);
    uint64_t asked = ask(it, CLIENT, &(struct asked){.operation = operation_query}, 1);
    pass(it, 1900);
    cr_assert_eq(told(it, NO_QUERY), 0);
    pass(it, 200);
    cr_assert_eq(status_at(it, asked, 0), status_unavailable);
    cr_assert_eq(told(it, NO_QUERY), 1);
    pass(it, 59000);
    cr_assert_eq(told(it, NO_QUERY), 1);
    cr_assert_eq(told(it, NO_PROJECTOR), 0);
    pass(it, 1000);
    cr_assert_eq(told(it, NO_QUERY), 0);
    scene_free(it);
}

Test(services, what_several_see_is_told_once)
{
    struct scene *it = scene_new((struct broker_config){0});
    struct buffer alarms = {0};
    write_array(&alarms, 2);
    write_string(&alarms, "a projection stands still");
    write_string(&alarms, "a projection stands still");
    announce_all(it, &SHARD, 1);
    speak(it, &QUERY, (struct work_frame){.alarms = buffer_slice(&alarms)});
    speak(it, &OTHER, (struct work_frame){.alarms = buffer_slice(&alarms)});
    cr_assert_eq(told(it, "a projection stands still"), 1);
    buffer_fini(&alarms);
    scene_free(it);
}
