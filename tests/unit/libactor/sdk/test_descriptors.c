/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Declarations that make no sense are refused when a domain is made, each by name. The modules here are put together by
 * hand of declarations that the macros made. */
#include "fluvius/host.h"
#include <criterion/criterion.h>

#include <fluvius/domain.h>

RECORD(nothing, "");
ENUM(twice, "", one, (other, "one"));
ENUM(strange, "", (spaced, "a b"));
ENUM(fine, "", yes, no);

AGGREGATE(good, "", FIELD(int64, steps));
COMMAND(good, make, ("", .creates = true));
EVENT(good, made, "");

static verdict decide_make(const good *state, const make *command, decision *out)
{
    return emit(out, made);
}

static void apply_made(good *state, const made *event)
{
    state->steps++;
}

/* A command with one field of a bad kind. */
#define BAD(NAME, FIELD)                                                                                               \
    COMMAND(good, NAME, "", FIELD);                                                                                    \
    static verdict decide_##NAME(const good *state, const NAME *command, decision *out)                                \
    {                                                                                                                  \
        return no_change(out);                                                                                         \
    }                                                                                                                  \
    struct fluvius_swallow_the_semicolon

BAD(bad_order, FIELD(int64, n, .min = 5, .max = 4));
BAD(bad_double, FIELD(double, n, .min = 2, .max = 1));
BAD(bad_double_nan, FIELD(double, n, .min = __builtin_nan("")));
BAD(bad_scale, FIELD(decimal, n, .scale = 19));
BAD(bad_decimal_min, FIELD(decimal, n, .scale = 2, .min = "1.234"));
BAD(bad_decimal_max, FIELD(decimal, n, .max = "x"));
BAD(bad_decimal_order, FIELD(decimal, n, .min = "2", .max = "1"));
BAD(bad_date_min, FIELD(date, n, .min = "2021-02-29"));
BAD(bad_time_max, FIELD(timestamp, n, .max = "2021-02-28"));
BAD(bad_date_order, FIELD(date, n, .min = "2021-02-02", .max = "2021-02-01"));
BAD(bad_length, FIELD(text, n, .min_length = 5, .max_length = 4));
BAD(bad_bytes, FIELD(bytes, n, .min_length = 5, .max_length = 4));
BAD(bad_pattern, FIELD(text, n, .pattern = "(a"));
BAD(bad_pattern_text, FIELD(text, n, .pattern = "\xff"));
BAD(bad_format, FIELD(text, n, .format = "e-mail"));
BAD(bad_items, FIELD(text, n, .max_items = 3));
BAD(bad_items_order, LIST(text, n, .min_items = 4, .max_items = 3));
BAD(bad_items_many, LIST(text, n, .max_items = 70000));
BAD(bad_map_many, MAP(text, n, .max_items = 2000));
BAD(bad_unique, LIST(nothing, n, .unique = true));
BAD(bad_unique_in_map, MAP(int64, n, .unique = true));
BAD(bad_unique_one, FIELD(int64, n, .unique = true));
BAD(bad_fallback_list, LIST(int64, n, .fallback = "[]"));
BAD(bad_fallback_optional, OPTIONAL(int64, n, .fallback = "1"));
BAD(bad_fallback_record, FIELD(nothing, n, .fallback = "{}"));
BAD(bad_fallback_json, FIELD(int64, n, .fallback = "one"));
BAD(bad_fallback_kind, FIELD(bool, n, .fallback = "1"));
BAD(bad_fallback_limit, FIELD(int64, n, .max = 3, .fallback = "4"));
BAD(bad_fallback_enum, FIELD(fine, n, .fallback = "maybe"));
BAD(bad_fallback_pattern, FIELD(text, n, .pattern = "^a$", .fallback = "b"));
BAD(bad_personal, FIELD(text, n, .personal = true));
BAD(bad_name, FIELD(text, n, .name = "a b"));
BAD(bad_name_start, FIELD(text, n, .name = "_id"));
BAD(bad_name_long, FIELD(text, n, .name = "a1234567890123456789012345678901234567890123456789012345678901234"));
BAD(bad_enum_twice, FIELD(twice, n));
BAD(bad_enum_name, LIST(strange, n));

