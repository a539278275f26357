/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The macros that declare a domain: DOMAIN, ENUM, RECORD, AGGREGATE, COMMAND, EVENT, UPCAST, PROJECTION, PROJECT and
 * the fields inside them.
 * A declaration makes the C type and a descriptor of it that the host reads. Part of domain.h.
 *
 * Where a doc string stands, options may follow it in parentheses: ("Open an account.", .name = "open"). */
#ifndef FLUVIUS_DECLARE_H
#define FLUVIUS_DECLARE_H

#include "fluvius/each.h"
#include "fluvius/values.h"

/* ---- for each type T: T_list, T_map, T_optional, T_limits and fluvius_type_T ----------------------------------- */

#define FLUVIUS_LIST_OF(T)                                                                                             \
    typedef struct T##_list {                                                                                          \
        const T *items;                                                                                                \
        uint32_t count, capacity;                                                                                      \
    } T##_list;                                                                                                        \
    typedef struct T##_entry T##_entry;                                                                                \
    typedef struct T##_map {                                                                                           \
        const T##_entry *items;                                                                                        \
        uint32_t count, capacity;                                                                                      \
    } T##_map
#define FLUVIUS_ENTRY_OF(T)                                                                                            \
    struct T##_entry {                                                                                                 \
        text key;                                                                                                      \
        T value;                                                                                                       \
    }
#define FLUVIUS_OPTIONAL_OF(T)                                                                                         \
    typedef struct T##_optional {                                                                                      \
        bool present;                                                                                                  \
        T value;                                                                                                       \
    } T##_optional
#define FLUVIUS_SCALAR(T, KIND, LIMITS)                                                                                \
    FLUVIUS_LIST_OF(T);                                                                                                \
    FLUVIUS_ENTRY_OF(T);                                                                                               \
    typedef LIMITS T##_limits;                                                                                         \
    static const fluvius_type fluvius_type_##T FLUVIUS_UNUSED = {.kind = KIND, .size = sizeof(T), .name = #T}

FLUVIUS_SCALAR(int64, FLUVIUS_INT64, fluvius_int64_limits);
FLUVIUS_OPTIONAL_OF(int64);
FLUVIUS_SCALAR(double, FLUVIUS_DOUBLE, fluvius_double_limits);
FLUVIUS_OPTIONAL_OF(double);
FLUVIUS_SCALAR(decimal, FLUVIUS_DECIMAL, fluvius_decimal_limits);
FLUVIUS_OPTIONAL_OF(decimal);
FLUVIUS_SCALAR(uuid, FLUVIUS_UUID, fluvius_common_limits);
FLUVIUS_OPTIONAL_OF(uuid);
FLUVIUS_SCALAR(timestamp, FLUVIUS_TIMESTAMP, fluvius_time_limits);
FLUVIUS_OPTIONAL_OF(timestamp);
FLUVIUS_SCALAR(date, FLUVIUS_DATE, fluvius_time_limits);
FLUVIUS_OPTIONAL_OF(date);
FLUVIUS_SCALAR(text, FLUVIUS_TEXT, fluvius_text_limits);
typedef text text_optional; /* absent is data == NULL */
FLUVIUS_SCALAR(bytes, FLUVIUS_BYTES, fluvius_bytes_limits);
typedef bytes bytes_optional; /* likewise */

/* bool is a macro in C17, so its names are written out; FIELD pastes before it expands and asks for these. */
typedef struct bool_list {
    const bool *items;
    uint32_t count, capacity;
} bool_list;
typedef struct bool_entry {
    text key;
    bool value;
} bool_entry;
typedef struct bool_map {
    const bool_entry *items;
    uint32_t count, capacity;
} bool_map;
typedef struct bool_optional {
    bool present, value;
} bool_optional;
typedef fluvius_common_limits bool_limits;
static const fluvius_type fluvius_type_bool FLUVIUS_UNUSED = {
    .kind = FLUVIUS_BOOL, .size = sizeof(bool), .name = "bool"};

