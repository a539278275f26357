/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The binary contract between a domain module and its host: descriptors, entry points, services. Plain data, safe for
 * C++; hosts include only this, authors of domains include domain.h. Whatever changes here in a way that an older
 * module would misread raises FLUVIUS_ABI. What is added does not: new roles come last and structs of today keep their
 * sizes, so that a host takes older modules; a module with a role that an older host does not know is refused by it. */
#ifndef FLUVIUS_MODULE_H
#define FLUVIUS_MODULE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FLUVIUS_ABI 1

enum fluvius_kind {
    FLUVIUS_BOOL = 1,
    FLUVIUS_INT64,
    FLUVIUS_DOUBLE,
    FLUVIUS_DECIMAL,
    FLUVIUS_TEXT,
    FLUVIUS_BYTES,
    FLUVIUS_UUID,
    FLUVIUS_TIMESTAMP,
    FLUVIUS_DATE,
    FLUVIUS_ENUM,
    FLUVIUS_RECORD,
};

enum fluvius_shape { FLUVIUS_ONE = 1, FLUVIUS_OPTIONAL, FLUVIUS_LIST, FLUVIUS_MAP };

enum fluvius_role {
    FLUVIUS_AGGREGATE = 1,
    FLUVIUS_COMMAND,
    FLUVIUS_EVENT,
    FLUVIUS_UPCAST,
    FLUVIUS_PROJECTION, /* a table of rows */
    FLUVIUS_PROJECT,    /* what one event changes in one */
};

/* ---- values, as they lie in records ---- */

/* Views; data is NULL when the value is absent, and not NULL when it is there and empty. */
typedef struct fluvius_text {
    const char *data; /* UTF-8, not terminated */
    size_t size;      /* bytes */
} fluvius_text;
typedef struct fluvius_bytes {
    const uint8_t *data;
    size_t size;
} fluvius_bytes;

/* The C type of every list and map, with another type of items. capacity is 0 where the items are only borrowed. */
typedef struct fluvius_list {
    const void *items;
    uint32_t count, capacity;
} fluvius_list;

/* ---- limits: what an author may say of a field ---- */

/* Every limits and options struct starts with a spare member, so that a leading plain string is the doc. */
#define FLUVIUS_COMMON_LIMITS                                                                                          \
    char fluvius_start;                                                                                                \
    const char *doc;                                                                                                   \
    const char *name;     /* the name on the wire, if the C name cannot be it */                                       \
    const char *fallback; /* the value when none is sent: JSON, but without quotes where the JSON form is a string */  \
    uint32_t min_items, max_items; /* of a list or map; max_items 0 is the default, FLUVIUS_ITEMS */                   \
    bool unique;                   /* a list's items differ */                                                         \
    bool secret;                   /* never shown in logs; marked in the description */                                \
    bool personal                  /* reserved */

typedef struct fluvius_common_limits {
    FLUVIUS_COMMON_LIMITS;
} fluvius_common_limits;
typedef struct fluvius_int64_limits {
    FLUVIUS_COMMON_LIMITS;
    int64_t min, max;
} fluvius_int64_limits;
typedef struct fluvius_double_limits {
    FLUVIUS_COMMON_LIMITS;
    double min, max;
} fluvius_double_limits;
typedef struct fluvius_decimal_limits {
    FLUVIUS_COMMON_LIMITS;
    const char *min, *max; /* "0.25" */
    uint32_t scale;        /* decimal places, at most 18 */
} fluvius_decimal_limits;
typedef struct fluvius_text_limits {
    FLUVIUS_COMMON_LIMITS;
    uint32_t min_length, max_length; /* in code points; max_length 0 is none */
    const char *pattern;             /* a regular expression that must match somewhere: see docs/DOMAINS.md */
    const char *format;              /* email, uri, hostname, uuid, date, date-time */
} fluvius_text_limits;
typedef struct fluvius_bytes_limits {
    FLUVIUS_COMMON_LIMITS;
    uint32_t min_length, max_length; /* in bytes; max_length 0 is none */
} fluvius_bytes_limits;
typedef struct fluvius_time_limits { /* timestamps and dates */
    FLUVIUS_COMMON_LIMITS;
    const char *min, *max; /* in their text form */
} fluvius_time_limits;

/* Items of a list or map whose field does not say max_items, but for a state's own lists; and the most that max_items
 * can say of a list, which is a state's default. A map never has more than FLUVIUS_ITEMS entries. */
#define FLUVIUS_ITEMS 1024
#define FLUVIUS_ITEMS_MAX 65535

/* ---- descriptors ---- */

typedef struct fluvius_type fluvius_type;

typedef struct fluvius_field {
    const char *name;
    const fluvius_type *type;
    const void *limits; /* which struct it is follows from type->kind */
    uint32_t shape, offset, size, line;
} fluvius_field;

struct fluvius_type {
    uint32_t kind, size;
    const char *name, *doc;
    const fluvius_field *fields; /* of a record */
    const char *const *values;   /* of an enum, as on the wire; values[0] stands for "unset" and never travels */
    uint32_t count, reserved;    /* fields or values */
};

#define FLUVIUS_COMMON_OPTIONS                                                                                         \
    char fluvius_start;                                                                                                \
    const char *doc;                                                                                                   \
    const char *name /* on the wire, if the C name cannot be it */

