/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain with fields of every kind and shape, for the tests. Each command's event has the same fields, and its state
 * keeps them as they are. */
#ifndef TESTS_SDK_ZOO_H
#define TESTS_SDK_ZOO_H

#include <fluvius/domain.h>

DOMAIN(zoo, "Of every kind one.");

ENUM(color, "A color.", red, (light_blue, "light-blue"));
RECORD(point, "A place.", FIELD(int64, x), OPTIONAL(int64, y), OPTIONAL(text, label, .max_length = 5));

AGGREGATE(cage,
          ("Holds what it is given.", .name = "big-cage", .version = 3),
          FIELD(int64, steps),
          OPTIONAL(bool, flag),
          OPTIONAL(int64, number),
          OPTIONAL(double, ratio),
          OPTIONAL(decimal, price, .scale = 2),
          OPTIONAL(text, words),
          OPTIONAL(bytes, blob),
          OPTIONAL(uuid, key),
          OPTIONAL(timestamp, moment),
          OPTIONAL(date, day),
          OPTIONAL(color, paint),
          OPTIONAL(point, spot),
          LIST(bool, flags),
          LIST(int64, numbers),
          LIST(double, ratios),
          LIST(decimal, prices, .scale = 3),
          LIST(text, tags),
          LIST(bytes, blobs),
          LIST(uuid, keys),
          LIST(timestamp, moments),
          LIST(date, days),
          LIST(color, paints),
          LIST(point, spots),
          MAP(bool, flag_of),
          MAP(int64, number_of),
          MAP(double, ratio_of),
          MAP(decimal, price_of, .scale = 1),
          MAP(text, words_of),
          MAP(bytes, blob_of),
          MAP(uuid, key_of),
          MAP(timestamp, moment_of),
          MAP(date, day_of),
          MAP(color, paint_of),
          MAP(point, spot_of));

/* ---- one: every kind, required ---- */

COMMAND(cage,
        set_one,
        ("Give one of each.", .name = "set-one", .creates = true),
        FIELD(bool, flag),
        FIELD(int64, number),
        FIELD(double, ratio),
        FIELD(decimal, price, .scale = 2),
        FIELD(text, words),
        FIELD(bytes, blob),
        FIELD(uuid, key),
        FIELD(timestamp, moment),
        FIELD(date, day),
        FIELD(color, paint),
        FIELD(point, spot));
EVENT(cage,
      one_set,
      ("One of each came.", .name = "one-set"),
      FIELD(bool, flag),
      FIELD(int64, number),
      FIELD(double, ratio),
      FIELD(decimal, price, .scale = 2),
      FIELD(text, words),
      FIELD(bytes, blob),
      FIELD(uuid, key),
      FIELD(timestamp, moment),
      FIELD(date, day),
      FIELD(color, paint),
      FIELD(point, spot));

static verdict decide_set_one(const cage *state, const set_one *c, decision *out)
{
    return emit(out,
                one_set,
                .flag = c->flag,
                .number = c->number,
                .ratio = c->ratio,
                .price = c->price,
                .words = c->words,
                .blob = c->blob,
                .key = c->key,
                .moment = c->moment,
                .day = c->day,
                .paint = c->paint,
                .spot = c->spot);
}

static void apply_one_set(cage *state, const one_set *event)
{
    state->steps++;
    state->flag = (bool_optional)SOME(event->flag);
    state->number = (int64_optional)SOME(event->number);
    state->ratio = (double_optional)SOME(event->ratio);
    state->price = (decimal_optional)SOME(event->price);
    state->words = event->words;
    state->blob = event->blob;
    state->key = (uuid_optional)SOME(event->key);
    state->moment = (timestamp_optional)SOME(event->moment);
    state->day = (date_optional)SOME(event->day);
    state->paint = event->paint;
    state->spot = (point_optional)SOME(event->spot);
}

/* ---- maybe: every kind, optional ---- */

#define MAYBE_FIELDS                                                                                                   \
    OPTIONAL(bool, flag), OPTIONAL(int64, number), OPTIONAL(double, ratio), OPTIONAL(decimal, price, .scale = 2),      \
        OPTIONAL(text, words), OPTIONAL(bytes, blob), OPTIONAL(uuid, key), OPTIONAL(timestamp, moment),                \
        OPTIONAL(date, day), OPTIONAL(color, paint), OPTIONAL(point, spot)
