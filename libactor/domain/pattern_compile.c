/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * From the text of a pattern to its steps, by recursive descent. A repetition is compiled as so many copies. */
#include "libactor/domain/pattern_code.h"
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 64, RANGES_MAX = 64, REPEAT_MAX = 256, GROUPS_MAX = 16 };

struct compiler {
    const char *at;
    const char *reason; /* set at the first fault; the rest then does nothing of use */
    uint32_t depth, count, class_count;
    struct pattern_step steps[PATTERN_STEPS_MAX];
    struct pattern_class classes[CLASSES_MAX];
    struct pattern_range ranges[CLASSES_MAX * RANGES_MAX];
    uint32_t range_count;
};

static void fail(struct compiler *c, const char *reason)
{
    if (c->reason == NULL)
        c->reason = reason;
}

static uint32_t step_add(struct compiler *c, struct pattern_step step)
{
    if (c->count == PATTERN_STEPS_MAX) {
        fail(c, "too large");
        return 0;
    }
    c->steps[c->count] = step;
    return c->count++;
}

/* Moves the steps from first on to make room for one before them. Jumps inside them move along. */
static void step_insert(struct compiler *c, uint32_t first, struct pattern_step step)
{
    step_add(c, step);
    if (c->reason != NULL)
        return;
    for (uint32_t i = c->count - 1; i > first; i--) {
        c->steps[i] = c->steps[i - 1];
        if (c->steps[i].next >= first)
            c->steps[i].next++;
        if (c->steps[i].other >= first)
            c->steps[i].other++;
    }
    c->steps[first] = step;
}

/* ---- characters and classes ---- */

static uint32_t read_utf8(struct compiler *c)
{
    const uint8_t *p = (const uint8_t *)c->at;
    uint32_t first = p[0], more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t value = more == 0 ? first : first & (0x3fu >> more);
    for (uint32_t i = 1; i <= more; i++)
        value = value << 6 | (p[i] & 0x3fu);
    c->at += more + 1;
    return value;
}

static uint32_t read_hex(struct compiler *c, int digits)
{
    static const char figures[] = "0123456789abcdefABCDEF";
    uint32_t value = 0;
    for (int i = 0; i < digits; i++, c->at++) {
        const char *place = *c->at == '\0' ? NULL : strchr(figures, *c->at);
        if (place == NULL) {
            fail(c, "an escape with too few hexadecimal digits");
            return 0;
        }
        uint32_t figure = (uint32_t)(place - figures);
        value = value << 4 | (figure < 16 ? figure : figure - 6);
    }
    return value;
}

static const struct pattern_range digit_ranges[] = {{'0', '9'}};
static const struct pattern_range word_ranges[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
static const struct pattern_range space_ranges[] = {{'\t', '\r'},
                                                    {' ', ' '},
                                                    {0xa0, 0xa0},
                                                    {0x1680, 0x1680},
                                                    {0x2000, 0x200a},
                                                    {0x2028, 0x2029},
                                                    {0x202f, 0x202f},
                                                    {0x205f, 0x205f},
                                                    {0x3000, 0x3000},
                                                    {0xfeff, 0xfeff}};
static const struct pattern_range line_ranges[] = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

static void range_add(struct compiler *c, uint32_t first, uint32_t last)
{
    if (c->range_count == sizeof c->ranges / sizeof *c->ranges)
        fail(c, "too large");
    else
        c->ranges[c->range_count++] = (struct pattern_range){first, last};
}

static void ranges_add(struct compiler *c, const struct pattern_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        range_add(c, ranges[i].first, ranges[i].last);
}

/* Everything between the ranges, which are in order. */
static void ranges_add_others(struct compiler *c, const struct pattern_range *ranges, size_t count)
{
    uint32_t from = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].first > from)
            range_add(c, from, ranges[i].first - 1);
        from = ranges[i].last + 1;
    }
    range_add(c, from, 0x10ffff);
}

