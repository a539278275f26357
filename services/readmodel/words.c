/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Folding, words and patterns. Text is UTF-8 that was checked when it came in; bytes that are not are taken one by one.
 */
#include "services/readmodel/words.h"

#include "services/readmodel/fold_table.h"

enum { FOLD_RANGES = sizeof fold_ranges / sizeof fold_ranges[0] };

/* ---- characters ---- */

/* Reads one character and moves on; a byte that begins none stands for itself. */
static uint32_t character_next(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *from = *at;
    uint32_t lead = *from;
    size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0x80 || size == 1 || (size_t)(end - from) < size) {
        *at = from + 1;
        return lead;
    }
    uint32_t character = lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        character = character << 6 | (from[i] & 0x3fu);
    *at = from + size;
    return character;
}

void character_append(struct buffer *out, uint32_t character)
{
    uint8_t bytes[4];
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; character >>= 6)
        bytes[i] = (uint8_t)(0x80 | (character & 0x3f));
    bytes[0] = (uint8_t)(leads[size] | character);
    buffer_append(out, bytes, size);
}

/* The range that a character is in or would be in; FOLD_RANGES behind the last. */
static uint32_t range_find(uint32_t character)
{
    uint32_t low = 0, high = FOLD_RANGES;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (fold_ranges[middle].last < character)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t fold_character(uint32_t character)
{
    if (character < 0x80)
        return character >= 'A' && character <= 'Z' ? character + ('a' - 'A') : character;
    uint32_t place = range_find(character);
    if (place == FOLD_RANGES || character < fold_ranges[place].first)
        return character;
    const struct fold_range *range = &fold_ranges[place];
    return (character - range->first) % range->step == 0 ? (uint32_t)((int32_t)character + range->distance) : character;
}

bool fold_pair(uint32_t i, uint32_t *upper, uint32_t *lower)
{
    for (uint32_t r = 0; r < FOLD_RANGES; r++) {
        const struct fold_range *range = &fold_ranges[r];
        uint32_t count = (range->last - range->first) / range->step + 1;
        if (i < count) {
            *upper = range->first + i * range->step;
            *lower = (uint32_t)((int32_t)*upper + range->distance);
            return true;
        }
        i -= count;
    }
    return false;
}

void fold_text(struct buffer *out, struct slice text)
{
    const uint8_t *at = text.data, *end = at + text.size;
    while (text.size > 0 && at < end) {
        const uint8_t *from = at;
        uint32_t character = character_next(&at, end);
        if (character >= 0x80 && at - from == 1)
            buffer_append(out, from, 1);
        else
            character_append(out, fold_character(character));
    }
}

/* ---- words ---- */

struct span {
    uint32_t first, last;
};

static bool spans_have(const struct span *spans, size_t count, uint32_t character)
{
    for (size_t i = 0; i < count && spans[i].first <= character; i++)
        if (character <= spans[i].last)
            return true;
    return false;
}

/* Punctuation, spaces and symbols above ASCII; everything else there belongs to words. */
static const struct span separators[] = {
    {0x0080, 0x00a9},   {0x00ab, 0x00b4}, {0x00b6, 0x00b9}, {0x00bb, 0x00bf}, {0x00d7, 0x00d7}, {0x00f7, 0x00f7},
    {0x037e, 0x037e},   {0x0387, 0x0387}, {0x0589, 0x058a}, {0x05be, 0x05be}, {0x05c0, 0x05c0}, {0x05c3, 0x05c3},
    {0x05f3, 0x05f4},   {0x060c, 0x060d}, {0x061b, 0x061f}, {0x066a, 0x066d}, {0x06d4, 0x06d4}, {0x0964, 0x0965},
    {0x0e4f, 0x0e4f},   {0x0e5a, 0x0e5b}, {0x1361, 0x1368}, {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x206f},
    {0x207a, 0x207e},   {0x20a0, 0x20cf}, {0x2100, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004}, {0x3008, 0x3020},
    {0x3030, 0x3030},   {0x303d, 0x303f}, {0x30a0, 0x30a0}, {0x30fb, 0x30fb}, {0xfe10, 0xfe1f}, {0xfe30, 0xfe6f},
    {0xfeff, 0xfeff},   {0xff00, 0xff0f}, {0xff1a, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65}, {0xfff0, 0xffff},
    {0x1f000, 0x1faff},
};
/* Scripts that are written without spaces between words. */
static const struct span unspaced[] = {
    {0x3005, 0x3007},
    {0x3021, 0x302f},
    {0x3031, 0x303c},
    {0x3041, 0x30ff},
    {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},
    {0xf900, 0xfaff},
    {0x20000, 0x3ffff},
};

static bool is_word(uint32_t character)
{
    if (character >= 0x80)
        return !spans_have(separators, sizeof separators / sizeof separators[0], character);
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

static bool stands_alone(uint32_t character)
{
    return character >= 0x3005 && spans_have(unspaced, sizeof unspaced / sizeof unspaced[0], character);
}

static void word_end(struct buffer *out, size_t from, const struct buffer *word)
{
    size_t size = word->size;
    if (size == 0 || out->size - from + size + 1 > WORDS_BYTES_MAX)
        return;
    if (out->size > from)
        buffer_append(out, " ", 1);
    buffer_append(out, word->data, size);
}

void words_append(struct buffer *out, size_t from, struct slice text)
{
    uint8_t room[WORD_BYTES_MAX + 4];
    struct buffer word = {.data = room, .capacity = sizeof room};
    const uint8_t *at = text.data, *end = at + text.size;
    while (text.size > 0 && at < end && out->size - from < WORDS_BYTES_MAX) {
        uint32_t character = fold_character(character_next(&at, end));
        bool alone = stands_alone(character);
        if (alone || !is_word(character)) {
            word_end(out, from, &word);
            word.size = 0;
        }
        if (!is_word(character))
            continue;
        if (word.size + 4 <= WORD_BYTES_MAX)
            character_append(&word, character);
        if (alone) {
            word_end(out, from, &word);
            word.size = 0;
        }
    }
    word_end(out, from, &word);
}

/* ---- searching ---- */

static uint32_t folded_next(const uint8_t **at, const uint8_t *end)
{
    return fold_character(character_next(at, end));
}

enum { MATCH_STEPS = 65536 }; /* between two questions: some hundred microseconds */

bool match_stop_after(const struct match_stop *stop, uint32_t *steps, size_t more)
{
    *steps += more < MATCH_STEPS ? (uint32_t)more : MATCH_STEPS;
    if (*steps < MATCH_STEPS)
        return false;
    *steps = 0;
    return stop != NULL && stop->is_due(stop->context);
}

/* Does text begin with folded? Counts the characters that were looked at. */
static bool begins(const uint8_t *at, const uint8_t *end, struct slice folded, uint32_t *looked)
{
    const uint8_t *want = folded.data, *want_end = want + folded.size;
    for (*looked = 1; want < want_end; ++*looked)
        if (at >= end || folded_next(&at, end) != character_next(&want, want_end))
            return false;
    return true;
}

enum match text_has(struct slice text, struct slice folded, const struct match_stop *stop)
{
    if (folded.size == 0)
        return MATCH_YES;
    const uint8_t *at = text.data, *end = at + text.size, *want = folded.data;
    uint32_t first = character_next(&want, folded.data + folded.size), steps = 0, looked;
    while (text.size > 0 && at < end) {
        const uint8_t *from = at;
        looked = 1;
        if (folded_next(&at, end) == first && begins(from, end, folded, &looked))
            return MATCH_YES;
        if (match_stop_after(stop, &steps, looked))
            return MATCH_STOPPED;
    }
    return MATCH_NO;
}

bool pattern_valid(struct slice pattern)
{
    size_t escapes = 0;
    while (escapes < pattern.size && pattern.data[pattern.size - 1 - escapes] == '\\')
        escapes++;
    return escapes % 2 == 0;
}

/* Takes the next element of a pattern, which is not %: false when the character does not match it. */
static bool element_matches(const uint8_t **pattern, const uint8_t *end, uint32_t character)
{
    uint32_t wanted = character_next(pattern, end);
    if (wanted == '_')
        return true;
    if (wanted == '\\' && *pattern < end)
        wanted = character_next(pattern, end);
    return wanted == character;
}

/* When a character does not match, the last % takes one character more; those before it never need to. */
enum match text_like(struct slice text, struct slice pattern, const struct match_stop *stop)
{
    const uint8_t none[1] = {0};
    const uint8_t *at = text.size > 0 ? text.data : none, *end = at + text.size;
    const uint8_t *want = pattern.size > 0 ? pattern.data : none, *want_end = want + pattern.size;
    const uint8_t *after = NULL, *retry = NULL;
    uint32_t steps = 0;
    while (at < end) {
        if (match_stop_after(stop, &steps, 1))
            return MATCH_STOPPED;
        if (want < want_end && *want == '%') {
            after = ++want;
            retry = at;
            continue;
        }
        const uint8_t *next = at;
        uint32_t character = folded_next(&next, end);
        if (want < want_end && element_matches(&want, want_end, character)) {
            at = next;
        } else if (after == NULL) {
            return MATCH_NO;
        } else {
            want = after;
            folded_next(&retry, end);
            at = retry;
        }
    }
    while (want < want_end && *want == '%')
        want++;
    return want == want_end ? MATCH_YES : MATCH_NO;
}
