/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a consumer group is: its records, commands and events. Part of group.c alone.
 *
 * A group remembers how far its consumers have come with the records that it selects, partition by partition. Consumers
 * join it and hold partitions under leases, which end by the time of commands; they read the log themselves (operation
 * follow), from the checkpoints that stand here.
 *
 *     acked             the checkpoint moves on: everything up to it is done
 *     failed            a record could not be handled: its partition waits until retry_at, then it is handed out again;
 *                       nothing behind it is handed out before, so the partition's order is kept and nothing is skipped
 *     dead_lettered     it failed attempts_max times: it is set aside, and the partition goes on
 *     halted            it should be set aside, but dead_letters_max are: the partition waits until there is room
 *
 * All of it is bounded: partitions by the log's number, consumers by CONSUMERS_MAX, dead letters by dead_letters_max.
 */
#ifndef BUILTIN_GROUP_DECLARE_H
#define BUILTIN_GROUP_DECLARE_H

#include <fluvius/domain.h>

#define PARTITIONS_MAX 4096
#define CONSUMERS_MAX 256

/* ---- state ---- */

RECORD(selection,
       "Which records a group is for; what is left out selects all.",
       OPTIONAL(text,
                namespace,
                "Of one namespace. Records of the platform's own, fluvius, are never selected.",
                .max_length = 256),
       OPTIONAL(text, resource, "Of one resource.", .max_length = 256),
       OPTIONAL(text, identifier, "Of one aggregate.", .max_length = 256),
       LIST(text, types, "Of these event types.", .max_items = 64));

RECORD(group_member, "Who takes part.", FIELD(text, name), FIELD(timestamp, until, "When its lease ends."));

RECORD(partition_progress,
       "How far a partition has been handled.",
       FIELD(int64, checkpoint, "Every record up to this seq is done, or among the dead letters."),
       OPTIONAL(text, holder, "The consumer that may acknowledge."),
       FIELD(int64, failing, "The record that could not be handled yet; 0: none."),
       FIELD(int64, attempts, "How often it was tried."),
       OPTIONAL(text, fault, "Why it failed last."),
       OPTIONAL(timestamp, retry_at, "Not handed out before."),
       FIELD(bool, halted, "There is no room for another dead letter."));

RECORD(dead_letter,
       "A record that was set aside.",
       FIELD(int64, partition),
       FIELD(int64, seq),
       FIELD(int64, attempts),
       FIELD(text, fault),
       FIELD(timestamp, failed_at),
       FIELD(bool, replay, "To be handed out again."));

AGGREGATE(group,
          "A consumer group: who handles which records, and how far.",
          FIELD(bool, exists),
          FIELD(selection, select),
          FIELD(int64, attempts_max),
          FIELD(int64, backoff_ms),
          FIELD(int64, backoff_max_ms),
          FIELD(int64, lease_ms),
          FIELD(int64, silence_ms),
          FIELD(int64, dead_letters_max),
          LIST(group_member, consumers, "By name.", .max_items = CONSUMERS_MAX),
          LIST(partition_progress, partitions, "By number.", .max_items = PARTITIONS_MAX),
          LIST(dead_letter, dead_letters, "In the order in which they failed.", .max_items = 1000),
          OPTIONAL(timestamp, acked_at, "When a consumer last moved a checkpoint."));

/* ---- its life ---- */

COMMAND(
    group,
    create_group,
    ("Make a consumer group.", .name = "create", .creates = true),
    OPTIONAL(selection, select, "Which records it is for; left out: all."),
    FIELD(int64, attempts_max, "Tries before a record is set aside.", .min = 1, .max = 1000, .fallback = "5"),
    FIELD(int64, backoff_ms, "Wait after the first failure; doubles.", .min = 0, .max = 3600000, .fallback = "1000"),
    FIELD(int64, backoff_max_ms, "The longest wait.", .min = 0, .max = 86400000, .fallback = "60000"),
    FIELD(int64,
          lease_ms,
          "A silent consumer's partitions go to others.",
          .min = 1000,
          .max = 3600000,
          .fallback = "30000"),
    FIELD(
        int64, silence_ms, "An alarm when records wait this long.", .min = 1000, .max = 604800000, .fallback = "60000"),
    FIELD(int64, dead_letters_max, "More of them halt their partition.", .min = 1, .max = 1000, .fallback = "100"),
    LIST(int64,
         start,
         "Where to begin: a seq for each partition; empty: with the first record.",
         .min = 0,
         .max_items = PARTITIONS_MAX));