#define RANGES(OF) OF, sizeof(OF) / sizeof *(OF)
/* \d and its like; false when letter is none. */
static bool set_add(struct compiler *c, char letter)
{
    switch (letter) {
    case 'd':
        ranges_add(c, RANGES(digit_ranges));
        return true;
    case 'D':
        ranges_add_others(c, RANGES(digit_ranges));
        return true;
    case 'w':
        ranges_add(c, RANGES(word_ranges));
        return true;
    case 'W':
        ranges_add_others(c, RANGES(word_ranges));
        return true;
    case 's':
        ranges_add(c, RANGES(space_ranges));
        return true;
    case 'S':
        ranges_add_others(c, RANGES(space_ranges));
        return true;
    default:
        return false;
    }
}

/* After a backslash, a single character. */
static uint32_t read_escape(struct compiler *c)
{
    char letter = *c->at;
    if (letter != '\0')
        c->at++;
    if (letter == 'x' || letter == 'u')
        return read_hex(c, letter == 'x' ? 2 : 4);
    static const char letters[] = "tnrfv", values[] = "\t\n\r\f\v";
    const char *place = letter == '\0' ? NULL : strchr(letters, letter);
    if (place != NULL)
        return (uint32_t)values[place - letters];
    if (letter == '\0' || strchr(".*+?()[]{}|^$/-\\", letter) == NULL)
        fail(c, "an escape that is not supported");
    return (uint32_t)letter;
}

static void class_begin(struct compiler *c, bool negated)
{
    if (c->class_count == CLASSES_MAX) {
        fail(c, "too large");
        c->class_count--;
    }
    c->classes[c->class_count++] = (struct pattern_class){.ranges = c->ranges + c->range_count, .negated = negated};
}

static void class_end(struct compiler *c)
{
    struct pattern_class *class = &c->classes[c->class_count - 1];
    class->count = (uint32_t)(c->ranges + c->range_count - class->ranges);
    step_add(c, (struct pattern_step){.op = PATTERN_CLASS, .class = (uint16_t)(c->class_count - 1)});
}

/* One character of a bracket, or a set: then false. */
static bool read_member(struct compiler *c, uint32_t *out)
{
    if (*c->at != '\\') {
        *out = read_utf8(c);
        return true;
    }
    c->at++;
    if (set_add(c, *c->at)) {
        c->at++;
        return false;
    }
    *out = read_escape(c);
    return true;
}

static void read_bracket(struct compiler *c)
{
    bool negated = *c->at == '^';
    c->at += negated;
    class_begin(c, negated);
    while (*c->at != ']' && c->reason == NULL) {
        uint32_t first = 0, last;
        if (*c->at == '\0' || *c->at == '[') {
            fail(c, *c->at == '[' ? "[ inside [...]: write \\[" : "[ without ]");
            return;
        }
        if (!read_member(c, &first))
            continue;
        last = first;
        if (c->at[0] == '-' && c->at[1] != ']' && c->at[1] != '\0') {
            c->at++;
            if (!read_member(c, &last) || last < first)
                fail(c, "a range that ends before it begins");
        }
        range_add(c, first, last);
    }
    c->at++;
    class_end(c);
}

/* ---- structure ---- */

static void read_choice(struct compiler *c);

static void read_group(struct compiler *c)
{
    if (c->at[0] == '?' && c->at[1] == ':')
        c->at += 2;
    else if (c->at[0] == '?')
        fail(c, "(? other than (?: is not supported");
    if (++c->depth > GROUPS_MAX)
        fail(c, "groups nested too deep");
    else
        read_choice(c);
    c->depth--;
    if (*c->at == ')')
        c->at++;
    else
        fail(c, "( without )");
}

static void read_after_backslash(struct compiler *c)
{
    if (*c->at != '\0' && strchr("dDwWsS", *c->at) != NULL) {
        class_begin(c, false);
        set_add(c, *c->at++);
        class_end(c);
        return;
    }
    uint32_t character = read_escape(c);
    step_add(c, (struct pattern_step){.op = PATTERN_CHARACTER, .character = character});
}

