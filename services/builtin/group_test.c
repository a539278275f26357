/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What consumer groups promise, told as stories. */
#include <fluvius/testing.h>

#include "group.c"

#define LIMITS                                                                                                         \
    .attempts_max = 3, .backoff_ms = 1000, .backoff_max_ms = 1500, .lease_ms = 30000, .silence_ms = 60000,             \
    .dead_letters_max = 1
#define CREATED event(created, LIMITS)
#define SECONDS(N)                                                                                                     \
    {                                                                                                                  \
        INT64_C(1785000000000000) + (N)*INT64_C(1000000)                                                               \
    }
#define AT(N) given_time(N)
#define T0 "2026-07-25T17:20:00Z" /* SECONDS(0) */
#define ITEMS(T, ...)                                                                                                  \
    {                                                                                                                  \
        .items = (const T[]){__VA_ARGS__}, .count = sizeof((const T[]){__VA_ARGS__}) / sizeof(T)                       \
    }
#define JOINED(NAME, FROM, TO, ...)                                                                                    \
    event(joined,                                                                                                      \
          .consumer = TEXT(NAME),                                                                                      \
          .at = SECONDS(FROM),                                                                                         \
          .until = SECONDS(TO),                                                                                        \
          .partitions = 4,                                                                                             \
          .taken = ITEMS(int64, __VA_ARGS__))
#define PLACE(P, SEQ) .place = {.partition = (P), .seq = (SEQ)}
#define PLACES(P, SEQ) .places = ITEMS(log_place, {.partition = (P), .seq = (SEQ)})

/* ---- its life ---- */

Test(group, a_new_group_has_usual_limits_and_begins_with_the_first_record)
{
    given();
    when_json(create_group, "{}");
    then_state(group, state->exists && state->attempts_max == 5 && state->partitions.count == 0);
}

Test(group, is_made_once)
{
    given(CREATED);
    when_json(create_group, "{}");
    then_rejected("already_exists");
}

Test(group, cannot_select_what_the_platform_itself_writes)
{
    given();
    when_json(create_group, "{\"select\": {\"namespace\": \"fluvius\"}}");
    then_rejected("reserved_namespace");
}

Test(group, can_be_made_anew_after_it_was_removed)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1, 2, 3), event(removed));
    when(join_group, .consumer = TEXT("a"), .partitions = 4);
    then_rejected("no_group");
    when_json(create_group, "{\"start\": [3, 0, 0, 7]}");
    then_state(group, state->partitions.items[3].checkpoint == 7 && state->consumers.count == 0);
}

Test(group, one_that_was_removed_takes_nothing)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1, 2, 3), event(removed));
    when(ack, .consumer = TEXT("a"), PLACES(0, 1));
    then_rejected("no_group");
    when(nack, .consumer = TEXT("a"), PLACE(0, 1));
    then_rejected("no_group");
    when_json(replay, "{}");
    then_rejected("no_group");
    when_json(discard, "{}");
    then_rejected("no_group");
    when(settle, PLACE(0, 1));
    then_rejected("no_group");
}

/* ---- consumers ---- */

Test(group, the_first_consumer_takes_every_partition)
{
    given(CREATED);
    AT(T0);
    when(join_group, .consumer = TEXT("a"), .partitions = 4);
    then(joined,
         .consumer = TEXT("a"),
         .at = SECONDS(0),
         .until = SECONDS(30),
         .partitions = 4,
         .taken = ITEMS(int64, 0, 1, 2, 3));
}

Test(group, a_second_one_waits_until_the_first_gives_its_share_back)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1, 2, 3));
    AT(T0);
    when(join_group, .consumer = TEXT("b"), .partitions = 4);
    then_state(group, state->consumers.count == 2 && text_equal(state->partitions.items[3].holder, TEXT("a")));
    when_json(leave_group, "{\"consumer\": \"a\", \"partitions\": [2, 3]}");
    when(join_group, .consumer = TEXT("b"), .partitions = 4);
    then(joined,
         .consumer = TEXT("b"),
         .at = SECONDS(0),
         .until = SECONDS(30),
         .partitions = 4,
         .taken = ITEMS(int64, 2, 3));
}

Test(group, what_a_silent_consumer_held_is_taken_by_others)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1, 2, 3));
    AT("2026-07-25T17:20:31Z");
    when(join_group, .consumer = TEXT("b"), .partitions = 4);
    then_state(group, state->consumers.count == 1 && text_equal(state->partitions.items[0].holder, TEXT("b")));
    when(ack, .consumer = TEXT("a"), PLACES(0, 5));
    then_rejected("not_held");
}

Test(group, who_leaves_holds_nothing)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1, 2, 3));
    when_json(leave_group, "{\"consumer\": \"a\"}");
    then_state(group, state->consumers.count == 0 && state->partitions.items[1].holder.data == NULL);
    when_json(leave_group, "{\"consumer\": \"a\"}");
    then_nothing();
}

/* ---- progress ---- */