/* What "no limit" is, where it is not zero. A limits type without such a line has none: the tail is then empty. */
#define FLUVIUS_DEFAULTS_int64_limits , .min = INT64_MIN, .max = INT64_MAX,
#define FLUVIUS_DEFAULTS_double_limits , .min = -__builtin_inf(), .max = __builtin_inf(),
#define FLUVIUS_DEFAULTS(LIMITS) FLUVIUS_TAIL(FLUVIUS_DEFAULTS_##LIMITS)
#define FLUVIUS_TAIL(...) FLUVIUS_TAIL_(__VA_ARGS__)
#define FLUVIUS_TAIL_(FIRST, ...) __VA_ARGS__

/* ---- fields ---------------------------------------------------------------------------------------------------- */

/* FIELD(type, name [, "doc"] [, .limit = value]...). Pasting happens here, before the type can expand as a macro. */
#define FIELD(T, NAME, ...) (FLUVIUS_ONE, T, T##_limits, fluvius_type_##T, NAME, #NAME, __VA_ARGS__)
#define OPTIONAL(T, NAME, ...) (FLUVIUS_OPTIONAL, T##_optional, T##_limits, fluvius_type_##T, NAME, #NAME, __VA_ARGS__)
#define LIST(T, NAME, ...) (FLUVIUS_LIST, T##_list, T##_limits, fluvius_type_##T, NAME, #NAME, __VA_ARGS__)
#define MAP(T, NAME, ...) (FLUVIUS_MAP, T##_map, T##_limits, fluvius_type_##T, NAME, #NAME, __VA_ARGS__)

#define FLUVIUS_OPEN(...) __VA_ARGS__
#define FLUVIUS_CALL(M, ...) M(__VA_ARGS__)
/* FLUVIUS_UNWRAP("x") and FLUVIUS_UNWRAP(("x")) are both "x". */
#define FLUVIUS_UNWRAP(X) FLUVIUS_UNWRAP_(FLUVIUS_PROBE X)
#define FLUVIUS_UNWRAP_(...) FLUVIUS_UNWRAP__(__VA_ARGS__)
#define FLUVIUS_UNWRAP__(...) FLUVIUS_GONE_##__VA_ARGS__
#define FLUVIUS_PROBE(...) FLUVIUS_PROBE __VA_ARGS__
#define FLUVIUS_GONE_FLUVIUS_PROBE

#define FLUVIUS_MEMBER(R, TUPLE) FLUVIUS_CALL(FLUVIUS_MEMBER_, FLUVIUS_OPEN TUPLE)
#define FLUVIUS_MEMBER_(SHAPE, CTYPE, LIMITS, TYPE, NAME, STRING, ...) CTYPE NAME;
#define FLUVIUS_ROW(R, TUPLE) FLUVIUS_CALL(FLUVIUS_ROW_, R, FLUVIUS_OPEN TUPLE)
#define FLUVIUS_ROW_(R, SHAPE, CTYPE, LIMITS, TYPE, NAME, STRING, ...)                                                 \
    {.name = STRING,                                                                                                   \
     .type = &TYPE,                                                                                                    \
     .limits = &(const LIMITS){FLUVIUS_DEFAULTS(LIMITS).fluvius_start = 0, __VA_ARGS__},                               \
     .shape = SHAPE,                                                                                                   \
     .offset = offsetof(R, NAME),                                                                                      \
     .size = sizeof(CTYPE),                                                                                            \
     .line = __LINE__},

/* The table gives every limit its "no limit" value first and lets the author's override it: quiet, but only there. */
#ifdef __clang__
#define FLUVIUS_OVERRIDES _Pragma("GCC diagnostic ignored \"-Winitializer-overrides\"")
#else
#define FLUVIUS_OVERRIDES _Pragma("GCC diagnostic ignored \"-Woverride-init\"")
#endif

/* RECORD(name, "doc", FIELD(...)...): a value that other records hold. Never inside itself. */
#define RECORD(R, DOC, ...)                                                                                            \
    typedef struct R R;                                                                                                \
    FLUVIUS_LIST_OF(R);                                                                                                \
    struct R {                                                                                                         \
        FLUVIUS_EACH(FLUVIUS_MEMBER, R, __VA_ARGS__)                                                                   \
    };                                                                                                                 \
    FLUVIUS_ENTRY_OF(R);                                                                                               \
    FLUVIUS_OPTIONAL_OF(R);                                                                                            \
    FLUVIUS_DESCRIBE(R, "" DOC, __VA_ARGS__)