COMMAND(good, two_alike, "", FIELD(int64, a), FIELD(text, b, .name = "a"));
static verdict decide_two_alike(const good *state, const two_alike *command, decision *out)
{
    return no_change(out);
}

RECORD(knot, "", LIST(nothing, inner));
BAD(bad_knot, FIELD(knot, n));

COMMAND(good, make_again, ("", .name = "make"));
static verdict decide_make_again(const good *state, const make_again *command, decision *out)
{
    return no_change(out);
}

COMMAND(good, bad_command_name, ("", .name = "Make!"));
static verdict decide_bad_command_name(const good *state, const bad_command_name *command, decision *out)
{
    return no_change(out);
}

EVENT(good, made_again, ("", .name = "made"));
static void apply_made_again(good *state, const made_again *event) {}

AGGREGATE(good_too, ("", .name = "good"), FIELD(int64, steps));
AGGREGATE(barren, "", FIELD(int64, steps));
COMMAND(barren, sow, "");
static verdict decide_sow(const barren *state, const sow *command, decision *out)
{
    return no_change(out);
}

/* ---- versions ---- */

RECORD(old_1, "", FIELD(int64, a));
RECORD(old_2, "", FIELD(int64, b));
EVENT(good, aged, ("", .version = 3), FIELD(int64, c));
UPCAST(aged, 1, old_1, old_2);
UPCAST(aged, 2, old_2, aged);
static void apply_aged(good *state, const aged *event) {}
static void upcast_aged_1(const old_1 *from, old_2 *to, fluvius_arena *memory) {}
static void upcast_aged_2(const old_2 *from, aged *to, fluvius_arena *memory) {}

EVENT(good, crooked, ("", .version = 3), FIELD(int64, c));
UPCAST(crooked, 1, old_1, old_1);
UPCAST(crooked, 2, old_2, crooked);
UPCAST(crooked, 3, old_2, crooked);
static void apply_crooked(good *state, const crooked *event) {}
static void upcast_crooked_1(const old_1 *from, old_1 *to, fluvius_arena *memory) {}
static void upcast_crooked_2(const old_2 *from, crooked *to, fluvius_arena *memory) {}
static void upcast_crooked_3(const old_2 *from, crooked *to, fluvius_arena *memory) {}

EVENT(good, endless, ("", .version = 5000));
static void apply_endless(good *state, const endless *event) {}

/* ---- projections ---- */

AGGREGATE(other, "", FIELD(int64, steps));
COMMAND(other, make_other, ("", .creates = true));
EVENT(other, other_made, "");
static verdict decide_make_other(const other *state, const make_other *command, decision *out)
{
    return no_change(out);
}
static void apply_other_made(other *state, const other_made *event) {}

#define TABLE(NAME, DOC)                                                                                               \
    PROJECTION(NAME, DOC, FIELD(int64, n));                                                                            \
    PROJECT(NAME, made);                                                                                               \
    static void project_##NAME##_made(NAME##_rows *rows, const made *event) {}                                         \
    struct fluvius_swallow_the_semicolon
TABLE(table_one, "");
TABLE(table_same, ("", .name = "table_one"));
TABLE(table_good, ("", .name = "good"));
TABLE(table_parts, ("", .parts = true, .global = true));
TABLE(table_late, ("", .version = 1000001));
TABLE(table_name, ("", .name = "_id"));
TABLE(table_global, ("", .global = true));
PROJECT(table_one, other_made);
PROJECT(table_global, other_made);
static void project_table_one_other_made(table_one_rows *rows, const other_made *event) {}
static void project_table_global_other_made(table_global_rows *rows, const other_made *event) {}
PROJECTION(table_field, "", FIELD(int64, n, .min = 2, .max = 1));

