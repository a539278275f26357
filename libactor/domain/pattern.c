/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Following all states of a compiled pattern at once. Compiling is in pattern_compile.c. */
#include "libactor/domain/pattern_code.h"

static bool class_has(const struct pattern_class *class, uint32_t c)
{
    for (uint32_t i = 0; i < class->count; i++)
        if (c >= class->ranges[i].first && c <= class->ranges[i].last)
            return !class->negated;
    return class->negated;
}

static bool step_takes(const struct pattern *pattern, const struct pattern_step *step, uint32_t c)
{
    if (step->op == PATTERN_CHARACTER)
        return c == step->character;
    return class_has(&pattern->classes[step->class], c);
}

static bool states_add(struct pattern_states *states, uint16_t at)
{
    uint16_t place = states->sparse[at];
    if (place < states->count && states->dense[place] == at)
        return false;
    states->sparse[at] = states->count;
    states->dense[states->count++] = at;
    return true;
}

/* Adds a state and all that follow it without a character. Each is added once, so the stack never holds more than two
 * for each step. */
static void states_follow(struct pattern *pattern, struct pattern_states *states, uint16_t first, bool start, bool end)
{
    uint16_t *stack = pattern->stack;
    uint32_t depth = 0;
    stack[depth++] = first;
    while (depth > 0) {
        uint16_t at = stack[--depth];
        const struct pattern_step *step = &pattern->steps[at];
        if (!states_add(states, at))
            continue;
        if (step->op == PATTERN_SPLIT || step->op == PATTERN_JUMP)
            stack[depth++] = step->next;
        if (step->op == PATTERN_SPLIT)
            stack[depth++] = step->other;
        if ((step->op == PATTERN_START && start) || (step->op == PATTERN_END && end))
            stack[depth++] = (uint16_t)(at + 1);
    }
}

static bool states_match(const struct pattern *pattern, const struct pattern_states *states)
{
    uint16_t last = (uint16_t)(pattern->count - 1); /* the only PATTERN_MATCH */
    uint16_t place = states->sparse[last];
    return place < states->count && states->dense[place] == last;
}

/* The text is valid UTF-8. */
static uint32_t next_character(const uint8_t **at)
{
    const uint8_t *p = *at;
    uint32_t c = p[0];
    uint32_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (more > 0)
        c &= 0x3fu >> more;
    for (uint32_t i = 1; i <= more; i++)
        c = c << 6 | (p[i] & 0x3fu);
    *at = p + more + 1;
    return c;
}

bool pattern_matches(struct pattern *pattern, struct slice text)
{
    const uint8_t *at = text.data, *end = at + text.size;
    struct pattern_states *now = &pattern->states[0], *then = &pattern->states[1];
    now->count = 0;
    states_follow(pattern, now, 0, true, at == end);
    while (!states_match(pattern, now)) {
        if (at == end || (now->count == 0 && pattern->anchored))
            return false;
        uint32_t c = next_character(&at);
        then->count = 0;
        for (uint16_t i = 0; i < now->count; i++) {
            const struct pattern_step *step = &pattern->steps[now->dense[i]];
            if ((step->op == PATTERN_CHARACTER || step->op == PATTERN_CLASS) && step_takes(pattern, step, c))
                states_follow(pattern, then, (uint16_t)(now->dense[i] + 1), false, at == end);
        }
        if (!pattern->anchored)
            states_follow(pattern, then, 0, false, at == end);
        struct pattern_states *swap = now;
        now = then;
        then = swap;
    }
    return true;
}