#define FLUVIUS_DESCRIBE(R, DOC, ...)                                                                                  \
    typedef fluvius_common_limits R##_limits;                                                                          \
    enum { R##_field_count = FLUVIUS_COUNT(__VA_ARGS__) };                                                             \
    _Pragma("GCC diagnostic push")                                                                                     \
        FLUVIUS_OVERRIDES static const fluvius_field fluvius_fields_##R[] FLUVIUS_UNUSED = {                           \
            FLUVIUS_EACH(FLUVIUS_ROW, R, __VA_ARGS__){0}};                                                             \
    _Pragma("GCC diagnostic pop") static const fluvius_type fluvius_type_##R FLUVIUS_UNUSED = {                        \
        .kind = FLUVIUS_RECORD,                                                                                        \
        .size = sizeof(R),                                                                                             \
        .name = #R,                                                                                                    \
        .doc = DOC,                                                                                                    \
        .fields = fluvius_fields_##R,                                                                                  \
        .count = R##_field_count}

#define FLUVIUS_CONSTANT(E, V) FLUVIUS_CALL(FLUVIUS_CONSTANT_, E, FLUVIUS_UNWRAP(V), )
#define FLUVIUS_CONSTANT_(E, V, ...) E##_##V,
#define FLUVIUS_VALUE(E, V) FLUVIUS_CALL(FLUVIUS_VALUE_, FLUVIUS_UNWRAP(V), #V, )
#define FLUVIUS_VALUE_(V, STRING, ...) STRING,
/* ENUM(currency, "doc", EUR, USD): currency_unset is 0, then currency_EUR... It travels as the text "EUR"; another text
 * is given in parentheses: (half, "1/2"). A value's name must not be a macro (in gnu17 linux and unix are). */
#define ENUM(E, DOC, ...)                                                                                              \
    typedef enum E { E##_unset, FLUVIUS_EACH(FLUVIUS_CONSTANT, E, __VA_ARGS__) } E;                                    \
    FLUVIUS_LIST_OF(E);                                                                                                \
    FLUVIUS_ENTRY_OF(E);                                                                                               \
    typedef E E##_optional; /* absent is E_unset */                                                                    \
    typedef fluvius_common_limits E##_limits;                                                                          \
    static const char *const fluvius_values_##E[] = {"unset", FLUVIUS_EACH(FLUVIUS_VALUE, E, __VA_ARGS__)};            \
    static const fluvius_type fluvius_type_##E FLUVIUS_UNUSED = {.kind = FLUVIUS_ENUM,                                 \
                                                                 .size = sizeof(E),                                    \
                                                                 .name = #E,                                           \
                                                                 .doc = "" DOC,                                        \
                                                                 .values = fluvius_values_##E,                         \
                                                                 .count = FLUVIUS_COUNT(__VA_ARGS__) + 1}

/* ---- registration ---------------------------------------------------------------------------------------------- */

#if defined(__has_attribute) && __has_attribute(retain)
#define FLUVIUS_KEEP used, retain
#else
#define FLUVIUS_KEEP used
#endif
/* A section of pointers, never of structs: no padding and no surprises of alignment. */
#define FLUVIUS_REGISTER(ENTRY, OPTIONS, DOC, ...)                                                                     \
    static const fluvius_entry ENTRY = {.size = sizeof(fluvius_entry),                                                 \
                                        .options = &(const OPTIONS){.fluvius_start = 0, FLUVIUS_UNWRAP(DOC)},          \
                                        .file = __FILE__,                                                              \
                                        .line = __LINE__,                                                              \
                                        __VA_ARGS__};                                                                  \
    static const fluvius_entry *const ENTRY##_pointer __attribute__((section("fluvius_entries"), FLUVIUS_KEEP)) = &ENTRY