EVENT(group,
      created,
      "A group was made.",
      FIELD(selection, select),
      FIELD(int64, attempts_max),
      FIELD(int64, backoff_ms),
      FIELD(int64, backoff_max_ms),
      FIELD(int64, lease_ms),
      FIELD(int64, silence_ms),
      FIELD(int64, dead_letters_max),
      LIST(int64, start, "", .max_items = PARTITIONS_MAX));

COMMAND(group, remove_group, ("Forget a group and its progress.", .name = "remove"));
EVENT(group, removed, "A group was forgotten.");

/* ---- consumers ---- */

COMMAND(group,
        join_group,
        ("Take part, or stay: renews the lease, and takes a fair share of the partitions that nobody holds.",
         .name = "join"),
        FIELD(text, consumer, "A name of its own.", .min_length = 1, .max_length = 128),
        FIELD(int64, partitions, "How many the log has.", .min = 1, .max = PARTITIONS_MAX));
EVENT(group,
      joined,
      "A consumer takes part until a time, and holds more partitions.",
      FIELD(text, consumer),
      FIELD(timestamp, until),
      FIELD(timestamp, at),
      FIELD(int64, partitions),
      LIST(int64, taken, "", .max_items = PARTITIONS_MAX));

COMMAND(group,
        leave_group,
        ("Give partitions back.", .name = "leave"),
        FIELD(text, consumer, "", .min_length = 1, .max_length = 128),
        LIST(int64, partitions, "These; empty: all, and take part no more.", .min = 0, .max_items = PARTITIONS_MAX));
EVENT(group,
      left,
      "A consumer gave partitions back.",
      FIELD(text, consumer),
      FIELD(bool, all),
      LIST(int64, partitions, "", .max_items = PARTITIONS_MAX));

/* ---- progress ---- */

RECORD(log_place,
       "A record's place in the log.",
       FIELD(int64, partition, "", .min = 0, .max = PARTITIONS_MAX - 1),
       FIELD(int64, seq, "", .min = 1));

COMMAND(group,
        ack,
        "Everything up to these places is done.",
        FIELD(text, consumer, "", .min_length = 1, .max_length = 128),
        LIST(log_place, places, "", .min_items = 1, .max_items = PARTITIONS_MAX));
EVENT(group,
      acked,
      "Checkpoints moved on.",
      FIELD(timestamp, at),
      LIST(log_place, places, "", .max_items = PARTITIONS_MAX));

COMMAND(group,
        nack,
        "Everything before this place is done; the record there could not be handled.",
        FIELD(text, consumer, "", .min_length = 1, .max_length = 128),
        FIELD(log_place, place),
        OPTIONAL(text, fault, "Why.", .max_length = 500));
EVENT(group,
      failed,
      "A record will be tried again.",
      FIELD(log_place, place),
      FIELD(int64, attempts),
      FIELD(text, fault),
      FIELD(timestamp, retry_at));
EVENT(group,
      dead_lettered,
      "A record was set aside.",
      FIELD(log_place, place),
      FIELD(int64, attempts),
      FIELD(text, fault),
      FIELD(timestamp, at));
EVENT(group,
      halted,
      "A record should be set aside, but there is no room: its partition waits.",
      FIELD(log_place, place),
      FIELD(int64, attempts),
      FIELD(text, fault));

/* ---- dead letters ---- */

COMMAND(group,
        replay,
        "Hand dead letters out again.",
        LIST(log_place, places, "These; empty: all.", .max_items = 1000));
EVENT(group, replay_asked, "Dead letters are to be handed out again.", LIST(log_place, places, "", .max_items = 1000));

COMMAND(group, discard, "Forget dead letters.", LIST(log_place, places, "These; empty: all.", .max_items = 1000));
EVENT(group, discarded, "Dead letters were forgotten.", LIST(log_place, places, "", .max_items = 1000));

COMMAND(group,
        settle,
        "What became of a dead letter that was handed out again.",
        FIELD(log_place, place),
        OPTIONAL(text, fault, "Why it failed again; left out: it is done.", .max_length = 500));
EVENT(group, replayed, "A dead letter is done.", FIELD(log_place, place));
EVENT(group,
      replay_failed,
      "A dead letter failed again.",
      FIELD(log_place, place),
      FIELD(text, fault),
      FIELD(timestamp, at));

#endif