typedef struct fluvius_options { /* of a domain; the others start alike */
    FLUVIUS_COMMON_OPTIONS;
} fluvius_options;
typedef struct fluvius_aggregate_options {
    FLUVIUS_COMMON_OPTIONS;
    uint32_t version; /* raise it when an apply changes its meaning: snapshots of the old one are then not used */
} fluvius_aggregate_options;
typedef struct fluvius_command_options {
    FLUVIUS_COMMON_OPTIONS;
    bool creates; /* also accepted while the aggregate does not exist */
} fluvius_command_options;
typedef struct fluvius_event_options {
    FLUVIUS_COMMON_OPTIONS;
    uint32_t version; /* of the event's shape; 0 is 1 */
} fluvius_event_options;
typedef struct fluvius_projection_options {
    FLUVIUS_COMMON_OPTIONS;
    uint32_t version; /* raise it when a handler changes its meaning: the rows are then built anew; 0 is 1 */
    bool parts;       /* any number of rows an aggregate, each with a key within it; else one row, its own */
    bool global;      /* rows are shared by aggregates and have keys of their own; handlers commute */
} fluvius_projection_options;

/* ---- what host and module do for each other ---- */

/* Memory that is given back as a whole, by the host. What comes is aligned to 8 bytes and not zeroed. Never NULL: when
 * memory is out, or a limit is passed, the host abandons the step and the call does not return. */
typedef struct fluvius_arena fluvius_arena;
struct fluvius_arena {
    void *(*take)(fluvius_arena *arena, size_t size);
    /* Abandons the step for a fault of the domain. reason is a constant. */
    void (*abandon)(fluvius_arena *arena, const char *reason) __attribute__((noreturn));
};

typedef struct fluvius_decision fluvius_decision;
typedef struct fluvius_entry fluvius_entry;

typedef struct fluvius_verdict {
    int accepted;
} fluvius_verdict;

typedef struct fluvius_services {
    uint32_t abi, size;
    /* Encodes and checks the event at once; nothing of value is kept. */
    void (*add_event)(fluvius_decision *decision, const fluvius_entry *event, const void *value);
    /* format: the conversions %s %.*s %c %d %i %u %x with l, ll, z, and %%; no locale, no floating point. */
    void (*refuse)(fluvius_decision *decision, const char *code, const char *format, va_list arguments);
    fluvius_text (*print)(fluvius_decision *decision, const char *format, va_list arguments);
    /* 16 bytes that follow from the command's id and the number of earlier calls: a version 8 UUID when uuid is set,
     * else all of them random. */
    void (*random)(fluvius_decision *decision, bool uuid, uint8_t out[16]);
} fluvius_services;

struct fluvius_decision {
    const fluvius_services *services;
    fluvius_arena *memory;                /* lives as long as the decision */
    uint64_t version;                     /* of the aggregate; 0 when it does not exist yet */
    int64_t now;                          /* microseconds since 1970, UTC; the command's time */
    fluvius_text identifier, user, realm; /* the aggregate's, and whose command it is */
    uint8_t id[16];                       /* the command's */
};

/* ---- rows of projections ---- */

typedef struct fluvius_rows fluvius_rows;

enum fluvius_row_use {
    FLUVIUS_ROW_FIND = 1, /* NULL when there is none; not to be written */
    FLUVIUS_ROW_CHANGE,   /* made, all zero, when there is none */
    FLUVIUS_ROW_PUT,      /* all zero, whatever there was */
    FLUVIUS_ROW_DELETE,   /* none from now on; NULL */
};

/* Grows at its end; size is what the host has. */
typedef struct fluvius_row_services {
    uint32_t abi, size;
    /* A row, as the handler left it so far. Its first member is the address of its memory, as in a state. key: absent
     * for the aggregate's own row. What the key breaks, and what is too much, abandons the step. */
    void *(*row)(fluvius_rows *rows, uint32_t use, fluvius_text key);
    fluvius_text (*print)(fluvius_rows *rows, const char *format, va_list arguments);
    /* An integer, date, timestamp, uuid or enum as it travels. */
    fluvius_text (*text_of)(fluvius_rows *rows, const fluvius_type *type, const void *value);
} fluvius_row_services;

/* What a handler gets beside the event. TIME: int64_t, microseconds since 1970, UTC; when the event was made. */
#define FLUVIUS_ROWS(TIME)                                                                                             \
    const fluvius_row_services *services;                                                                              \
    fluvius_arena *memory; /* lives until the handler ends */                                                          \
    uint64_t version;      /* of the aggregate, the event counted: its first event has 1 */                            \
    TIME time;                                                                                                         \
    fluvius_text identifier, user, realm; /* of the aggregate, and whose command it was */                             \
    void *reserved

struct fluvius_rows {
    FLUVIUS_ROWS(int64_t);
};

struct fluvius_entry {
    uint32_t size, role;
    const char *name;           /* in C; of a project: the projection's */
    const void *options;        /* which struct it is follows from role; NULL for an upcast and a project */
    const fluvius_type *state;  /* the aggregate's; of a projection and a project: the row's */
    const fluvius_type *record; /* of a command, event or project; of an upcast: what it makes */
    const fluvius_type *from;   /* of an upcast: what it reads */
    const fluvius_entry *event; /* of an upcast or project */
    fluvius_verdict (*decide)(const void *state, const void *command, fluvius_decision *decision);
    void (*apply)(void *state, const void *event); /* of a project: gets the fluvius_rows as its state */
    void (*upcast)(const void *from, void *to, fluvius_arena *memory);
    const char *file;
    uint32_t line;
    uint32_t version; /* of an upcast: the version it reads; of a projection: sizeof(fluvius_row_services) */
};

typedef struct fluvius_module {
    uint32_t abi, size;
    uint32_t field_size, type_size, entry_size, services_size;
    const char *name; /* in C */
    const fluvius_options *options;
    const fluvius_entry *const *entries, *const *end;
} fluvius_module;

/* The only symbol a module exports. */
#define FLUVIUS_MODULE_SYMBOL "fluvius_module_1"
const fluvius_module *fluvius_module_1(void);

#ifdef __cplusplus
}
#endif
#endif
