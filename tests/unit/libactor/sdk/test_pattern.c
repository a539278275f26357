/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Patterns match what ECMA-262 says they match, refuse what is not supported, and never run away. */
#include "libactor/domain/pattern.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena, 16 << 20);
}

static void close_arena(void)
{
    arena_fini(&arena);
}

TestSuite(pattern, .init = open_arena, .fini = close_arena);

static struct pattern *compile(const char *source)
{
    const char *reason = NULL;
    struct pattern *pattern = pattern_new(&arena, source, &reason);
    cr_assert_not_null(pattern, "%s: %s", source, reason);
    return pattern;
}

static void expect(const char *source, const char *text, bool matches)
{
    struct pattern *pattern = compile(source);
    cr_expect_eq(pattern_matches(pattern, slice_text(text)), matches, "%s on %s", source, text);
    cr_expect_eq(pattern_matches(pattern, slice_text(text)), matches, "%s on %s, again", source, text);
}

static void refuse(const char *source, const char *expected)
{
    const char *reason = "";
    struct pattern *pattern = pattern_new(&arena, source, &reason);
    cr_expect_null(pattern, "%s", source);
    cr_expect_not_null(strstr(reason, expected), "%s: %s", source, reason);
}

Test(pattern, plain_text_matches_anywhere)
{
    expect("", "", true);
    expect("", "abc", true);
    expect("b", "abc", true);
    expect("abc", "xxabcxx", true);
    expect("abd", "abcabcabd", true);
    expect("abd", "abc", false);
    expect("aab", "aaab", true);
}

Test(pattern, anchors_hold_to_the_whole_text)
{
    expect("^b", "abc", false);
    expect("^a", "abc", true);
    expect("c$", "abc", true);
    expect("b$", "abc", false);
    expect("^$", "", true);
    expect("^$", "a", false);
    expect("^abc$", "abc", true);
    expect("^a|b$", "xxb", true);
    expect("^a|b$", "ba", false);
    expect("^b", "a\nb", false);
    expect("a$", "a\n", false);
    expect("a^b", "ab", false);
    expect("(^a)?b", "xb", true);
}

Test(pattern, repetitions)
{
    expect("^a*$", "", true);
    expect("^a*$", "aaaa", true);
    expect("^a*$", "aab", false);
    expect("^a+$", "", false);
    expect("^a+$", "aaa", true);
    expect("^a?$", "a", true);
    expect("^a?$", "aa", false);
    expect("^a{3}$", "aaa", true);
    expect("^a{3}$", "aa", false);
    expect("^a{3}$", "aaaa", false);
    expect("^a{2,}$", "a", false);
    expect("^a{2,}$", "aaaaa", true);
    expect("^a{1,3}$", "aaa", true);
    expect("^a{1,3}$", "aaaa", false);
    expect("^a{0,2}$", "", true);
    expect("^a{0,2}b$", "aab", true);
    expect("^a{0,2}b$", "aaab", false);
    expect("^xa{0}y$", "xy", true);
    expect("^xa{0}y$", "xay", false);
    expect("^(ab){2,3}$", "ababab", true);
    expect("^(ab){2,3}$", "ab", false);
    expect("^(a|bc){2}$", "bca", true);
    expect("^(a*)*$", "aaa", true);
    expect("^(a*)+b$", "aaab", true);
    expect("^((a?){3}b){2}$", "aabb", true);
}

Test(pattern, alternatives)
{
    expect("^(a|b|c)$", "b", true);
    expect("^(a|b|c)$", "c", true);
    expect("^(a|b|c)$", "d", false);
    expect("^(ab|a)b$", "ab", true);
    expect("^(|a)b$", "b", true);
    expect("^(a|)b$", "ab", true);
    expect("^(?:foo|bar)+$", "foobarfoo", true);
    expect("a|b|", "zzz", true);
}

Test(pattern, classes)
{
    expect("^[a-c]+$", "abcba", true);
    expect("^[a-c]+$", "abd", false);
    expect("^[^a-c]+$", "xyz", true);
    expect("^[^a-c]+$", "xay", false);
    expect("^[a-]+$", "a-", true);
    expect("^[-a]+$", "a-", true);
    expect("^[\\]\\-\\\\]+$", "]-\\", true);
    expect("^[.]$", ".", true);
    expect("^[.]$", "x", false);
    expect("^[\\d_]+$", "1_2", true);
    expect("^[^\\d]+$", "ab", true);
    expect("^[^\\d]+$", "a1", false);
    expect("^[]$", "a", false);
    expect("^[^]$", "a", true);
}

