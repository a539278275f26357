/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text from a pattern, by recursive descent over the pattern itself: what is repeated is read again as often as it is
 * to be written, what is not chosen is read without writing. No tree is built. The dialect is that of the pattern limit
 * (docs/DOMAINS.md): no back-references, no look-around, so every choice gives a text that matches. */
#include "services/gateway/sample.h"

#define DEPTH_MAX 32
#define CLASS_LETTERS 128

struct sampler {
    const uint8_t *at, *end;
    struct buffer *out;
    struct sample_choice choice;
    uint32_t depth;
};

/* Which characters of ASCII a class has, and one that is not ASCII (0: none). */
struct letters {
    bool ascii[CLASS_LETTERS];
    uint32_t other;
};

static bool sampler_has(const struct sampler *s, char c)
{
    return s->at < s->end && *s->at == (uint8_t)c;
}

static bool sampler_take(struct sampler *s, char c)
{
    if (!sampler_has(s, c))
        return false;
    s->at++;
    return true;
}

static void put_code_point(struct sampler *s, uint32_t c)
{
    uint8_t bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (s->out->size + size > SAMPLE_TEXT_MAX)
        return;
    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (uint8_t)(0x80 | (c & 0x3f));
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    bytes[0] = (uint8_t)(leads[size] | c);
    buffer_append(s->out, bytes, size);
}

static uint32_t take_code_point(struct sampler *s)
{
    uint32_t first = *s->at++;
    uint32_t more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? first : first & (0x3fu >> more);
    for (; more > 0 && s->at < s->end; more--)
        c = c << 6 | (*s->at++ & 0x3fu);
    return c;
}