Test(group, checkpoints_only_move_on)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1));
    when(ack, .consumer = TEXT("a"), PLACES(1, 9));
    then_state(group, state->partitions.items[1].checkpoint == 9 && state->acked_at.present);
    when(ack, .consumer = TEXT("a"), PLACES(1, 8));
    then_nothing();
}

Test(group, only_the_holder_acknowledges)
{
    given(CREATED, JOINED("a", 0, 30, 0, 1));
    when(ack, .consumer = TEXT("a"), PLACES(3, 1));
    then_rejected("not_held");
    when(nack, .consumer = TEXT("b"), PLACE(0, 1));
    then_rejected("not_held");
}

Test(group, a_failure_is_tried_again_later_and_what_came_before_is_done)
{
    given(CREATED, JOINED("a", 0, 30, 0));
    AT(T0);
    when(nack, .consumer = TEXT("a"), PLACE(0, 4), .fault = TEXT("no"));
    then(failed, PLACE(0, 4), .attempts = 1, .fault = TEXT("no"), .retry_at = SECONDS(1));
    then_state(group, state->partitions.items[0].checkpoint == 3 && state->partitions.items[0].failing == 4);
    AT("2026-07-25T17:20:01Z");
    when(nack, .consumer = TEXT("a"), PLACE(0, 4));
    then_state(group,
               state->partitions.items[0].attempts == 2 &&
                   state->partitions.items[0].retry_at.value.microseconds == INT64_C(1785000002500000));
    when(ack, .consumer = TEXT("a"), PLACES(0, 4));
    then_state(group, state->partitions.items[0].failing == 0 && !state->partitions.items[0].retry_at.present);
}

#define FAILED_TWICE(SEQ)                                                                                              \
    event(failed, PLACE(0, SEQ), .attempts = 1, .fault = TEXT(""), .retry_at = SECONDS(1)),                            \
        event(failed, PLACE(0, SEQ), .attempts = 2, .fault = TEXT(""), .retry_at = SECONDS(2))
#define SET_ASIDE(SEQ) event(dead_lettered, PLACE(0, SEQ), .attempts = 3, .fault = TEXT("bad"), .at = SECONDS(3))

Test(group, the_last_try_sets_a_record_aside_and_the_partition_goes_on)
{
    given(CREATED, JOINED("a", 0, 30, 0), FAILED_TWICE(4));
    AT("2026-07-25T17:20:03Z");
    when(nack, .consumer = TEXT("a"), PLACE(0, 4), .fault = TEXT("bad"));
    then(dead_lettered, PLACE(0, 4), .attempts = 3, .fault = TEXT("bad"), .at = SECONDS(3));
    then_state(group,
               state->partitions.items[0].checkpoint == 4 && state->partitions.items[0].failing == 0 &&
                   state->dead_letters.count == 1);
}

Test(group, a_partition_halts_when_no_more_can_be_set_aside_and_goes_on_when_there_is_room)
{
    given(CREATED, JOINED("a", 0, 30, 0), SET_ASIDE(4), FAILED_TWICE(5));
    when(nack, .consumer = TEXT("a"), PLACE(0, 5), .fault = TEXT("worse"));
    then(halted, PLACE(0, 5), .attempts = 3, .fault = TEXT("worse"));
    then_state(group, state->partitions.items[0].halted && state->partitions.items[0].checkpoint == 4);
    when_json(discard, "{}");
    then_state(group, !state->partitions.items[0].halted && state->dead_letters.count == 0);
    when(nack, .consumer = TEXT("a"), PLACE(0, 5), .fault = TEXT("worse"));
    then_state(group, state->partitions.items[0].checkpoint == 5 && state->dead_letters.count == 1);
}

/* ---- dead letters ---- */

Test(group, a_dead_letter_that_is_replayed_well_is_gone)
{
    given(CREATED, JOINED("a", 0, 30, 0), SET_ASIDE(4));
    when_json(replay, "{}");
    then(replay_asked, PLACES(0, 4));
    then_state(group, state->dead_letters.items[0].replay);
    when(settle, PLACE(0, 4));
    then(replayed, PLACE(0, 4));
    then_state(group, state->dead_letters.count == 0);
    when(settle, PLACE(0, 4));
    then_nothing();
}

Test(group, one_that_fails_again_stays_set_aside)
{
    given(CREATED, JOINED("a", 0, 30, 0), SET_ASIDE(4), event(replay_asked, PLACES(0, 4)));
    AT(T0);
    when(settle, PLACE(0, 4), .fault = TEXT("still bad"));
    then(replay_failed, PLACE(0, 4), .fault = TEXT("still bad"), .at = SECONDS(0));
    then_state(group, !state->dead_letters.items[0].replay && state->dead_letters.items[0].attempts == 4);
}

Test(group, only_dead_letters_are_replayed_and_discarded)
{
    given(CREATED, JOINED("a", 0, 30, 0), SET_ASIDE(4));
    when(replay, PLACES(0, 5));
    then_rejected("no_dead_letter");
    when(discard, PLACES(1, 4));
    then_rejected("no_dead_letter");
}
