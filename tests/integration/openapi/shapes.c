/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain whose fields have every type, shape and limit that there is, bounds that exclude the usual example among
 * them: what is generated from its description must fit it all the same. */
#include <fluvius/domain.h>

DOMAIN(shapes, "Every kind of field.");

ENUM(colour, "One of them.", red, green, blue);
RECORD(point, "In a plane.", FIELD(int64, x, .min = -5, .max = -2), FIELD(double, y, .min = 0.25, .max = 0.5));

AGGREGATE(form,
          "What was filled in last.",
          FIELD(bool, agreed),
          FIELD(int64, count, .min = 10, .max = 12),
          FIELD(double, ratio, .min = 2.5),
          FIELD(text, code),
          FIELD(colour, shade),
          FIELD(uuid, reference),
          FIELD(date, day),
          FIELD(timestamp, moment),
          FIELD(point, place),
          LIST(text, labels),
          MAP(int64, scores));

#define NUMBERS                                                                                                        \
    FIELD(bool, agreed), FIELD(int64, count, .min = 10, .max = 12), FIELD(double, ratio, .min = 2.5),                  \
        FIELD(decimal, price, .scale = 2, .min = "10.05", .max = "10.10"),                                             \
        FIELD(decimal, debt, .scale = 3, .max = "-7.5"), FIELD(decimal, whole, .min = "3"),                            \
        FIELD(int64, far, .min = 9000000000000000000)
#define TEXTS                                                                                                          \
    FIELD(text, code, .pattern = "^[A-Z]{2}-[0-9]{4}(-[a-f]+)?$", .min_length = 9, .max_length = 9),                   \
        FIELD(text, choice, .pattern = "^(?:[^a-z]\\d|x{3,}|\\u00e9+)$", .min_length = 4, .max_length = 5),            \
        FIELD(text, spaced, .pattern = "\\w+\\s\\S*[.\\-]$"), FIELD(text, tiny, .max_length = 1),                      \
        FIELD(text, roomy, .min_length = 300, .max_length = 301), FIELD(text, mail, .format = "email"),                \
        FIELD(text, short_mail, .format = "email", .max_length = 7),                                                   \
        FIELD(text, long_host, .format = "hostname", .min_length = 120, .max_length = 130),                            \
        FIELD(text, link, .format = "uri", .max_length = 9), FIELD(text, when, .format = "date-time"),                 \
        FIELD(text, key, .format = "uuid"), FIELD(bytes, stamp, .min_length = 5, .max_length = 5)
#define TIMES                                                                                                          \
    FIELD(uuid, reference), FIELD(date, day, .min = "1999-12-31", .max = "1999-12-31"),                                \
        FIELD(timestamp, moment, .min = "2030-01-01T00:00:00Z")
#define SHAPES                                                                                                         \
    FIELD(colour, shade), FIELD(point, place), OPTIONAL(point, other), OPTIONAL(text, note, .min_length = 2),          \
        LIST(text, labels, .min_items = 30, .max_items = 30, .unique = true, .pattern = "^[a-c]{4}$"),                 \
        LIST(int64, primes, .min_items = 3, .unique = true, .min = 5, .max = 7),                                       \
        LIST(colour, shades, .min_items = 3, .unique = true),                                                          \
        LIST(date, days, .min_items = 2, .unique = true, .min = "2026-02-01"),                                         \
        LIST(decimal, prices, .min_items = 3, .unique = true, .scale = 1, .min = "0.1", .max = "0.3"),                 \
        LIST(point, places, .max_items = 2), MAP(int64, scores, .min_items = 2, .min = 1),                             \
        FIELD(text, fixed, .fallback = "as it is", .max_length = 8)

COMMAND(form, fill, ("Fill it in.", .creates = true), NUMBERS, TEXTS, TIMES, SHAPES);
EVENT(form, filled, ("It was filled in.", .version = 2), NUMBERS, TEXTS, TIMES, SHAPES);
RECORD(filled_1, "", FIELD(text, code));
UPCAST(filled, 1, filled_1, filled);

static void upcast_filled_1(const filled_1 *from, filled *to, fluvius_arena *memory)
{
    (void)memory;
    to->code = from->code;
}

static verdict decide_fill(const form *state, const fill *c, decision *out)
{
    (void)state;
    return emit(out,
                filled,
                .agreed = c->agreed,
                .count = c->count,
                .ratio = c->ratio,
                .price = c->price,
                .debt = c->debt,
                .whole = c->whole,
                .far = c->far,
                .code = c->code,
                .choice = c->choice,
                .spaced = c->spaced,
                .tiny = c->tiny,
                .roomy = c->roomy,
                .mail = c->mail,
                .short_mail = c->short_mail,
                .long_host = c->long_host,
                .link = c->link,
                .when = c->when,
                .key = c->key,
                .stamp = c->stamp,
                .reference = c->reference,
                .day = c->day,
                .moment = c->moment,
                .shade = c->shade,
                .place = c->place,
                .other = c->other,
                .note = c->note,
                .labels = c->labels,
                .primes = c->primes,
                .shades = c->shades,
                .days = c->days,
                .prices = c->prices,
                .places = c->places,
                .scores = c->scores,
                .fixed = c->fixed);
}

static void apply_filled(form *state, const filled *event)
{
    state->agreed = event->agreed;
    state->count = event->count;
    state->ratio = event->ratio;
    state->code = event->code;
    state->shade = event->shade;
    state->reference = event->reference;
    state->day = event->day;
    state->moment = event->moment;
    state->place = event->place;
    state->labels = event->labels;
    state->scores = event->scores;
}

/* Nothing but an event without fields, on an aggregate that was never filled in: its state has no text and zeros. */
COMMAND(form, touch, ("Look at it.", .creates = true));
EVENT(form, touched, "It was looked at.");

static verdict decide_touch(const form *state, const touch *command, decision *out)
{
    (void)state, (void)command;
    return emit(out, touched);
}

static void apply_touched(form *state, const touched *event)
{
    (void)state, (void)event;
}