/* One character, class, group or anchor. */
static void read_atom(struct compiler *c)
{
    char first = *c->at;
    if (strchr("*+?{}])", first) != NULL) {
        fail(c, "a sign that stands for nothing here: write a backslash before it");
        return;
    }
    if (strchr(".[(\\^$", first) == NULL) {
        step_add(c, (struct pattern_step){.op = PATTERN_CHARACTER, .character = read_utf8(c)});
        return;
    }
    c->at++;
    if (first == '(')
        read_group(c);
    else if (first == '[')
        read_bracket(c);
    else if (first == '\\')
        read_after_backslash(c);
    else if (first == '.') {
        class_begin(c, true);
        ranges_add(c, RANGES(line_ranges));
        class_end(c);
    } else
        step_add(c, (struct pattern_step){.op = first == '^' ? PATTERN_START : PATTERN_END});
}

static uint32_t read_number(struct compiler *c)
{
    uint32_t value = 0;
    if (*c->at < '0' || *c->at > '9')
        fail(c, "{ without a number");
    for (; *c->at >= '0' && *c->at <= '9'; c->at++)
        if ((value = value * 10 + (uint32_t)(*c->at - '0')) > REPEAT_MAX)
            fail(c, "a repetition of more than 256"), value = 0;
    return value;
}

struct repeat {
    uint32_t least, most;
    bool endless, given;
};

static struct repeat read_repeat(struct compiler *c)
{
    struct repeat repeat = {.least = 1, .most = 1, .given = true};
    switch (*c->at) {
    case '*':
        c->at++;
        return (struct repeat){.endless = true, .given = true};
    case '+':
        c->at++;
        return (struct repeat){.least = 1, .endless = true, .given = true};
    case '?':
        c->at++;
        return (struct repeat){.most = 1, .given = true};
    case '{':
        c->at++;
        repeat.least = repeat.most = read_number(c);
        if (*c->at == ',') {
            c->at++;
            repeat.endless = *c->at == '}';
            repeat.most = repeat.endless ? 0 : read_number(c);
        }
        if (*c->at++ != '}' || (!repeat.endless && repeat.most < repeat.least)) {
            c->at--;
            fail(c, "a { that is no repetition");
        }
        return repeat;
    default:
        return (struct repeat){.least = 1, .most = 1};
    }
}

static void read_again(struct compiler *c, const char *from)
{
    const char *after = c->at;
    uint32_t depth = c->depth;
    c->at = from;
    read_atom(c);
    c->at = after;
    c->depth = depth;
}

/* x* is SPLIT x JUMP; after one x or more it is only a SPLIT back to the last. */
static void repeat_endless(struct compiler *c, uint32_t least, uint32_t first)
{
    if (least > 0) {
        uint16_t after = (uint16_t)(c->count + 1);
        step_add(c, (struct pattern_step){.op = PATTERN_SPLIT, .next = (uint16_t)first, .other = after});
        return;
    }
    step_insert(c, first, (struct pattern_step){.op = PATTERN_SPLIT, .next = (uint16_t)(first + 1)});
    step_add(c, (struct pattern_step){.op = PATTERN_JUMP, .next = (uint16_t)first});
    c->steps[first].other = (uint16_t)c->count;
}

/* x{2,4} is x x SPLIT x SPLIT x, where each SPLIT may also go to the end. optional: the first x is itself one that may
 * be left out. */
static void repeat_bounded(struct compiler *c, const char *atom, uint32_t first, bool optional, uint32_t more)
{
    uint32_t splits[REPEAT_MAX + 1], count = 0;
    if (optional) {
        step_insert(c, first, (struct pattern_step){.op = PATTERN_SPLIT, .next = (uint16_t)(first + 1)});
        splits[count++] = first;
    }
    for (; more > 0 && c->reason == NULL; more--) {
        splits[count++] = step_add(c, (struct pattern_step){.op = PATTERN_SPLIT, .next = (uint16_t)(c->count + 1)});
        read_again(c, atom);
    }
    for (uint32_t i = 0; i < count; i++)
        c->steps[splits[i]].other = (uint16_t)c->count;
}

/* The first x is compiled already, at step first. */
static void repeat_compile(struct compiler *c, const struct repeat *repeat, const char *atom, uint32_t first)
{
    if (!repeat->endless && repeat->most == 0) {
        c->count = first;
        return;
    }
    for (uint32_t i = 1; i < repeat->least && c->reason == NULL; i++) {
        first = c->count;
        read_again(c, atom);
    }
    if (c->reason != NULL)
        return;
    if (repeat->endless)
        repeat_endless(c, repeat->least, first);
    else
        repeat_bounded(c, atom, first, repeat->least == 0, repeat->most - (repeat->least == 0 ? 1 : repeat->least));
}

