/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Characters and words as filters and full text see them, the same for both databases, because neither is asked: case
 * folding (one character for one, as C.UTF-8's towlower has it), splitting text into words, and SQL patterns. Pure;
 * no locale. */
#ifndef READMODEL_WORDS_H
#define READMODEL_WORDS_H

#include "proto/writer.h"

/* Longest word kept, longest text of a row's words. What is more is cut off, in rows and searches alike. */
#define WORD_BYTES_MAX 64
#define WORDS_BYTES_MAX 16384

/* The lower case of a character; the character itself when it has none. */
uint32_t fold_character(uint32_t character);
/* Which characters above ASCII have one: the i-th pair, or false behind the last. In order. */
bool fold_pair(uint32_t i, uint32_t *upper, uint32_t *lower);
/* Appends text in lower case; text is UTF-8. */
void fold_text(struct buffer *out, struct slice text);

/* Appends the folded words of text, each with a space before it unless it is the first in out after from. Letters and
 * digits make words; each ideograph and syllable of scripts without spaces is a word of its own. No more than
 * WORDS_BYTES_MAX bytes after from. */
void words_append(struct buffer *out, size_t from, struct slice text);

/* Matching takes time that is at most the product of the sizes, so it asks now and then whether to go on: stop (may be
 * NULL) ends it with MATCH_STOPPED when it is true. */
enum match { MATCH_NO, MATCH_YES, MATCH_STOPPED };
struct match_stop {
    bool (*is_due)(void *context);
    void *context;
};
/* For who matches: counts steps, of about a nanosecond each, and asks after enough of them. True: end it. */
bool match_stop_after(const struct match_stop *stop, uint32_t *steps, size_t more);

/* Does folded occur in text, whatever its case? */
enum match text_has(struct slice text, struct slice folded, const struct match_stop *stop);
/* Does text match an SQL pattern that is folded already: % any text, _ any character, a backslash takes the meaning
 * from the next? */
enum match text_like(struct slice text, struct slice pattern, const struct match_stop *stop);
/* In UTF-8. */
void character_append(struct buffer *out, uint32_t character);
/* Is it a pattern: no backslash at its end? */
bool pattern_valid(struct slice pattern);

#endif
