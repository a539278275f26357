/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Folding, words and patterns; comparing lists that are long. */
#include <criterion/criterion.h>
#include <locale.h>
#include <wctype.h>

#include "services/readmodel/json_match.h"

static bool words_are(const char *text, const char *expected)
{
    struct buffer out = {0};
    words_append(&out, 0, slice_text(text));
    bool same = slice_is(buffer_slice(&out), expected);
    buffer_fini(&out);
    return same;
}

static bool has(struct slice text, struct slice folded)
{
    return text_has(text, folded, NULL) == MATCH_YES;
}

static bool like(const char *text, const char *pattern)
{
    return text_like(slice_text(text), slice_text(pattern), NULL) == MATCH_YES;
}

Test(words, folding_is_that_of_the_c_library)
{
    cr_assert(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
    uint32_t upper = 0, lower = 0, last = 0, count = 0;
    for (; fold_pair(count, &upper, &lower); count++) {
        cr_assert(upper > last && fold_character(upper) == lower);
        last = upper;
    }
    cr_assert(count > 1000);
    for (uint32_t c = 0; c < 0x250; c++)
        cr_assert(fold_character(c) == (uint32_t)towlower((wint_t)c), "%x", c);
}

Test(words, texts_become_folded_words)
{
    cr_assert(words_are("", ""));
    cr_assert(words_are("  Alpha-Beta, 50% ", "alpha beta 50"));
    cr_assert(words_are("O'Neil; DROP \"x\"", "o neil drop x"));
    cr_assert(words_are("\xc3\x84pfel\xe2\x80\x94\xc3\x96l", "\xc3\xa4pfel \xc3\xb6l"));
    cr_assert(words_are("\xe5\x8c\x97\xe4\xba\xac.ok", "\xe5\x8c\x97 \xe4\xba\xac ok"));
}

Test(words, longest_words_and_texts_are_cut)
{
    static char text[40000];
    struct buffer out = {0};
    memset(text, 'a', sizeof text);
    words_append(&out, 0, slice_of(text, sizeof text));
    cr_assert(out.size <= WORD_BYTES_MAX && out.size > WORD_BYTES_MAX - 4);
    for (size_t i = 0; i < sizeof text; i += 3)
        text[i] = ' ';
    buffer_clear(&out);
    buffer_append_text(&out, "before");
    words_append(&out, 6, slice_of(text, sizeof text));
    words_append(&out, 6, slice_of(text, sizeof text));
    cr_assert(out.size <= 6 + WORDS_BYTES_MAX && out.size > WORDS_BYTES_MAX - 10);
    buffer_fini(&out);
}

Test(words, has_knows_no_case_and_no_wildcards)
{
    cr_assert(has(slice_text("Alpha Beta"), slice_text("a b")));
    cr_assert(has(slice_text("aaab"), slice_text("aab")));
    cr_assert(has(slice_text(""), slice_text("")));
    cr_assert(has(slice_text("\xc3\x84PFEL"), slice_text("\xc3\xa4pf")));
    cr_assert(!has(slice_text("alpha"), slice_text("%")));
    cr_assert(!has(slice_text("al"), slice_text("alp")));
}

Test(words, patterns_match_whole_texts)
{
    cr_assert(like("ABC1", "abc_") && like("ABC1", "%1") && like("ABC1", "a%") && like("ABC1", "%b%"));
    cr_assert(!like("ABC1", "abc") && !like("ABC1", "bc1") && !like("ABC1", "abc__"));
    cr_assert(like("", "") && like("", "%") && !like("", "_") && !like("x", ""));
    cr_assert(like("50% off", "50\\% off") && !like("501 off", "50\\% off") && like("a\\b", "a\\\\b"));
    cr_assert(like("a_b", "a\\_b") && !like("axb", "a\\_b"));
    cr_assert(like("aabaab", "%aab") && like("mississippi", "m%iss%pi") && !like("mississippi", "m%issx%pi"));
    cr_assert(like("\xc3\x84", "_") && like("\xc3\x84", "\xc3\xa4"));
    cr_assert(pattern_valid(slice_text("a\\\\")) && !pattern_valid(slice_text("a\\")) && pattern_valid(slice_text("")));
}

static bool count_down(void *context)
{
    return --*(int *)context == 0;
}

Test(words, matches_that_take_long_can_be_stopped)
{
    static char text[200000], wanted[4000];
    int questions = 3;
    struct match_stop stop = {.is_due = count_down, .context = &questions};
    memset(text, 'a', sizeof text);
    memset(wanted, 'a', sizeof wanted);
    wanted[sizeof wanted - 1] = 'b';
    cr_assert(text_has(slice_of(text, sizeof text), slice_of(wanted, sizeof wanted), &stop) == MATCH_STOPPED);
    cr_assert(questions == 0);
    wanted[0] = '%';
    questions = 3;
    cr_assert(text_like(slice_of(text, sizeof text), slice_of(wanted, sizeof wanted), &stop) == MATCH_STOPPED);
    cr_assert(questions == 0);
}

/* ---- lists ---- */

/* from, from + step, ... */
static struct buffer list_of(uint32_t count, int64_t from, int64_t step)
{
    struct buffer list = {0};
    write_array(&list, count);
    for (uint32_t i = 0; i < count; i++)
        write_integer(&list, from + (int64_t)i * step);
    return list;
}

/* The list as the only item of another, so often. */
static struct buffer list_within(const struct buffer *list, uint32_t levels)
{
    struct buffer out = {0};
    for (uint32_t i = 0; i < levels; i++)
        write_array(&out, 1);
    write_raw(&out, buffer_slice(list));
    return out;
}

typedef enum match match_lists(struct slice a, struct slice b, const struct match_stop *stop);

static void stops_at_the_third_question(match_lists *match, const struct buffer *a, const struct buffer *b)
{
    int questions = 3;
    struct match_stop stop = {.is_due = count_down, .context = &questions};
    cr_assert(match(buffer_slice(a), buffer_slice(b), &stop) == MATCH_STOPPED);
    cr_assert(questions == 0);
}

Test(words, matches_of_lists_that_take_long_can_be_stopped)
{
    struct buffer many = list_of(300000, 0, 1), last = list_of(256, 299999, 0), none = list_of(256, -1, -1);
    struct buffer deep = list_within(&many, 5), deep_last = list_within(&last, 5);
    stops_at_the_third_question(json_equal, &many, &many);
    stops_at_the_third_question(json_contains, &many, &last);
    stops_at_the_third_question(json_contains, &deep, &deep_last);
    stops_at_the_third_question(json_overlaps, &many, &none);
    cr_assert(json_contains(buffer_slice(&deep), buffer_slice(&deep_last), NULL) == MATCH_YES);
    cr_assert(json_overlaps(buffer_slice(&many), buffer_slice(&none), NULL) == MATCH_NO);
    cr_assert(json_equal(buffer_slice(&many), buffer_slice(&many), NULL) == MATCH_YES);
    buffer_fini(&many);
    buffer_fini(&last);
    buffer_fini(&none);
    buffer_fini(&deep);
    buffer_fini(&deep_last);
}
