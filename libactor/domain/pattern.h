/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions for the pattern limit: the part of ECMA-262 (the dialect of JSON Schema) that can be matched in
 * time linear in the text. All states are followed at once (K. Thompson, "Regular Expression Search Algorithm", CACM
 * 11, 1968), so no pattern can be made to run away; there are no back-references and no look-around.
 *
 *   x  .  [a-z]  [^a-z]  \d \D \w \W \s \S  \t \n \r \f \v  \xHH  \uHHHH  \ before . * + ? ( ) [ ] { } | ^ $ / - \
 *   (...)  (?:...)  a|b  a* a+ a? a{2} a{2,} a{2,5}  ^ $ (start and end of the whole text)
 *
 * Characters are code points. A pattern matches when it matches somewhere, as in JSON Schema. */
#ifndef LIBACTOR_DOMAIN_PATTERN_H
#define LIBACTOR_DOMAIN_PATTERN_H

#include "libactor/domain/arena.h"
#include "proto/slice.h"

enum { PATTERN_STEPS_MAX = 512, PATTERN_LENGTH_DEFAULT = 4096 };

struct pattern;

/* Compiles; the pattern lives in the arena. On failure NULL with *reason set to a constant. */
struct pattern *pattern_new(struct arena *arena, const char *source, const char **reason);
/* Does it match somewhere in text, which is UTF-8? One match at a time: the pattern holds the states. */
bool pattern_matches(struct pattern *pattern, struct slice text);

#endif
