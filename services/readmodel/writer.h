/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing read models: what projectors do with the database. Builds are made, go live, are retired and dropped; rows
 * and the checkpoints that cover them are committed in one transaction, which takes effect only while its writer holds
 * the slots of its partitions and the checkpoints are where it found them. So each record has its effect once, whoever
 * died, slept or was cut off meanwhile.
 *
 * Durability. A commit need not be on disk when it returns (SQLite: synchronous = NORMAL, PostgreSQL:
 * synchronous_commit = off): after a crash of the machine a tail of commits may be missing, but always rows and
 * checkpoints together, and the log from which they are made again is durable. Waiting for the disk would buy nothing.
 *
 * Slots. On SQLite a kernel lock on DIRECTORY/read.lock lets one process write, and the one slot is its own as long as
 * the writer is open. On PostgreSQL each build has 16 slots, partition p in slot p mod 16, which are shared among the
 * projectors that have a module for it. Whose lease has run out, by the server's clock, loses all its slots to the
 * others; each beat renews it.
 *
 * Modules. Of those of one namespace the newest makes builds: which it is the database remembers, in the order in which
 * they came. On SQLite it is that of the one projector there is.
 *
 * A writer belongs to one thread. Errors and faults as in database.h. */
#ifndef READMODEL_WRITER_H
#define READMODEL_WRITER_H

#include "services/readmodel/database.h"

#define WRITER_BUILDS_MAX 256

struct writer;

struct writer_config {
    const char *url;    /* sqlite:DIRECTORY or postgresql://... */
    const char *holder; /* who writes, for people: "projector pid 4711" */
    uint64_t boot;      /* random, fits int64_t: tells this process from others */
    uint32_t lease_ms;  /* 0: 3,000 */
    uint32_t partitions;
    uint64_t incarnation; /* of the log; put into a database that is made. 0: it makes and follows nothing (forget.c) */
};

/* Makes the database or brings it up to date first. error_locked while another process writes the file. */
enum error writer_open(struct writer **out, const struct writer_config *config, struct store_fault *fault);
/* Gives its slots back. */
void writer_close(struct writer **writer);
/* Only what writer_open does first, for `fluvius migrate`. */
enum error writer_migrate(const char *url, struct store_fault *fault);

/* What a projector has: it gets slots of these builds, no more than WRITER_BUILDS_MAX. */
struct writer_has {
    const uint64_t *builds;
    uint32_t build_count;
    const uint64_t *modules; /* fingerprints of those that are the latest of their namespaces here */
    uint32_t module_count;
};
struct writer_slots {
    uint32_t count;                   /* how many each build has; partition p is in slot p mod count */
    uint64_t epoch;                   /* another one: whatever was known of checkpoints and rows may be old */
    uint64_t held[WRITER_BUILDS_MAX]; /* of builds[i], bit s: slot s is this writer's */
};
/* Renews the writer's lease, takes its share of the slots that are free, gives back what is more. Call it three times a
 * lease. What this process had under way over a connection that was lost has ended when it returns. */
enum error
writer_beat(struct writer *writer, const struct writer_has *has, struct writer_slots *out, struct store_fault *fault);

/* ---- modules ---- */

struct module_key {
    struct slice namespace;
    uint64_t fingerprint; /* of all that the module describes */
};
enum module_rank {
    MODULE_UNKNOWN,   /* it has not entered */
    MODULE_NEWEST,    /* it makes builds */
    MODULE_OVERTAKEN, /* a projector that is there has the newest */
    MODULE_ORPHANED,  /* nobody has the newest */
};
enum error writer_ranks(struct writer *writer,
                        const struct module_key *modules,
                        uint32_t count,
                        enum module_rank *out,
                        struct store_fault *fault);
/* Makes a module known: as the newest, if it is the latest of its namespace here. asked: also one that was orphaned
 * becomes the newest again. */
enum error writer_enter(
    struct writer *writer, const struct module_key *module, bool latest, bool asked, struct store_fault *fault);

