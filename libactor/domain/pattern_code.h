/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a pattern is compiled to. Shared by the compiler and the matcher only. */
#ifndef LIBACTOR_DOMAIN_PATTERN_CODE_H
#define LIBACTOR_DOMAIN_PATTERN_CODE_H

#include "libactor/domain/pattern.h"

enum pattern_op {
    PATTERN_CHARACTER = 1, /* takes one character, goes on to the next step; so do the classes */
    PATTERN_CLASS,
    PATTERN_JUMP,  /* goes to next */
    PATTERN_SPLIT, /* goes to next and other */
    PATTERN_START, /* goes on at the start of the text only */
    PATTERN_END,   /* likewise at its end */
    PATTERN_MATCH, /* the last step, and only that */
};

struct pattern_step {
    uint8_t op;
    uint16_t next, other, class;
    uint32_t character;
};

struct pattern_range {
    uint32_t first, last; /* both included */
};

struct pattern_class {
    struct pattern_range *ranges;
    uint32_t count;
    bool negated;
};

/* A set of steps that is emptied in no time (P. Briggs and L. Torczon, 1993). */
struct pattern_states {
    uint16_t *sparse, *dense;
    uint16_t count;
};

struct pattern {
    struct pattern_step *steps;
    struct pattern_class *classes;
    struct pattern_states states[2];
    uint16_t *stack;
    uint32_t count, class_count;
    bool anchored; /* matches at the start or not at all */
};

#endif