/* ---- putting modules together ---- */

static fluvius_module sound_module(const fluvius_options *options, const fluvius_entry *const *entries, size_t count)
{
    return (fluvius_module){.abi = FLUVIUS_ABI,
                            .size = sizeof(fluvius_module),
                            .field_size = sizeof(fluvius_field),
                            .type_size = sizeof(fluvius_type),
                            .entry_size = sizeof(fluvius_entry),
                            .services_size = sizeof(fluvius_services),
                            .name = "bench",
                            .options = options,
                            .entries = entries,
                            .end = entries + count};
}

static struct domain_fault fault;

static bool try_module(const fluvius_module *module)
{
    struct domain *domain = NULL;
    enum error error = domain_new(&domain, module, &fault);
    cr_expect(error == 0 || error == error_bad_module);
    cr_expect_eq(error == 0, domain != NULL);
    domain_free(&domain);
    return error == 0;
}

#define COUNT(...) (sizeof((const void *[]){__VA_ARGS__}) / sizeof(void *))
#define TRY(...)                                                                                                       \
    ({                                                                                                                 \
        static const fluvius_options options = {0};                                                                    \
        const fluvius_entry *const entries[] = {__VA_ARGS__};                                                          \
        const fluvius_module module = sound_module(&options, entries, COUNT(__VA_ARGS__));                             \
        try_module(&module);                                                                                           \
    })
#define SOUND &fluvius_aggregate_good, &fluvius_command_make, &fluvius_event_made
#define REFUSED(WHAT, ...)                                                                                             \
    do {                                                                                                               \
        cr_expect_not(TRY(SOUND, __VA_ARGS__), "%s", WHAT);                                                            \
        cr_expect_not_null(strstr(fault.text, WHAT), "expected \"%s\" in \"%s\"", WHAT, fault.text);                   \
    } while (0)

Test(descriptors, a_sound_module_is_taken)
{
    cr_expect(TRY(SOUND), "%s", fault.text);
    cr_expect(
        TRY(SOUND, &fluvius_event_aged, &fluvius_upcast_entry_aged_1, &fluvius_upcast_entry_aged_2), "%s", fault.text);
}

#define FAULTY(NAME, WHAT) REFUSED(#NAME ": field n: " WHAT, &fluvius_command_##NAME)

Test(descriptors, limits_that_contradict_each_other)
{
    FAULTY(bad_order, ".min is above .max");
    FAULTY(bad_double, ".min is above .max");
    FAULTY(bad_double_nan, ".min is above .max, or one of them is no number");
    FAULTY(bad_decimal_order, ".min is above .max");
    FAULTY(bad_date_order, ".min is above .max");
    FAULTY(bad_length, ".min_length is above .max_length");
    FAULTY(bad_bytes, ".min_length is above .max_length");
    FAULTY(bad_items_order, ".min_items is above .max_items");
}

Test(descriptors, limits_that_cannot_be_read)
{
    FAULTY(bad_scale, ".scale is above 18");
    FAULTY(bad_decimal_min, ".min is no decimal number of its scale");
    FAULTY(bad_decimal_max, ".max is no decimal number of its scale");
    FAULTY(bad_date_min, ".min is no date or time");
    FAULTY(bad_time_max, ".max is no date or time");
    FAULTY(bad_pattern, ".pattern: ( without )");
    FAULTY(bad_pattern_text, ".pattern: not UTF-8");
    FAULTY(bad_format, ".format: there is no format e-mail");
}

Test(descriptors, limits_that_the_field_cannot_have)
{
    FAULTY(bad_items, ".min_items, .max_items and .unique are for lists and maps");
    FAULTY(bad_unique_one, ".min_items, .max_items and .unique are for lists and maps");
    FAULTY(bad_items_many, ".max_items is above 65535");
    FAULTY(bad_map_many, ".max_items is above 1024");
    FAULTY(bad_unique, ".unique is for lists of single values");
    FAULTY(bad_unique_in_map, ".unique is for lists of single values");
    FAULTY(bad_personal, ".personal is reserved");
}

