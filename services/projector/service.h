/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The process around the core: what it has open, and the parts of its loop.
 *
 *   main.c     opens and closes, the loop          turn.c     one turn: read, fold, commit
 *   builds.c   which builds there are              report.c   metrics and alarms
 */
#ifndef PROJECTOR_SERVICE_H
#define PROJECTOR_SERVICE_H

#include "services/common/process.h"
#include "services/common/worker.h"
#include "services/projector/core.h"
#include "services/projector/fold.h"
#include "services/projector/settings.h"

enum {
    PROJECTIONS_MAX = 128,
    BUILDS_EVERY_US = 250000,
    BUILDS_HURRY_US = 20000, /* while something is being built and nothing is left to read */
    REQUESTS_EVERY_US = 1000000,
    DROPS_EVERY_US = 5000000,
    RETRY_US = 250000,   /* after the database or the log could not be used */
    STALL_US = 10000000, /* without progress though there is something to read */
    NO_PLACE = UINT32_MAX,
};

/* The automatic read models of one module, or one of its hand-written projections. */
struct projection {
    struct domain *domain;                /* of a hand-written one: not its own */
    const struct domain_projection *hand; /* NULL: automatic */
    char name[160];                       /* NAMESPACE or NAMESPACE.NAME */
    uint64_t fingerprint;
    struct model *models; /* of its resources, in the description's order */
    uint32_t model_count;
    bool current;   /* no later module has the namespace */
    bool was_live;  /* a build of it was seen live */
    bool overtaken; /* and is no more: another projector has a newer module */
};

/* A build that is projected here, at its place in the core. */
struct running {
    uint32_t id; /* 0: the place is free */
    enum build_state state;
    struct projection *projection;
};

struct service {
    struct projector_settings settings;
    struct inbox *inbox;
    struct projection projections[PROJECTIONS_MAX];
    uint32_t projection_count;
    struct store *store;
    struct store_info log;
    struct writer *writer;
    struct core *core;
    struct fold *fold;
    struct tls *tls;
    struct worker *worker; /* NULL: no brokers are known, and the log is polled */
    struct writer_slots slots;
    struct builds builds; /* as last read */
    struct running running[CORE_BUILDS_MAX];
    struct store_partition *heads;
    struct checkpoint *checkpoints, *others; /* scratch, one a partition each */
    struct buffer checkpoint_memory, other_memory;
    struct page_read *pages;
    struct checkpoint_move *moves;
    size_t page_capacity, move_capacity;
    /* when, monotonic */
    uint64_t beat_us, builds_us, requests_us, drops_us, retry_us, moved_us;
    bool ready;
    char failure[320]; /* why nothing can be written or read at present; empty: it can */
};

/* ---- builds.c ---- */
/* Fills projections from the loaded modules, of which there is one each; error_full. */
enum error projections_fill(struct service *service);
/* Are its rows those of all partitions together? */
bool projection_is_shared(const struct projection *projection);
void projections_free(struct service *service);
/* Looks at the builds; makes those that are missing, and takes up, switches, drops what is due. */
enum error builds_turn(struct service *service, uint64_t now_us, struct store_fault *fault);
/* The log's end was reached: what is being built may be ready to go live. */
void builds_hurry(struct service *service, uint64_t now_us);
/* Forgets what it knows of checkpoints and states, and reads the checkpoints again. */
enum error builds_reload(struct service *service, uint64_t now_us, struct store_fault *fault);

/* ---- turn.c ---- */
/* Looks how far the log is; before builds are looked at and a turn is made. */
enum error projector_heads(struct service *service, struct store_fault *fault);
/* Reads, folds and commits once; *more: there was something. */
enum error projector_turn(struct service *service, uint64_t now_us, bool *more, struct store_fault *fault);

/* ---- report.c ---- */
void projector_metrics(void *context, struct buffer *out);
uint32_t projector_alarms(void *context, struct buffer *out);
void report_turn(uint64_t took_us, int64_t oldest_us, uint64_t records);
void report_idle(void);

#endif
