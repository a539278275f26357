/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request on its way through the shard: what was asked, by whom, where the answer goes, and, once it is known, the
 * answer itself. A job is made from a broker's item, waits in an actor's mailbox, then perhaps for a commit, and is
 * freed when its reply has been written. All its slices point into its own bytes. Pure. */
#ifndef SHARD_JOB_H
#define SHARD_JOB_H

#include "fluvius/host.h"
#include "fluvius/runtime.h"
#include "proto/envelope.h"

struct outcome {
    enum status status;
    bool has_version, has_position;
    uint64_t version, seq;
    struct slice code, message; /* constant text, or in text */
    struct buffer text;         /* a code and a message that had to be copied */
    struct buffer faults;       /* array of fault maps, when size > 0 */
    struct buffer body;         /* data, when size > 0 */
    uint32_t retry_ms;
};

struct job {
    struct runtime_message message; /* first: jobs are the runtime's messages */
    struct job *next;               /* while it waits for a commit */
    uint32_t link;                  /* the broker it came from */
    uint64_t key;                   /* that broker's name for it */
    struct request request;
    struct slice user, realm;
    bool made_identifier;
    struct stream stream;
    uint64_t stream_hash;
    struct slice stream_key; /* the stream's four parts, each behind a 16-bit length */
    uint32_t partition, unit;
    bool has_unit;        /* it is counted there */
    uint64_t deadline_us; /* monotonic */
    const struct domain_resource *resource;
    const struct domain_command *command;
    uint8_t hash[16];   /* payload hash, of commands */
    bool receipt_asked; /* the store was asked and knew no receipt */
    uint64_t *heads;    /* of the log, by partition, where the command names places in it; owned */
    struct outcome outcome;
    size_t size;
    uint8_t bytes[]; /* the item, then the stream key */
};

/* Copies and decodes an item; now_us is monotonic. error_no_memory, or an envelope error with its field. */
enum error job_new(struct job **out, struct slice item, uint32_t link, uint64_t now_us, struct envelope_fault *fault);
void job_free(struct job **job);
/* Asks the processor for what a reply needs of a job that has waited long; NULL does nothing. */
static inline void job_prefetch(const struct job *job)
{
    enum { LINE_BYTES = 64 };
    for (size_t at = 0; job != NULL && at < sizeof *job; at += LINE_BYTES)
        __builtin_prefetch((const char *)job + at);
}

/* Sets the outcome; code and message are constant texts. */
void job_fail(struct job *job, enum status status, const char *code, const char *message);
/* Likewise, copying texts that will not last. */
void job_fail_copy(struct job *job, enum status status, struct slice code, struct slice message);

/* Appends [key, status, reply]. */
void job_reply(const struct job *job, uint64_t incarnation, struct buffer *out);

/* Reads the parts of a stream key. */
void stream_key_parse(struct slice key, struct stream *out);

#endif
