/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A consumer group seen from outside: its state, its commands, and the log that it is for. */
#ifndef CLI_GROUP_H
#define CLI_GROUP_H

#include "proto/envelope.h"
#include "services/cli/connect.h"

struct group_place {
    uint32_t partition;
    uint64_t seq;
};

struct group_partition {
    uint64_t checkpoint, failing, attempts;
    bool held;    /* by this consumer */
    bool halted;  /* waits for room among the dead letters */
    bool resting; /* its record is tried again later */
};

struct group_letter {
    struct group_place place;
    uint64_t attempts;
    bool replay;
    struct slice fault, failed_at;
};

struct group {
    struct client *client;
    const struct connect_settings *connect;
    struct slice name;
    const char *consumer; /* NULL: none */
    /* of the log */
    uint64_t incarnation;
    uint32_t partition_count;
    uint64_t *heads;
    /* the state, as last read: group_read */
    struct buffer memory;
    struct slice state;
    bool exists;
    uint32_t consumers;
    int64_t lease_ms;
    struct group_partition *partitions; /* partition_count of them */
    uint32_t letter_count;
    struct group_letter *letters;
};

/* How a request ended: an exit code, 0 for ok; code is the reply's, cut. What is wrong was not printed yet. */
struct group_outcome {
    int exit;
    enum status status;
    char code[64], message[256];
};

/* Asks for the log's size and heads. An exit code; a complaint was printed. */
int group_open(struct group *group);
void group_close(struct group *group);
/* Reads the state; what is not there yet has no partitions. An exit code; a complaint was printed. */
int group_read(struct group *group);
/* Sends one command of the platform's domain. data: its msgpack map. */
struct group_outcome group_send(struct group *group, const char *command, struct slice data);
/* Prints what went wrong; its exit code. */
int group_complain(const struct group_outcome *outcome);
/* {"consumer": ..., "place": {...}} and the like begin so. */
void group_place_write(struct buffer *out, struct group_place place);

/* One answer to follow. The slices live in memory. */
struct group_records {
    struct buffer memory;
    struct slice records; /* raw array */
    uint64_t *after;      /* partition_count places: how far it looked */
    bool more;
};
/* An exit code; a complaint was printed. records->after is made at the first call. */
int group_follow(struct group *group, const struct follow *follow, struct group_records *out);
/* The raw record at a place, whatever it is; empty when it is not there. As group_follow. */
int group_fetch(struct group *group, struct group_place place, struct group_records *page, struct slice *out);
void group_records_fini(struct group_records *records);

#endif