Test(pattern, escapes)
{
    expect("^\\d{4}-\\d\\d$", "2026-07", true);
    expect("^\\D+$", "ab", true);
    expect("^\\w+$", "aZ_9", true);
    expect("^\\w+$", "a-b", false);
    expect("^\\W$", "-", true);
    expect("^\\s\\S$", " x", true);
    expect("^\\s$", "\xe2\x80\xa8", true);
    expect("^a\\.b$", "a.b", true);
    expect("^a\\.b$", "axb", false);
    expect("^\\t\\n\\x41\\u00e9$", "\t\nA\xc3\xa9", true);
    expect("^\\/\\-\\$\\^\\|\\{\\}\\(\\)\\[\\]\\?\\*\\+\\\\$", "/-$^|{}()[]?*+\\", true);
}

Test(pattern, a_dot_is_any_character_but_the_ends_of_lines)
{
    expect("^.$", "\xf0\x9f\x98\x80", true);
    expect("^.$", "\xc3\xa9", true);
    expect("^..$", "\xc3\xa9", false);
    expect("^.$", "\n", false);
    expect("^.$", "\r", false);
}

Test(pattern, characters_beyond_ascii)
{
    expect("^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", true);
    expect("^[\xc3\xa0-\xc3\xbf]$", "\xc3\xa9", true);
    expect("^[\xc3\xa0-\xc3\xbf]$", "e", false);
}

Test(pattern, what_is_not_supported_is_refused)
{
    refuse("(a", "without )");
    refuse("a)", "without (");
    refuse("[a", "without ]");
    refuse("[[:alpha:]]", "write \\[");
    refuse("*a", "backslash");
    refuse("a**", "repetition of a repetition");
    refuse("a*?", "repetition of a repetition");
    refuse("^*", "repeated ^");
    refuse("a{2,1}", "no repetition");
    refuse("a{,2}", "without a number");
    refuse("a{300}", "256");
    refuse("a{", "without a number");
    refuse("a{2", "no repetition");
    refuse("{", "backslash");
    refuse("]", "backslash");
    refuse("(?=a)", "(?");
    refuse("(?<n>a)", "(?");
    refuse("\\1", "escape");
    refuse("\\b", "escape");
    refuse("a\\", "escape");
    refuse("\\xg", "hexadecimal");
    refuse("[z-a]", "before it begins");
    refuse("((a{200}){200}){200}", "too large");
    refuse("((((((((((((((((((a))))))))))))))))))", "deep");
}

Test(pattern, no_pattern_takes_more_than_linear_time)
{
    static char text[4001];
    memset(text, 'a', 4000);
    struct pattern *pattern = compile("^(a?){60}(a*)*(a|aa)+b$");
    cr_expect_not(pattern_matches(pattern, slice_text(text)));
    pattern = compile("(x+x+)+y");
    memset(text, 'x', 4000);
    cr_expect_not(pattern_matches(pattern, slice_text(text)));
}

/* The plain definition, by backtracking, for patterns made of a few letters: what both say must agree. */
static const char *reference_atom(const char *p)
{
    return *p == '(' ? strchr(p, ')') + 1 : p + 1;
}

static bool reference(const char *p, const char *t);

static bool reference_group(const char *p, const char *end, const char *t, const char *rest)
{
    char joined[200];
    for (const char *from = p + 1; from < end;) { /* alternatives of letters only */
        const char *bar = from;
        while (*bar != '|' && *bar != ')')
            bar++;
        memcpy(joined, from, (size_t)(bar - from));
        strcpy(joined + (bar - from), rest);
        if (reference(joined, t))
            return true;
        from = bar + 1;
    }
    return false;
}

static bool reference(const char *p, const char *t)
{
    if (*p == '\0')
        return *t == '\0';
    const char *after = reference_atom(p);
    char again[200], once[200];
    if (*after == '*' || *after == '?') {
        if (reference(after + 1, t))
            return true;
        memcpy(once, p, (size_t)(after - p));
        strcpy(once + (after - p), after + 1);
        strcpy(again, p);
        if (*after == '?')
            return reference(once, t);
        memcpy(once, p, (size_t)(after - p));
        strcpy(once + (after - p), again);
        return *t != '\0' && reference(once, t);
    }
    if (*p == '(')
        return reference_group(p, after, t, after);
    return *t == *p && reference(p + 1, t + 1);
}

Test(pattern, agrees_with_plain_backtracking_on_random_patterns)
{
    unsigned seed = 20260731;
    for (int round = 0; round < 3000; round++) {
        char p[40] = "", t[12] = "", anchored[60];
        for (int pieces = 1 + rand_r(&seed) % 4; pieces > 0; pieces--) {
            static const char *const atoms[] = {"a", "b", "c", "(a|b)", "(ab|c)", "(b|ca|a)"};
            static const char *const repeats[] = {"", "", "*", "?"};
            strcat(p, atoms[rand_r(&seed) % 6]);
            strcat(p, repeats[rand_r(&seed) % 4]);
        }
        for (int size = rand_r(&seed) % 7, i = 0; i < size; i++)
            t[i] = (char)('a' + rand_r(&seed) % 3);
        strcat(strcat(strcpy(anchored, "^"), p), "$");
        cr_assert_eq(pattern_matches(compile(anchored), slice_text(t)), reference(p, t), "%s on %s", p, t);
    }
}