static uint32_t take_hex(struct sampler *s, int digits)
{
    uint32_t c = 0;
    for (; digits > 0 && s->at < s->end; digits--) {
        uint8_t digit = *s->at++;
        c = c << 4 | (uint32_t)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return c;
}

/* ---- classes ---- */

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(uint32_t c)
{
    return is_digit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* \d and its like; false when letter is none. */
static bool letters_add_set(struct letters *letters, uint8_t letter)
{
    bool (*within)(uint32_t) = NULL;
    uint8_t lower = letter | 0x20;
    if (lower == 'd' || lower == 'w' || lower == 's')
        within = lower == 'd' ? is_digit : lower == 'w' ? is_word : is_space;
    if (within == NULL)
        return false;
    for (uint32_t c = 1; c < CLASS_LETTERS; c++)
        letters->ascii[c] |= within(c) == (letter == lower);
    return true;
}

static void letters_add(struct letters *letters, uint32_t first, uint32_t last)
{
    for (uint32_t c = first; c <= last && c < CLASS_LETTERS; c++)
        letters->ascii[c] = true;
    if (last >= CLASS_LETTERS && letters->other == 0)
        letters->other = first >= CLASS_LETTERS ? first : last;
}

/* What follows a backslash, where it is one character. */
static uint32_t take_escape(struct sampler *s)
{
    static const char names[] = "tnrfv", values[] = "\t\n\r\f\v";
    uint8_t letter = *s->at++;
    const char *name = letter == 0 ? NULL : strchr(names, letter);
    if (letter == 'x' || letter == 'u')
        return take_hex(s, letter == 'x' ? 2 : 4);
    return name == NULL ? letter : (uint32_t)values[name - names];
}

static uint32_t take_member(struct sampler *s)
{
    if (!sampler_take(s, '\\'))
        return take_code_point(s);
    return s->at < s->end ? take_escape(s) : 0;
}

static bool take_set(struct sampler *s, struct letters *letters)
{
    if (s->end - s->at < 2 || s->at[0] != '\\' || !letters_add_set(letters, s->at[1]))
        return false;
    s->at += 2;
    return true;
}

static void take_range(struct sampler *s, struct letters *letters)
{
    if (take_set(s, letters))
        return;
    uint32_t first = take_member(s), last = first;
    if (s->end - s->at > 1 && s->at[0] == '-' && s->at[1] != ']') {
        s->at++;
        last = take_member(s);
    }
    letters_add(letters, first, last);
}

/* Behind the opening bracket. */
static void take_class(struct sampler *s, struct letters *letters)
{
    bool negated = sampler_take(s, '^');
    while (s->at < s->end && !sampler_has(s, ']'))
        take_range(s, letters);
    sampler_take(s, ']');
    if (!negated)
        return;
    letters->other = 0;
    for (uint32_t c = 1; c < CLASS_LETTERS; c++)
        letters->ascii[c] = !letters->ascii[c];
}

/* The variation counts through the letters of one kind like an odometer: its rest is for the next class. */
static bool put_letter_of(struct sampler *s, const struct letters *letters, uint32_t first, uint32_t last)
{
    uint32_t count = 0;
    for (uint32_t c = first; c <= last; c++)
        count += letters->ascii[c];
    if (count == 0)
        return false;
    uint32_t skip = s->choice.variation % count;
    s->choice.variation /= count;
    for (uint32_t c = first;; c++) {
        if (letters->ascii[c] && skip-- == 0) {
            put_code_point(s, c);
            return true;
        }
    }
}

static void put_letter(struct sampler *s, const struct letters *letters)
{
    if (put_letter_of(s, letters, 'a', 'z') || put_letter_of(s, letters, 'A', 'Z') ||
        put_letter_of(s, letters, '0', '9') || put_letter_of(s, letters, '!', '~'))
        return;
    if (letters->other != 0)
        put_code_point(s, letters->other);
    else
        put_letter_of(s, letters, 1, ' ');
}

/* ---- the grammar ---- */

static void take_alternatives(struct sampler *s, bool write);

static void take_character(struct sampler *s, bool write)
{
    struct letters letters = {.other = 0};
    if (sampler_take(s, '[')) {
        take_class(s, &letters);
    } else if (sampler_take(s, '.')) {
        letters_add(&letters, ' ', '~');
    } else if (!take_set(s, &letters)) {
        uint32_t c = take_member(s);
        letters_add(&letters, c, c);
    }
    if (write)
        put_letter(s, &letters);
}

static void take_atom(struct sampler *s, bool write)
{
    if (!sampler_take(s, '(')) {
        take_character(s, write);
        return;
    }
    if (s->end - s->at > 1 && s->at[0] == '?' && s->at[1] == ':')
        s->at += 2;
    take_alternatives(s, write);
    sampler_take(s, ')');
}

static uint32_t take_number(struct sampler *s, uint32_t fallback)
{
    uint32_t number = 0;
    if (s->at == s->end || !is_digit(*s->at))
        return fallback;
    while (s->at < s->end && is_digit(*s->at) && number < SAMPLE_TEXT_MAX)
        number = number * 10 + (*s->at++ - (uint32_t)'0');
    return number;
}

static void take_repetition(struct sampler *s, uint32_t *min, uint32_t *max)
{
    *min = *max = 1;
    if (sampler_take(s, '?')) {
        *min = 0;
    } else if (sampler_take(s, '*')) {
        *min = 0, *max = SAMPLE_TEXT_MAX;
    } else if (sampler_take(s, '+')) {
        *max = SAMPLE_TEXT_MAX;
    } else if (sampler_take(s, '{')) {
        *max = *min = take_number(s, 0);
        if (sampler_take(s, ','))
            *max = take_number(s, SAMPLE_TEXT_MAX);
        sampler_take(s, '}');
    }
}

/* Read once to see where it ends and how often it may stand, then again for each time it is written. */
static void take_piece(struct sampler *s, bool write)
{
    uint32_t min, max;
    const uint8_t *start = s->at;
    take_atom(s, false);
    take_repetition(s, &min, &max);
    const uint8_t *after = s->at;
    if (!write)
        return;
    uint32_t extra = max <= min ? 0 : max - min < s->choice.extra ? max - min : s->choice.extra;
    s->choice.extra -= extra;
    for (uint32_t i = 0; i < min + extra && s->out->size < SAMPLE_TEXT_MAX; i++) {
        s->at = start;
        take_atom(s, true);
    }
    s->at = after;
}

static void take_sequence(struct sampler *s, bool write)
{
    while (s->at < s->end && !sampler_has(s, '|') && !sampler_has(s, ')')) {
        if (!sampler_take(s, '^') && !sampler_take(s, '$'))
            take_piece(s, write);
    }
}

static uint32_t alternatives_count(struct sampler s)
{
    uint32_t count = 1;
    for (take_sequence(&s, false); sampler_take(&s, '|'); count++)
        take_sequence(&s, false);
    return count;
}

static void take_alternatives(struct sampler *s, bool write)
{
    if (s->depth == DEPTH_MAX) {
        s->at = s->end;
        return;
    }
    s->depth++;
    uint32_t chosen = write ? s->choice.alternative % alternatives_count(*s) : 0;
    for (uint32_t i = 0;; i++) {
        take_sequence(s, write && i == chosen);
        if (!sampler_take(s, '|'))
            break;
    }
    s->depth--;
}

void sample_pattern(struct buffer *out, struct slice pattern, struct sample_choice choice)
{
    struct sampler s = {.at = pattern.data, .end = pattern.data + pattern.size, .out = out, .choice = choice};
    buffer_clear(out);
    if (pattern.size > 0)
        take_alternatives(&s, true);
}
