/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain whose decisions do what they are told, good and bad, for the tests. */
#ifndef TESTS_SDK_SHOP_H
#define TESTS_SDK_SHOP_H

#include <fluvius/domain.h>

DOMAIN(shop, "Carts.");

RECORD(line, "", FIELD(text, sku), FIELD(int64, count, .min = 1));
AGGREGATE(cart,
          "A cart.",
          LIST(line, lines),
          LIST(text, tags),
          LIST(text, old_tags),
          MAP(int64, prices),
          OPTIONAL(text, note),
          OPTIONAL(double, ratio),
          FIELD(int64, steps));
AGGREGATE(other, "Another.", FIELD(int64, steps));

/* ---- lists and maps ---- */

EVENT(cart, line_added, "", FIELD(line, line));
EVENT(cart, line_changed, "", FIELD(int64, place), FIELD(line, line));
EVENT(cart, line_removed, "", FIELD(int64, place));
EVENT(cart, tagged, "", FIELD(text, tag));
EVENT(cart, tags_kept, "");
EVENT(cart, old_tagged, "", FIELD(text, tag));
EVENT(cart, priced, "", FIELD(text, key), FIELD(int64, price));
EVENT(cart, unpriced, "", FIELD(text, key));
EVENT(cart, noted, "", OPTIONAL(text, note));
EVENT(cart, filled, "", FIELD(int64, items), FIELD(text, with));
EVENT(cart, divided, "");
EVENT(other, poked, "");

static void apply_line_added(cart *state, const line_added *event)
{
    append(state, lines, event->line);
    state->steps++;
}

static void apply_line_changed(cart *state, const line_changed *event)
{
    replace_at(state, lines, (size_t)event->place, event->line);
    state->steps++;
}

static void apply_line_removed(cart *state, const line_removed *event)
{
    state->steps++;
    remove_at(state, lines, (size_t)event->place);
}

static void apply_tagged(cart *state, const tagged *event)
{
    append(state, tags, event->tag);
}

/* Shares the items: later changes of one list must not be seen in the other. */
static void apply_tags_kept(cart *state, const tags_kept *event)
{
    state->old_tags = state->tags;
}

static void apply_old_tagged(cart *state, const old_tagged *event)
{
    append(state, old_tags, event->tag);
}

static void apply_priced(cart *state, const priced *event)
{
    map_put(state, prices, event->key, event->price);
}

static void apply_unpriced(cart *state, const unpriced *event)
{
    map_remove(state, prices, event->key);
}

static void apply_noted(cart *state, const noted *event)
{
    state->note = event->note;
    state->steps++;
}

static void apply_filled(cart *state, const filled *event)
{
    for (int64 i = 0; i < event->items; i++)
        append(state, tags, event->with);
}

static void apply_divided(cart *state, const divided *event)
{
    double zero = 0;
    state->ratio = (double_optional)SOME(zero / zero);
}

static void apply_poked(other *state, const poked *event)
{
    state->steps++;
}

/* ---- decisions ---- */

ENUM(deed,
     "What to do.",
     nothing,
     note,
     two_notes,
     bad_event,
     bad_enum,
     bad_text,
     bad_number,
     foreign_event,
     reject_only,
     reject_badly,
     reject_float,
     reject_quietly,
     accept_after_reject,
     no_reason,
     much_memory,
     bad_print,
     too_many,
     long_note,
     ids,
     facts);
COMMAND(cart, act, ("Do it.", .creates = true), FIELD(deed, deed), OPTIONAL(text, with));
COMMAND(other, poke, ("Poke.", .creates = true));
EVENT(cart, measured, "", FIELD(deed, deed), FIELD(int64, small, .max = 5), FIELD(double, ratio));

static void apply_measured(cart *state, const measured *event)
{
    state->steps++;
}

static verdict decide_poke(const other *state, const poke *command, decision *out)
{
    return emit(out, poked);
}

static verdict act_badly(const act *command, decision *out)
{
    double zero = 0;
    switch (command->deed) {
    case deed_bad_event:
        return emit(out, line_added, .line = {.sku = TEXT("a"), .count = 0});
    case deed_bad_enum:
        return emit(out, measured, .deed = (deed)99, .small = 1, .ratio = 1);
    case deed_bad_text:
        return emit(out, tagged, .tag = {.data = "\xc3", .size = 1});
    case deed_bad_number:
        return emit(out, measured, .deed = deed_note, .small = 1, .ratio = zero / zero);
    case deed_foreign_event:
        return emit(out, poked);
    case deed_too_many:
        for (int i = 0; i < 2000; i++)
            emit(out, noted, .note = TEXT(""));
        return no_change(out);
    case deed_much_memory:
        for (int i = 0; i < 100; i++)
            allocate(out->memory, int64, 1 << 20);
        return no_change(out);
    default:
        return no_change(out);
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-result"
static verdict act_on_rejection(const act *command, decision *out)
{
    switch (command->deed) {
    case deed_reject_badly:
        return reject(out, "not a name", "no");
    case deed_reject_float:
        return reject(out, "float", "%f", 1.0);
    case deed_reject_quietly:
        return reject(out, "quiet", "%s", "");
    case deed_accept_after_reject:
        (void)!reject(out, "no", "no").accepted;
        return no_change(out);
    case deed_no_reason:
        return (verdict){0};
    default:
        emit(out, noted, .note = TEXT("lost"));
        return reject(out, "no_way", "%.*s is %s", TEXT_ARG(command->with), "refused");
    }
}
#pragma GCC diagnostic pop

static verdict act_on_services(const act *command, decision *out)
{
    uuid first = decision_uuid(out), second = decision_uuid(out);
    switch (command->deed) {
    case deed_ids:
        if (uuid_equal(first, second) || decision_random(out) == decision_random(out))
            return reject(out, "same", "the same");
        return emit(out,
                    noted,
                    .note = decision_print(out, "%x%x %x", first.bytes[0], first.bytes[6] >> 4, second.bytes[8] >> 6));
    case deed_facts:
        return emit(out,
                    noted,
                    .note = decision_print(out,
                                           "%.*s %.*s %.*s %lld %llu",
                                           TEXT_ARG(out->user),
                                           TEXT_ARG(out->realm),
                                           TEXT_ARG(out->identifier),
                                           (long long)decision_time(out).microseconds,
                                           (unsigned long long)out->version));
    case deed_bad_print:
        return emit(out, noted, .note = decision_print(out, "%g", 1.0));
    default:
        return emit(out, noted, .note = command->with);
    }
}

static verdict decide_act(const cart *state, const act *command, decision *out)
{
    switch (command->deed) {
    case deed_nothing:
        return no_change(out);
    case deed_two_notes:
        emit(out, noted, .note = TEXT("first"));
        return emit(out, noted, .note = command->with);
    case deed_note:
    case deed_long_note:
    case deed_ids:
    case deed_facts:
    case deed_bad_print:
        return act_on_services(command, out);
    case deed_reject_only:
    case deed_reject_badly:
    case deed_reject_float:
    case deed_reject_quietly:
    case deed_accept_after_reject:
    case deed_no_reason:
        return act_on_rejection(command, out);
    default:
        return act_badly(command, out);
    }
}

#endif
