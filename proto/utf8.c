/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The UTF-8 check. Eight ASCII bytes at a time, since nearly all text is; then by the lead byte, whose second byte's
 * range is what refuses overlong forms, surrogates and what lies above U+10FFFF (RFC 3629, section 4). */
#include "proto/utf8.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

static size_t ascii_size(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *start = at;
    uint64_t word;
    while (end - at >= (ptrdiff_t)sizeof word) {
        memcpy(&word, at, sizeof word);
        if ((word & HIGH_BITS) != 0) {
            break;
        }
        at += sizeof word;
    }
    while (at < end && *at < 0x80) {
        at++;
    }
    return (size_t)(at - start);
}

/* Bytes of a character by its lead byte, 0 for a byte that cannot lead; *low and *high bound the second byte. */
static size_t lead_size(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The size of the character at `at`, which is not ASCII; 0 when it is not valid. */
static size_t character_size(const uint8_t *at, const uint8_t *end)
{
    uint8_t low, high;
    size_t size = lead_size(at[0], &low, &high);
    if (size == 0 || (size_t)(end - at) < size || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

size_t utf8_valid_size(struct slice text)
{
    if (text.size == 0) {
        return 0;
    }
    const uint8_t *at = text.data, *end = text.data + text.size;
    for (at += ascii_size(at, end); at < end; at += ascii_size(at, end)) {
        size_t size = character_size(at, end);
        if (size == 0) {
            break;
        }
        at += size;
    }
    return (size_t)(at - text.data);
}

struct slice utf8_whole(struct slice text)
{
    return slice_of(text.data, utf8_valid_size(text));
}

void utf8_trim(char *text)
{
    text[utf8_valid_size(slice_text(text))] = '\0';
}