Test(descriptors, fallbacks_that_do_not_fit)
{
    FAULTY(bad_fallback_list, ".fallback is for a FIELD");
    FAULTY(bad_fallback_optional, ".fallback is for a FIELD");
    FAULTY(bad_fallback_record, ".fallback is for a FIELD");
    FAULTY(bad_fallback_json, ".fallback is not JSON");
    FAULTY(bad_fallback_kind, ".fallback must be true or false");
    FAULTY(bad_fallback_limit, ".fallback must be at most 3");
    FAULTY(bad_fallback_enum, ".fallback is none of the values of fine");
    FAULTY(bad_fallback_pattern, ".fallback must match ^a$");
}

Test(descriptors, names_that_cannot_travel)
{
    FAULTY(bad_name, "a name must be 1 to 64 letters");
    FAULTY(bad_name_start, "a name must be 1 to 64 letters");
    FAULTY(bad_name_long, "a name must be 1 to 64 letters");
    REFUSED("bad_command_name: the name Make! must be 1 to 64 letters", &fluvius_command_bad_command_name);
    REFUSED("bad_enum_name: enum strange: the value a b cannot travel", &fluvius_command_bad_enum_name);
}

Test(descriptors, names_that_stand_twice)
{
    REFUSED("two_alike: field b: the name a stands twice", &fluvius_command_two_alike);
    REFUSED("bad_enum_twice: enum twice: the value one stands twice", &fluvius_command_bad_enum_twice);
    REFUSED("make_again: there is another command of the name make", &fluvius_command_make_again);
    REFUSED("made_again: there is another event of the name made", &fluvius_event_made_again);
    REFUSED("good_too: there is another aggregate of the name good", &fluvius_aggregate_good_too);
}

Test(descriptors, a_fault_gives_file_and_line)
{
    REFUSED("test_descriptors.c:", &fluvius_command_bad_order);
}

Test(descriptors, a_record_that_holds_itself)
{
    fluvius_type knotted = fluvius_type_knot, command = fluvius_type_bad_knot;
    fluvius_field inner = fluvius_fields_knot[0], outer = fluvius_fields_bad_knot[0];
    fluvius_entry entry = fluvius_command_bad_knot;
    knotted.fields = &inner;
    inner.type = outer.type = &knotted;
    command.fields = &outer;
    entry.record = &command;
    REFUSED("bad_knot: knot holds itself", &entry);
}

Test(descriptors, records_nested_too_deep)
{
    enum { DEPTH = 13 };
    fluvius_type types[DEPTH];
    fluvius_field fields[DEPTH];
    fluvius_entry entry = fluvius_command_bad_knot;
    for (int i = 0; i < DEPTH; i++) {
        types[i] = i + 1 < DEPTH ? fluvius_type_bad_knot : fluvius_type_nothing;
        types[i].size = sizeof(knot);
        types[i].fields = &fields[i];
        fields[i] = fluvius_fields_bad_knot[0];
        fields[i].type = &types[i + 1 < DEPTH ? i + 1 : i];
    }
    entry.record = &types[1];
    cr_expect(TRY(SOUND, &entry), "%s", fault.text);
    entry.record = &types[0];
    REFUSED("records nested more than 12 deep", &entry);
}

Test(descriptors, an_aggregate_that_can_never_exist)
{
    REFUSED("barren: none of its commands has .creates = true", &fluvius_aggregate_barren, &fluvius_command_sow);
}

Test(descriptors, a_command_without_its_aggregate)
{
    REFUSED("sow: belongs to no AGGREGATE", &fluvius_command_sow);
}

