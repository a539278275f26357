/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The read models' own database behind one const table of functions: SQLite (sqlite:DIRECTORY, one file, one writing
 * process, any number of reading ones) or PostgreSQL. model.h has the layout. Projectors write, query services read.
 *
 * A handle belongs to one thread. Faults as in the event store: error_locked, error_fenced, error_no_space,
 * error_unreachable, error_corrupt, error_newer_schema, error_io, ...; fault->text is for a person. */
#ifndef READMODEL_DATABASE_H
#define READMODEL_DATABASE_H

#include "services/readmodel/model.h"
#include "services/store/store.h"

/* "sqlite" or "postgresql", whose tables of functions are known by these names; "" for a URL that is neither. */
const char *database_scheme(const char *url);

enum build_state { BUILD_BUILDING, BUILD_LIVE, BUILD_RETIRED };

struct build {
    uint32_t id;
    struct slice projection; /* "bank": the automatic read models of a namespace; "bank.NAME": a hand-written one */
    uint64_t fingerprint;
    uint64_t incarnation; /* of the log that it is made from */
    enum build_state state;
    uint32_t model_count;
    struct model *models; /* models[i] is table m<id>_<i> */
};

struct builds {
    uint32_t count;
    struct build *builds;
    uint64_t incarnation; /* of the log that the live ones are made from */
    uint64_t log;         /* that of the log whose projector wrote here last, and its partitions; 0: not known */
    uint32_t partitions;
    uint64_t change; /* differs when anything of the list does */
};
void builds_fini(struct builds *builds);

struct checkpoint {
    uint64_t seq;       /* every record up to it is in the rows */
    int64_t time_us;    /* of that record */
    uint64_t halted;    /* the record that cannot be projected; 0: none */
    struct slice fault; /* why */
};

/* A row as it shall be; deleted_us 0: it is there. */
struct row {
    struct slice realm, id, creator, updater;
    uint64_t version;
    int64_t created_us, updated_us, deleted_us;
    struct slice data; /* the canonical msgpack map */
};

/* One value of a statement, or of a column that a statement gave. */
enum value_kind { VALUE_NULL, VALUE_INTEGER, VALUE_DOUBLE, VALUE_TEXT, VALUE_BYTES };
struct value {
    enum value_kind kind;
    union {
        int64_t integer;
        double number;
        struct slice text; /* or bytes */
    };
};

#endif
