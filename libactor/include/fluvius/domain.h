/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the author of a domain includes: docs/DOMAINS.md is the guide. C17 with GNU extensions (gcc 12, clang 14 and
 * later), not C++. The parts with macros that declare things are in declare.h, helpers for lists and maps in items.h,
 * for rows of projections in rows.h. */
#ifndef FLUVIUS_DOMAIN_H
#define FLUVIUS_DOMAIN_H

#ifdef __cplusplus
#error "a domain is written in C; hosts in C++ include fluvius/module.h"
#endif

#include "fluvius/module.h"

/* A decide or an apply has a fixed signature and need not look at every parameter. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
/* Mistakes that would lose an event or a field are errors, whatever flags the build sets. */
#pragma GCC diagnostic error "-Wreturn-type"
#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#pragma GCC diagnostic error "-Wimplicit-function-declaration"
#pragma GCC diagnostic error "-Wint-conversion"
#pragma GCC diagnostic error "-Wformat"
#ifdef __clang__
#pragma GCC diagnostic error "-Winitializer-overrides"
#pragma GCC diagnostic error "-Wundefined-internal"
#pragma GCC diagnostic error "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic error "-Woverride-init"
#pragma GCC diagnostic error "-Wdiscarded-qualifiers"
#endif

#define FLUVIUS_UNUSED __attribute__((unused))
#define FLUVIUS_MUST_USE __attribute__((warn_unused_result))

typedef fluvius_decision decision;
typedef fluvius_verdict verdict;

#include "fluvius/declare.h"
#include "fluvius/items.h"
#include "fluvius/rows.h"

/* ---- decisions: every decide ends with one of these ------------------------------------------------------------ */

/* Records an event; every field of it is named: emit(out, deposited, .amount = 5). It is encoded and checked at once,
 * so it may point at anything that is alive now. Several events: several statements, the last one returned. */
#define emit(out, E, ...)                                                                                              \
    (FLUVIUS_REQUIRE(FLUVIUS_COUNT(__VA_ARGS__) >= (int)E##_field_count,                                               \
                     "emit(" #E "): give every field of the event, .name = value"),                                    \
     fluvius_emit((out), &fluvius_event_##E, &(const E){__VA_ARGS__}))

/* The command is fine and has no effect. */
static inline FLUVIUS_MUST_USE verdict no_change(decision *out)
{
    (void)out;
    return (verdict){1};
}

/* The command breaks a business rule. code is a stable word for programs, the message is for people. It must be
 * returned: reject(...) alone does not compile. Conversions: see fluvius_services; a text is "%.*s", TEXT_ARG(it). */
static inline FLUVIUS_MUST_USE __attribute__((format(printf, 3, 4))) verdict
reject(decision *out, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    out->services->refuse(out, code, format, arguments);
    va_end(arguments);
    return (verdict){0};
}

/* ---- what a decision can ask for ------------------------------------------------------------------------------- */

/* The command's time. There is no clock: a decision that is run again sees the same time. */
static inline timestamp decision_time(const decision *out)
{
    return (timestamp){out->now};
}

/* An identifier, different at each call; the same when the decision is run again. */
static inline uuid decision_uuid(decision *out)
{
    uuid made;
    out->services->random(out, true, made.bytes);
    return made;
}

/* A number that nobody can foretell without the command's id; the same when the decision is run again. */
static inline uint64_t decision_random(decision *out)
{
    uint8_t made[16];
    uint64_t number;
    out->services->random(out, false, made);
    __builtin_memcpy(&number, made, sizeof number);
    return number;
}

/* A text made from a format as in reject. Lives as long as the decision. */
static inline __attribute__((format(printf, 2, 3))) text decision_print(decision *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text made = out->services->print(out, format, arguments);
    va_end(arguments);
    return made;
}

static inline verdict fluvius_emit(decision *out, const fluvius_entry *event, const void *value)
{
    out->services->add_event(out, event, value);
    return (verdict){1};
}

#define FLUVIUS_REQUIRE(CONDITION, MESSAGE)                                                                            \
    ((void)sizeof(struct {                                                                                             \
        _Static_assert(CONDITION, MESSAGE);                                                                            \
        int unused;                                                                                                    \
    }))

#endif