static void read_piece(struct compiler *c)
{
    const char *atom = c->at;
    uint32_t first = c->count;
    read_atom(c);
    if (c->reason != NULL)
        return;
    struct repeat repeat = read_repeat(c);
    if (repeat.given && (*atom == '^' || *atom == '$'))
        fail(c, "a repeated ^ or $");
    if (repeat.given && *c->at != '\0' && strchr("*+?{", *c->at) != NULL)
        fail(c, "a repetition of a repetition");
    if (c->reason == NULL)
        repeat_compile(c, &repeat, atom, first);
}

/* a|b is SPLIT a JUMP b. */
static void read_choice(struct compiler *c)
{
    uint32_t first = c->count;
    while (*c->at != '\0' && *c->at != '|' && *c->at != ')' && c->reason == NULL)
        read_piece(c);
    if (*c->at != '|' || c->reason != NULL)
        return;
    c->at++;
    step_insert(c, first, (struct pattern_step){.op = PATTERN_SPLIT, .next = (uint16_t)(first + 1)});
    uint32_t jump = step_add(c, (struct pattern_step){.op = PATTERN_JUMP});
    if (c->reason != NULL)
        return;
    c->steps[first].other = (uint16_t)c->count;
    if (++c->depth > GROUPS_MAX * 4)
        fail(c, "too many alternatives");
    else
        read_choice(c);
    c->depth--;
    c->steps[jump].next = (uint16_t)c->count;
}

/* ---- the result ---- */

static void *copy(struct arena *arena, const void *from, size_t size)
{
    void *to = arena_take(arena, size);
    if (to != NULL && size > 0)
        memcpy(to, from, size);
    return to;
}

/* No state is left to follow once the start has passed: every way begins with ^. Seen only where it is plain. */
static bool is_anchored(const struct compiler *c)
{
    return c->steps[0].op == PATTERN_START;
}

static bool pattern_copy(struct pattern *pattern, struct arena *arena, const struct compiler *c)
{
    pattern->count = c->count;
    pattern->class_count = c->class_count;
    pattern->anchored = is_anchored(c);
    pattern->steps = copy(arena, c->steps, c->count * sizeof *c->steps);
    pattern->classes = copy(arena, c->classes, c->class_count * sizeof *c->classes);
    const struct pattern_range *ranges = copy(arena, c->ranges, c->range_count * sizeof *c->ranges);
    uint16_t *memory = arena_take_zeroed(arena, (c->count * 6 + 2) * sizeof *memory);
    if (pattern->steps == NULL || pattern->classes == NULL || ranges == NULL || memory == NULL)
        return false;
    for (uint32_t i = 0; i < c->class_count; i++)
        pattern->classes[i].ranges = (struct pattern_range *)ranges + (c->classes[i].ranges - c->ranges);
    for (int i = 0; i < 2; i++) {
        pattern->states[i].sparse = memory + (size_t)(2 * i) * c->count;
        pattern->states[i].dense = memory + (size_t)(2 * i + 1) * c->count;
    }
    pattern->stack = memory + 4 * (size_t)c->count;
    return true;
}

static void compile(struct compiler *c, const char *source)
{
    c->at = source;
    read_choice(c);
    if (*c->at == ')')
        fail(c, ") without (");
    step_add(c, (struct pattern_step){.op = PATTERN_MATCH});
}

struct pattern *pattern_new(struct arena *arena, const char *source, const char **reason)
{
    struct compiler *c = calloc(1, sizeof *c); /* tens of kilobytes: not on the stack, and gone at the end */
    struct pattern *pattern = arena_take_zeroed(arena, sizeof *pattern);
    *reason = "out of memory";
    if (c != NULL && pattern != NULL) {
        compile(c, source);
        if (c->reason != NULL)
            *reason = c->reason;
        if (c->reason != NULL || !pattern_copy(pattern, arena, c))
            pattern = NULL;
    }
    if (c == NULL)
        pattern = NULL;
    free(c);
    return pattern;
}
