/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The process around the core: what it has open, and the parts of its loop.
 *
 *   main.c     opens and closes, the loop          turn.c     one turn: read, fold, commit
 *   modules.c  what is to be projected             report.c   metrics and alarms
 *   builds.c   which builds there are              live.c     how builds come and go
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

/* One that was loaded. */
struct module {
    struct domain *domain;
    uint64_t fingerprint; /* of all that it describes */
    bool latest;          /* no later module of its namespace was given to this process */
    enum module_rank rank, told;
};

/* The automatic read models of one module, or one of its hand-written projections. */
struct projection {
    const struct module *module;
    const struct domain_projection *hand; /* NULL: automatic */
    char name[160];                       /* NAMESPACE or NAMESPACE.NAME */
    uint64_t fingerprint;
    struct model *models; /* of its resources, in the description's order */
    uint32_t model_count;
};

/* A build that is projected here, at its place in the core. */
struct running {
    uint32_t id; /* 0: the place is free */
    enum build_state state;
    const struct projection *projection;
    uint32_t analyzed; /* so many of its tables have statistics */
};

struct service {
    struct projector_settings settings;
    struct inbox *inbox;
    struct module modules[PROJECTIONS_MAX];
    uint32_t module_count;
    struct projection projections[PROJECTIONS_MAX];
    uint32_t projection_count;
    struct store *store;
    struct store_info log;
    struct writer *writer;
    struct core *core;
    struct fold *fold;
    struct tls *tls;
    struct worker *worker; /* NULL: no brokers are known, and the log is polled */
    uint64_t epoch;        /* of the last beat */
    struct builds builds;  /* as last read */
    struct running running[CORE_BUILDS_MAX];
    struct store_partition *heads;
    struct checkpoint *checkpoints; /* scratch, one a partition */
    struct buffer checkpoint_memory;
    struct page_read *pages;
    struct checkpoint_move *moves;
    size_t page_capacity, move_capacity;
    /* when, monotonic */
    uint64_t beat_us, builds_us, requests_us, drops_us, retry_us, moved_us;
    bool ready;
    char failure[320]; /* why nothing can be written or read at present; empty: it can */
};

/* ---- modules.c ---- */
/* Fills projections from the loaded modules; error_full. */
enum error projections_fill(struct service *service);
void projections_free(struct service *service);
/* Are its rows those of all partitions together? */
bool projection_is_shared(const struct projection *projection);
/* Does its module make builds? */
bool projection_rules(const struct projection *projection);
/* Looks which modules are the newest; those that are not known yet enter. */
enum error modules_see(struct service *service, struct store_fault *fault);
/* A projection is to be built anew whose module was overtaken by one that nobody has. */
enum error module_return(struct service *service, const struct module *module, struct store_fault *fault);

/* ---- builds.c ---- */
/* Tells that this process is there, and takes up the slots that it has from now on. */
enum error builds_beat(struct service *service, uint64_t now_us, struct store_fault *fault);
/* Nothing is this process's until the next beat. */
void builds_lose(struct service *service);
/* Looks at the builds, takes up those whose modules are here and leaves those that are gone. */
enum error builds_see(struct service *service, uint64_t now_us, struct store_fault *fault);
/* The build of a number, the live one of a projection in this log; NULL: there is none. */
const struct build *build_find(const struct service *service, uint32_t id);
const struct build *live_find(const struct service *service, struct slice projection);
uint32_t place_find(const struct service *service, uint32_t id);

/* ---- live.c ---- */
/* Looks at the builds; makes those that are missing, and takes up, switches, drops what is due. */
enum error builds_turn(struct service *service, uint64_t now_us, struct store_fault *fault);
/* The log's end was reached: what is being built may be ready to go live. */
void builds_hurry(struct service *service, uint64_t now_us);

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