Test(descriptors, nothing_at_all)
{
    static const fluvius_options options = {0};
    const fluvius_entry *const entries[] = {&fluvius_command_make};
    fluvius_module module = sound_module(&options, entries, 1);
    cr_expect_not(try_module(&module));
    cr_expect_str_eq(fault.text, "it declares no AGGREGATE");
    module.end = module.entries;
    cr_expect_not(try_module(&module));
    cr_expect_str_eq(fault.text, "it declares nothing");
    cr_expect_not(try_module(NULL));
}

Test(descriptors, versions_without_a_way_to_the_present)
{
    REFUSED("aged: is of version 3, but there is no UPCAST from version 1", &fluvius_event_aged);
    REFUSED("aged: is of version 3, but there is no UPCAST from version 2",
            &fluvius_event_aged,
            &fluvius_upcast_entry_aged_1);
    REFUSED("aged: is of version 3, but there is no UPCAST from version 1",
            &fluvius_event_aged,
            &fluvius_upcast_entry_aged_2);
    REFUSED("aged: there is another UPCAST from version 1",
            &fluvius_event_aged,
            &fluvius_upcast_entry_aged_1,
            &fluvius_upcast_entry_aged_2,
            &fluvius_upcast_entry_aged_1);
    REFUSED("crooked: the UPCAST from version 1 makes old_1, but version 2 is old_2",
            &fluvius_event_crooked,
            &fluvius_upcast_entry_crooked_1,
            &fluvius_upcast_entry_crooked_2);
    REFUSED("crooked: an UPCAST from version 3, but the event is of version 3",
            &fluvius_event_crooked,
            &fluvius_upcast_entry_crooked_3);
    REFUSED("endless: .version is above 1000", &fluvius_event_endless);
}

#define TABLE_OF(NAME) &fluvius_projection_##NAME, &fluvius_project_entry_##NAME##_made
#define OTHER &fluvius_aggregate_other, &fluvius_command_make_other, &fluvius_event_other_made

Test(descriptors, sound_projections_are_taken)
{
    cr_expect(TRY(SOUND, TABLE_OF(table_one)), "%s", fault.text);
    cr_expect(
        TRY(SOUND, OTHER, TABLE_OF(table_global), &fluvius_project_entry_table_global_other_made), "%s", fault.text);
}

Test(descriptors, projections_that_make_no_sense)
{
    REFUSED("table_one: no PROJECT tells of an event", &fluvius_projection_table_one);
    REFUSED("table_one: belongs to no PROJECTION of this module", &fluvius_project_entry_table_one_made);
    REFUSED("table_same: there is another projection of the name table_one", TABLE_OF(table_one), TABLE_OF(table_same));
    REFUSED("table_one: there is another PROJECT of the event made",
            TABLE_OF(table_one),
            &fluvius_project_entry_table_one_made);
    REFUSED("table_good: there is an aggregate of the name good", TABLE_OF(table_good));
    REFUSED("table_parts: .parts and .global", TABLE_OF(table_parts));
    REFUSED("table_late: .version is above 1000000", TABLE_OF(table_late));
    REFUSED("table_name: the name _id must be", TABLE_OF(table_name));
    REFUSED("table_field: field n: .min is above .max", &fluvius_projection_table_field);
    REFUSED("table_one: PROJECT of other_made, which is no event of this module",
            TABLE_OF(table_one),
            &fluvius_project_entry_table_one_other_made);
    REFUSED("table_one: its events are of good and other: rows of several aggregates must be declared .global = true",
            OTHER,
            TABLE_OF(table_one),
            &fluvius_project_entry_table_one_other_made);
    fluvius_entry later = fluvius_projection_table_one;
    later.version++;
    REFUSED("table_one: built for a later host", &later, &fluvius_project_entry_table_one_made);
    later.role = FLUVIUS_PROJECT + 1;
    REFUSED("table_one: a declaration of an unknown kind", &later);
}