COMMAND(cage, set_maybe, ("Give some.", .creates = true), MAYBE_FIELDS);
EVENT(cage, maybe_set, "Some came.", MAYBE_FIELDS);

static verdict decide_set_maybe(const cage *state, const set_maybe *c, decision *out)
{
    return emit(out,
                maybe_set,
                .flag = c->flag,
                .number = c->number,
                .ratio = c->ratio,
                .price = c->price,
                .words = c->words,
                .blob = c->blob,
                .key = c->key,
                .moment = c->moment,
                .day = c->day,
                .paint = c->paint,
                .spot = c->spot);
}

static void apply_maybe_set(cage *state, const maybe_set *event)
{
    state->steps++;
    state->flag = event->flag;
    state->number = event->number;
    state->ratio = event->ratio;
    state->price = event->price;
    state->words = event->words;
    state->blob = event->blob;
    state->key = event->key;
    state->moment = event->moment;
    state->day = event->day;
    state->paint = event->paint;
    state->spot = event->spot;
}

/* ---- lists and maps of every kind ---- */

#define LIST_FIELDS                                                                                                    \
    LIST(bool, flags), LIST(int64, numbers), LIST(double, ratios), LIST(decimal, prices, .scale = 3),                  \
        LIST(text, tags), LIST(bytes, blobs), LIST(uuid, keys), LIST(timestamp, moments), LIST(date, days),            \
        LIST(color, paints), LIST(point, spots)
COMMAND(cage, set_lists, ("Give lists.", .creates = true), LIST_FIELDS);
EVENT(cage, lists_set, "Lists came.", LIST_FIELDS);

static verdict decide_set_lists(const cage *state, const set_lists *c, decision *out)
{
    return emit(out,
                lists_set,
                .flags = c->flags,
                .numbers = c->numbers,
                .ratios = c->ratios,
                .prices = c->prices,
                .tags = c->tags,
                .blobs = c->blobs,
                .keys = c->keys,
                .moments = c->moments,
                .days = c->days,
                .paints = c->paints,
                .spots = c->spots);
}

static void apply_lists_set(cage *state, const lists_set *event)
{
    state->steps++;
    state->flags = event->flags;
    state->numbers = event->numbers;
    state->ratios = event->ratios;
    state->prices = event->prices;
    state->tags = event->tags;
    state->blobs = event->blobs;
    state->keys = event->keys;
    state->moments = event->moments;
    state->days = event->days;
    state->paints = event->paints;
    state->spots = event->spots;
}

#define MAP_FIELDS                                                                                                     \
    MAP(bool, flag_of), MAP(int64, number_of), MAP(double, ratio_of), MAP(decimal, price_of, .scale = 1),              \
        MAP(text, words_of), MAP(bytes, blob_of), MAP(uuid, key_of), MAP(timestamp, moment_of), MAP(date, day_of),     \
        MAP(color, paint_of), MAP(point, spot_of)
COMMAND(cage, set_maps, ("Give maps.", .creates = true), MAP_FIELDS);
EVENT(cage, maps_set, "Maps came.", MAP_FIELDS);

static verdict decide_set_maps(const cage *state, const set_maps *c, decision *out)
{
    return emit(out,
                maps_set,
                .flag_of = c->flag_of,
                .number_of = c->number_of,
                .ratio_of = c->ratio_of,
                .price_of = c->price_of,
                .words_of = c->words_of,
                .blob_of = c->blob_of,
                .key_of = c->key_of,
                .moment_of = c->moment_of,
                .day_of = c->day_of,
                .paint_of = c->paint_of,
                .spot_of = c->spot_of);
}

static void apply_maps_set(cage *state, const maps_set *event)
{
    state->steps++;
    state->flag_of = event->flag_of;
    state->number_of = event->number_of;
    state->ratio_of = event->ratio_of;
    state->price_of = event->price_of;
    state->words_of = event->words_of;
    state->blob_of = event->blob_of;
    state->key_of = event->key_of;
    state->moment_of = event->moment_of;
    state->day_of = event->day_of;
    state->paint_of = event->paint_of;
    state->spot_of = event->spot_of;
}

#endif