/* AGGREGATE(name, "doc", FIELD(...)...): the state. All of it is zero before the first event. memory owns what apply
 * keeps; it is not a field. Options: .name, .version. */
#define AGGREGATE(S, DOC, ...)                                                                                         \
    typedef struct S S;                                                                                                \
    struct S {                                                                                                         \
        fluvius_arena *memory;                                                                                         \
        FLUVIUS_EACH(FLUVIUS_MEMBER, S, __VA_ARGS__)                                                                   \
    };                                                                                                                 \
    FLUVIUS_DESCRIBE(S, NULL, __VA_ARGS__);                                                                            \
    FLUVIUS_REGISTER(fluvius_aggregate_##S,                                                                            \
                     fluvius_aggregate_options,                                                                        \
                     DOC,                                                                                              \
                     .role = FLUVIUS_AGGREGATE,                                                                        \
                     .name = #S,                                                                                       \
                     .state = &fluvius_type_##S)

/* COMMAND(aggregate, name, "doc", FIELD(...)...) also declares
 *     static verdict decide_NAME(const AGGREGATE *state, const NAME *command, decision *out);
 * Left out, or with another signature, the module does not compile. Options: .name, .creates. */
#define COMMAND(S, C, DOC, ...)                                                                                        \
    RECORD(C, , __VA_ARGS__);                                                                                          \
    static verdict decide_##C(const S *state, const C *command, decision *out);                                        \
    static verdict fluvius_decide_##C(const void *state, const void *command, decision *out)                           \
    {                                                                                                                  \
        return decide_##C((const S *)state, (const C *)command, out);                                                  \
    }                                                                                                                  \
    FLUVIUS_REGISTER(fluvius_command_##C,                                                                              \
                     fluvius_command_options,                                                                          \
                     DOC,                                                                                              \
                     .role = FLUVIUS_COMMAND,                                                                          \
                     .name = #C,                                                                                       \
                     .record = &fluvius_type_##C,                                                                      \
                     .state = &fluvius_type_##S,                                                                       \
                     .decide = fluvius_decide_##C)

/* EVENT(aggregate, name, "doc", FIELD(...)...) also declares
 *     static void apply_NAME(AGGREGATE *state, const NAME *event);
 * Options: .name, .version. */
#define EVENT(S, E, DOC, ...)                                                                                          \
    RECORD(E, , __VA_ARGS__);                                                                                          \
    static void apply_##E(S *state, const E *event);                                                                   \
    static void fluvius_apply_##E(void *state, const void *event)                                                      \
    {                                                                                                                  \
        apply_##E((S *)state, (const E *)event);                                                                       \
    }                                                                                                                  \
    FLUVIUS_REGISTER(fluvius_event_##E,                                                                                \
                     fluvius_event_options,                                                                            \
                     DOC,                                                                                              \
                     .role = FLUVIUS_EVENT,                                                                            \
                     .name = #E,                                                                                       \
                     .record = &fluvius_type_##E,                                                                      \
                     .state = &fluvius_type_##S,                                                                       \
                     .apply = fluvius_apply_##E)

/* UPCAST(event, 1, old, next): events stored in version 1, whose shape is the RECORD old, become next: a RECORD of
 * version 2, or the event itself when that is its version. Also declares
 *     static void upcast_EVENT_1(const OLD *from, NEXT *to, fluvius_arena *memory);
 * to is zeroed; memory is for lists and maps that it makes. */
#define UPCAST(E, VERSION, FROM, TO)                                                                                   \
    static void upcast_##E##_##VERSION(const FROM *from, TO *to, fluvius_arena *memory);                               \
    static void fluvius_upcast_##E##_##VERSION(const void *from, void *to, fluvius_arena *memory)                      \
    {                                                                                                                  \
        upcast_##E##_##VERSION((const FROM *)from, (TO *)to, memory);                                                  \
    }                                                                                                                  \
    FLUVIUS_REGISTER(fluvius_upcast_entry_##E##_##VERSION,                                                             \
                     fluvius_options,                                                                                  \
                     ,                                                                                                 \
                     .role = FLUVIUS_UPCAST,                                                                           \
                     .name = #E,                                                                                       \
                     .event = &fluvius_event_##E,                                                                      \
                     .from = &fluvius_type_##FROM,                                                                     \
                     .record = &fluvius_type_##TO,                                                                     \
                     .version = VERSION,                                                                               \
                     .upcast = fluvius_upcast_##E##_##VERSION)

/* PROJECTION(name, "doc", FIELD(...)...): a table for queries. Its rows are made by what PROJECT declares, and by
 * nothing else. memory owns what a row keeps; it is not a field. Options: .name, .version, .parts, .global. */
#define PROJECTION(P, DOC, ...)                                                                                        \
    typedef struct P P;                                                                                                \
    struct P {                                                                                                         \
        fluvius_arena *memory;                                                                                         \
        FLUVIUS_EACH(FLUVIUS_MEMBER, P, __VA_ARGS__)                                                                   \
    };                                                                                                                 \
    typedef union P##_rows {                                                                                           \
        struct {                                                                                                       \
            FLUVIUS_ROWS(timestamp);                                                                                   \
        };                                                                                                             \
        fluvius_rows fluvius_rows;                                                                                     \
        P *fluvius_row; /* only its type is used */                                                                    \
    } P##_rows;                                                                                                        \
    FLUVIUS_DESCRIBE(P, NULL, __VA_ARGS__);                                                                            \
    FLUVIUS_REGISTER(fluvius_projection_##P,                                                                           \
                     fluvius_projection_options,                                                                       \
                     DOC,                                                                                              \
                     .role = FLUVIUS_PROJECTION,                                                                       \
                     .name = #P,                                                                                       \
                     .state = &fluvius_type_##P,                                                                       \
                     .version = sizeof(fluvius_row_services))

/* PROJECT(projection, event): the event changes rows. Also declares
 *     static void project_PROJECTION_EVENT(PROJECTION_rows *rows, const EVENT *event); */
#define PROJECT(P, E)                                                                                                  \
    static void project_##P##_##E(P##_rows *rows, const E *event);                                                     \
    static void fluvius_project_##P##_##E(void *rows, const void *event)                                               \
    {                                                                                                                  \
        project_##P##_##E((P##_rows *)rows, (const E *)event);                                                         \
    }                                                                                                                  \
    FLUVIUS_REGISTER(fluvius_project_entry_##P##_##E,                                                                  \
                     fluvius_options,                                                                                  \
                     ,                                                                                                 \
                     .role = FLUVIUS_PROJECT,                                                                          \
                     .name = #P,                                                                                       \
                     .state = &fluvius_type_##P,                                                                       \
                     .event = &fluvius_event_##E,                                                                      \
                     .record = &fluvius_type_##E,                                                                      \
                     .apply = fluvius_project_##P##_##E)

/* DOMAIN(name, "doc"): once in a module. Options: .name, the namespace on the wire. */
#define DOMAIN(NAME, DOC)                                                                                              \
    extern const fluvius_entry *const __start_fluvius_entries[] __attribute__((weak, visibility("hidden")));           \
    extern const fluvius_entry *const __stop_fluvius_entries[] __attribute__((weak, visibility("hidden")));            \
    __attribute__((visibility("default"))) const fluvius_module *fluvius_module_1(void)                                \
    {                                                                                                                  \
        static const fluvius_options options = {.fluvius_start = 0, FLUVIUS_UNWRAP(DOC)};                              \
        static const fluvius_module module = {.abi = FLUVIUS_ABI,                                                      \
                                              .size = sizeof(fluvius_module),                                          \
                                              .field_size = sizeof(fluvius_field),                                     \
                                              .type_size = sizeof(fluvius_type),                                       \
                                              .entry_size = sizeof(fluvius_entry),                                     \
                                              .services_size = sizeof(fluvius_services),                               \
                                              .name = #NAME,                                                           \
                                              .options = &options,                                                     \
                                              .entries = __start_fluvius_entries,                                      \
                                              .end = __stop_fluvius_entries};                                          \
        return &module;                                                                                                \
    }                                                                                                                  \
    extern const char fluvius_end_of_domain_##NAME[] FLUVIUS_UNUSED

#endif