/* ---- builds ---- */

/* All of them, as they are now. */
enum error writer_builds(struct writer *writer, struct builds *out, struct store_fault *fault);

struct build_plan {
    struct module_key module; /* nothing happens unless it is the newest */
    struct slice projection;
    uint64_t fingerprint, incarnation;
    const struct model *models;
    uint32_t model_count;
    bool anew; /* though there is one: an open request says so, and is answered by this */
};
/* Makes the tables of a new build, with all checkpoints at 0, and retires those of the projection that were still being
 * built. When it is there already, or nobody asks for it anew, nothing happens. */
enum error writer_build(struct writer *writer, const struct build_plan *plan, struct store_fault *fault);
/* Makes these builds live and retires the live ones of their projections, in one transaction; from then on the
 * database is made from this incarnation of the log. *done false, and nothing has changed: one of them is no longer
 * being built, or is not as far as the live one of this incarnation in all partitions. */
enum error writer_switch(struct writer *writer,
                         const uint32_t *builds,
                         uint32_t count,
                         uint64_t incarnation,
                         bool *done,
                         struct store_fault *fault);
/* Makes statistics of one table of a build, so that its first queries are planned for what it has, not for an empty
 * one. Takes a third of a lease at most; what is not done by then the server will do. */
enum error writer_analyze(struct writer *writer, uint32_t build, uint32_t number, struct store_fault *fault);
/* Retires a build whatever its state: its projection is no more, and nobody is to be told of rows that stay as they
 * are. Fine when it is retired or gone already. */
enum error writer_retire(struct writer *writer, uint32_t build, struct store_fault *fault);
/* Drops what was retired longer ago than this, so that readers have long gone on to the next. */
enum error writer_drop(struct writer *writer, uint64_t retired_us, uint32_t *dropped, struct store_fault *fault);

/* For `fluvius rebuild --drop`: retires the builds of a projection that are there, or of all of a namespace, so that
 * nobody reads or watches them any more; the next projector that runs drops them as others that were retired.
 * error_locked, and nothing is changed, while a projector runs that could write them; error_not_found and
 * error_missing_schema: there are none, or no database. */
enum error writer_forget(const char *url, struct slice name, uint64_t boot, uint32_t *ended, struct store_fault *fault);

/* ---- requests: what `fluvius rebuild` asks for ---- */

enum error writer_request(const char *url, struct slice projection, struct store_fault *fault);
/* Is there one for this projection? */
enum error writer_requested(struct writer *writer, struct slice projection, bool *out, struct store_fault *fault);

/* ---- rows and checkpoints ---- */

/* One for each partition of the log; fault is a view into memory, which is cleared first. */
enum error writer_checkpoints(
    struct writer *writer, uint32_t build, struct checkpoint *out, struct buffer *memory, struct store_fault *fault);

struct row_key {
    struct slice realm, id;
};
/* Visits, in any order, those of the rows that are there; the row's slices are valid during the call. */
enum error writer_load(struct writer *writer,
                       uint32_t build,
                       uint32_t number, /* of the table: models[number] */
                       const struct row_key *keys,
                       size_t count,
                       enum error (*visit)(void *context, size_t index, const struct row *row),
                       void *context,
                       struct store_fault *fault);

/* Rows of one table, each key once; they replace what is there. */
struct row_set {
    uint32_t build, number;
    const struct model *model;
    const struct row *rows;
    size_t count;
};

struct checkpoint_move {
    uint32_t build, partition;
    uint64_t from; /* where it was; it must still be there */
    struct checkpoint to;
};

struct row_batch {
    const struct row_set *sets;
    size_t set_count;
    const struct checkpoint_move *moves;
    size_t move_count;
};
/* All or nothing. error_fenced: a slot or a checkpoint is another projector's by now. error_invalid_data: a row does
 * not fit its table, fault says which. After error_unknown_outcome read the checkpoints again. */
enum error writer_commit(struct writer *writer, const struct row_batch *batch, struct store_fault *fault);

#endif
