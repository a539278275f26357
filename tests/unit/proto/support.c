/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See support.h. The linker turns calls of a function NAME into calls of __wrap_NAME (see CMakeLists.txt). */
#include "tests/unit/proto/support.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t arena[1 << 22];
static size_t arena_used;
static int allocations_left = -1;
static bool comma_locale;

void *__real_realloc(void *memory, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
double __real_strtod(const char *text, char **end);
double __wrap_strtod(const char *text, char **end);
int __wrap_snprintf(char *out, size_t size, const char *format, ...);

static bool allocation_fails(void)
{
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    return allocations_left == 0;
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void fail_allocation_after(int calls)
{
    allocations_left = calls;
}

void use_comma_locale(bool on)
{
    comma_locale = on;
}

double __wrap_strtod(const char *text, char **end)
{
    char before_point[1024];
    size_t size = comma_locale ? strcspn(text, ".") : strlen(text);
    if (!comma_locale || text[size] == '\0' || size >= sizeof before_point) {
        return __real_strtod(text, end);
    }
    memcpy(before_point, text, size);
    before_point[size] = '\0';
    return __real_strtod(before_point, NULL);
}

int __wrap_snprintf(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(out, size, format, arguments);
    va_end(arguments);
    char *point = comma_locale ? strchr(out, '.') : NULL;
    if (point != NULL) {
        *point = ',';
    }
    return written;
}

static uint8_t *arena_take(size_t size)
{
    assert(size <= sizeof arena - arena_used);
    uint8_t *taken = arena + arena_used;
    arena_used += size;
    return taken;
}

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

struct slice hex(const char *text)
{
    uint8_t *bytes = arena_take(strlen(text) / 2 + 1);
    size_t size = 0;
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        bytes[size++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
        text += 2;
    }
    return slice_of(bytes, size);
}

const char *to_hex(struct slice bytes)
{
    char *text = (char *)arena_take(bytes.size * 2 + 1);
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = "0123456789abcdef"[bytes.data[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes.data[i] & 0x0f];
    }
    text[2 * bytes.size] = '\0';
    return text;
}

const char *text_copy(struct slice text)
{
    char *copy = (char *)arena_take(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

uint8_t *exact_copy(struct slice bytes)
{
    uint8_t *copy = malloc(bytes.size > 0 ? bytes.size : 1);
    assert(copy != NULL);
    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    return copy;
}

uint64_t chance_next(struct chance *chance)
{
    uint64_t mix = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    mix = (mix ^ (mix >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mix = (mix ^ (mix >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mix ^ (mix >> 31);
}

uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    return (uint32_t)(chance_next(chance) % limit);
}

/* Every width comes up as often. */
static int64_t random_integer(struct chance *chance)
{
    return (int64_t)chance_next(chance) >> chance_below(chance, 64);
}

static double random_double(struct chance *chance)
{
    for (;;) {
        uint64_t bits = chance_next(chance);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (chance_below(chance, 2) == 0) {
            value = (double)(int32_t)bits / 100;
        }
        if (value - value == 0) { /* finite */
            return value;
        }
    }
}

static struct slice random_text(struct chance *chance)
{
    static const char *const pieces[] = {"a", "key", " ", "\"", "\\", "\n", "\x01", "\x7f", "é", "€", "😀", "/", "name"};
    uint8_t *text = arena_take(0);
    size_t size = 0;
    for (uint32_t left = chance_below(chance, 12); left > 0; left--) {
        const char *piece = pieces[chance_below(chance, sizeof pieces / sizeof *pieces)];
        memcpy(arena_take(strlen(piece)), piece, strlen(piece));
        size += strlen(piece);
    }
    return slice_of(text, size);
}

static void write_scalar(struct chance *chance, bool json, struct buffer *out)
{
    switch (chance_below(chance, json ? 5 : 7)) {
    case 0:
        write_nil(out);
        break;
    case 1:
        write_bool(out, chance_below(chance, 2) == 0);
        break;
    case 2:
        write_double(out, random_double(chance));
        break;
    case 3:
        write_text(out, random_text(chance));
        break;
    case 4:
        write_integer(out, random_integer(chance));
        break;
    case 5:
        write_unsigned(out, chance_next(chance));
        break;
    default:
        write_bytes(out, random_text(chance));
        break;
    }
}

static void write_key(struct chance *chance, uint32_t index, struct buffer *out)
{
    char number[16];
    size_t size = 0;
    struct slice text = random_text(chance);
    for (; index > 0 || size == 0; index /= 10) {
        number[size++] = (char)('0' + index % 10);
    }
    uint8_t *key = arena_take(text.size + size);
    memcpy(key, text.data, text.size);
    memcpy(key + text.size, number, size);
    write_text(out, slice_of(key, text.size + size));
}

void write_random(struct chance *chance, uint32_t depth, bool json, struct buffer *out)
{
    uint32_t kind = depth == 0 ? 0 : chance_below(chance, 4);
    uint32_t count = chance_below(chance, chance_below(chance, 8) == 0 ? 60 : 6);
    arena_used = arena_used > sizeof arena / 2 ? 0 : arena_used;
    if (kind == 1) {
        write_array(out, count);
    } else if (kind == 2) {
        write_map(out, count);
    } else {
        write_scalar(chance, json, out);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (kind == 2) {
            write_key(chance, i, out);
        }
        write_random(chance, depth - 1, json, out);
    }
}