/* Modules built with older headers of ABI 1 are taken as they are, so these numbers stay. */
Test(descriptors, structs_keep_the_sizes_that_older_modules_have)
{
    cr_expect_eq(sizeof(fluvius_module), 56);
    cr_expect_eq(sizeof(fluvius_field), 40);
    cr_expect_eq(sizeof(fluvius_type), 48);
    cr_expect_eq(sizeof(fluvius_entry), 96);
    cr_expect_eq(sizeof(fluvius_services), 40);
    cr_expect_eq(sizeof(fluvius_decision), 96);
    cr_expect_eq(sizeof(fluvius_rows), 88);
    cr_expect_eq(FLUVIUS_ABI, 1);
}

Test(descriptors, another_abi_or_other_strides)
{
    static const fluvius_options options = {0};
    const fluvius_entry *const entries[] = {SOUND};
    fluvius_module module = sound_module(&options, entries, 3);
    cr_expect(try_module(&module));
    module.abi = 7;
    cr_expect_not(try_module(&module));
    cr_expect_str_eq(fault.text, "built for ABI 7, this host has 1: build it again");
    uint32_t *const strides[] = {
        &module.size, &module.field_size, &module.type_size, &module.entry_size, &module.services_size};
    module.abi = FLUVIUS_ABI;
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
        (*strides[i])--;
        cr_expect_not(try_module(&module));
        cr_expect_str_eq(fault.text, "built against other headers of ABI 1: build it again");
        (*strides[i])++;
    }
    cr_expect(try_module(&module));
}

Test(descriptors, a_namespace_that_cannot_travel)
{
    const fluvius_options options = {.name = "the bank"};
    const fluvius_entry *const entries[] = {SOUND};
    const fluvius_module module = sound_module(&options, entries, 3);
    cr_expect_not(try_module(&module));
    cr_expect_str_eq(fault.text, "the namespace the bank must be 1 to 64 letters, digits, '_' and '-', a letter first");
}

Test(descriptors, declarations_that_make_no_sense)
{
    fluvius_entry odd = fluvius_command_make;
    odd.decide = NULL;
    REFUSED("make: a declaration that makes no sense", &odd);
    odd = fluvius_command_make;
    odd.role = 9;
    REFUSED("make: a declaration of an unknown kind", &odd);
    odd = fluvius_command_make;
    odd.size--;
    REFUSED("make: a declaration of an unknown kind", &odd);
    fluvius_field fields[] = {fluvius_fields_bad_items[0]};
    fluvius_type type = fluvius_type_bad_items;
    type.fields = fields;
    odd = fluvius_command_bad_items;
    odd.record = &type;
    fields[0].offset = 1000;
    REFUSED("bad_items: field n: a descriptor that makes no sense", &odd);
    fields[0] = fluvius_fields_bad_items[0];
    fields[0].type = NULL;
    REFUSED("bad_items: a descriptor that makes no sense", &odd);
    type.count = 100;
    REFUSED("bad_items: bad_items: a descriptor that makes no sense", &odd);
}

Test(descriptors, commands_come_in_the_order_of_their_lines)
{
    static const fluvius_options options = {0};
    struct domain *one = NULL, *two = NULL;
    const fluvius_entry *const forward[] = {
        SOUND, &fluvius_event_aged, &fluvius_upcast_entry_aged_1, &fluvius_upcast_entry_aged_2};
    const fluvius_entry *const backward[] = {&fluvius_upcast_entry_aged_2,
                                             &fluvius_upcast_entry_aged_1,
                                             &fluvius_event_aged,
                                             &fluvius_event_made,
                                             &fluvius_command_make,
                                             &fluvius_aggregate_good};
    const fluvius_module a = sound_module(&options, forward, 6), b = sound_module(&options, backward, 6);
    cr_assert_eq(domain_new(&one, &a, &fault), 0, "%s", fault.text);
    cr_assert_eq(domain_new(&two, &b, &fault), 0, "%s", fault.text);
    cr_expect_eq(domain_fingerprint(one), domain_fingerprint(two));
    domain_free(&one);
    domain_free(&two);
}
