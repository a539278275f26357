/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a read model looks like: a table of rows with typed fields, known by name as NAMESPACE.NAME. Each aggregate has
 * one made from its state record; hand-written projections declare theirs. Pure data; nothing here knows a database.
 *
 * Layout of the read model's database (deploy/schema/readmodel-*): an SQLite file DIRECTORY/read.db, or the schema
 * fluvius_read of a PostgreSQL server. Nothing that a user or a domain names becomes part of SQL text: tables are
 * m<build>_<number>, columns c<number>.
 *
 *   meta        key, value                           format; incarnation of the log that it was built from; SQLite:
 *                                                    log, partitions: the log that its projector follows
 *   build       id, projection, fingerprint, incarnation (of its log), state, models, created_us, changed_us
 *               state: 0 building, 1 live, 2 retired; one live build a projection; models: msgpack, model_write
 *   checkpoint  build, partition, seq, time_us, halted, fault     commits with the rows it covers
 *   slot        SQLite: slot, epoch, holder, until_us             whose the file is, and projector, module in
 *               PostgreSQL: build, slot, boot                     PostgreSQL: every transaction that writes rows checks
 *                                                                 that nobody has taken its writer's slots
 *   m<build>_<number>   _realm, _id, _etag, _created, _updated, _creator, _updater, _deleted, _text, _row, c0, c1, ...
 *               key (_realm, _id); times in microseconds, _deleted null while the row is there; _row: all of the
 *               row as its readers get it, one JSON object (row_text.h); c<i>: model->fields[i], null where the row has
 *               none
 *
 * Column types: BOOL, INT64, DECIMAL (units of 10^-scale), TIMESTAMP (microseconds) and DATE (days) are 64-bit integers
 * (BOOL: 0 or 1), DOUBLE a double, TEXT UUID ENUM BYTES their text as it is in _row (U+0000 becomes U+FFFD), LIST and
 * MAP their JSON with sorted keys (PostgreSQL: jsonb). */
#ifndef READMODEL_MODEL_H
#define READMODEL_MODEL_H

#include "proto/error.h"
#include "proto/reader.h"
#include "proto/writer.h"

enum model_kind {
    MODEL_BOOL = 1,
    MODEL_INT64,
    MODEL_DOUBLE,
    MODEL_DECIMAL,
    MODEL_TEXT,
    MODEL_BYTES,
    MODEL_UUID,
    MODEL_TIMESTAMP,
    MODEL_DATE,
    MODEL_ENUM,
    MODEL_LIST,
    MODEL_MAP,
};

#define MODEL_FIELDS_MAX 512

/* A nested record is no field of its own: its fields are, by dotted names ("holder.given"). Records within lists and
 * maps stay inside them. */
struct model_field {
    struct slice name; /* dotted path in the row */
    struct slice doc;
    enum model_kind kind, item; /* item: of LIST and MAP; 0 for records and lists in them */
    uint32_t scale;             /* DECIMAL */
    struct slice values;        /* ENUM: raw msgpack array of texts */
    bool secret;
};

struct model {
    struct slice namespace, name, doc;
    uint32_t field_count;
    struct model_field *fields;
    struct buffer memory; /* what the slices point into */
};

/* From one resource of a domain's description, or one of its projections: raw msgpack maps with name, doc and schema,
 * see docs/DOMAINS.md. error_invalid_data when it is none, error_no_memory. */
enum error model_from_resource(struct slice namespace, struct slice resource, struct model *out);
/* As one msgpack map, and back: what build.models is an array of. */
void model_write(struct buffer *out, const struct model *model);
enum error model_read(struct slice map, struct model *out);
void model_fini(struct model *model);

/* The number of a field, -1 when there is none of that name. *guess is the field to look at first; it moves on, so that
 * fields that come in order are found at once. */
int32_t model_find(const struct model *model, struct slice name, uint32_t *guess);
/* Does full text search look into it: a text, or a list or map of texts, that is no secret? */
bool field_has_words(const struct model_field *field);
bool model_has_words(const struct model *model);

/* Audit fields stand beside a model's own: filters, sorts, include and exclude know them by these names. */
enum model_audit {
    AUDIT_ID,      /* text */
    AUDIT_CREATED, /* timestamps */
    AUDIT_UPDATED,
    AUDIT_CREATOR, /* text */
    AUDIT_UPDATER,
    AUDIT_DELETED, /* timestamp, null */
    AUDIT_ETAG,    /* integer: the aggregate's version */
    AUDIT_REALM,   /* text */
    AUDIT_COUNT,
};
extern const struct model_field model_audit_fields[AUDIT_COUNT];

#endif
