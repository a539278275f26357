/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A log in memory, and followers of it whose answers are kept: what tests of the follow core are told with. */
#ifndef TEST_FOLLOW_LOG_H
#define TEST_FOLLOW_LOG_H

#include "services/follow/core.h"

#define PARTITIONS 4
#define INCARNATION UINT64_C(0xab)

/* A new core on an empty log with room for so many followers. */
void log_begin(uint32_t followers_max);
void log_end(void);
struct follow_core *core(void);
const struct follow_source *log_source(void);

/* Adds an event "default:bank.account/ID" (or as the text says), at this time; its data is {}. */
void add(uint32_t partition, const char *stream, const char *type, int64_t time_us);
/* How often the store was read since the last call, and how many rows it gave. */
uint32_t reads_taken(void);
uint32_t rows_taken(void);
/* From now on the store fails, or not. */
void store_fails(bool fails);

/* Asks with this data (JSON) as a user of realm default; key names the answer. */
void ask(uint64_t key, const char *json);
void ask_as_service(uint64_t key, const char *json);
/* Turns at this time until nothing is left to do, at most so many. */
void turns(uint64_t now_us, uint32_t most);

/* The answer to a key: "P.SEQ P.SEQ ..." of its records, or "STATUS CODE"; NULL when there is none yet. */
const char *answer(uint64_t key);
/* The position of that answer, and whether there was more. */
const char *answer_position(uint64_t key);
bool answer_more(uint64_t key);

#endif
