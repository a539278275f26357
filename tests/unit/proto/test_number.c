/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Doubles as text: nearest when read, no digit too many when written, whatever the locale. */
#include "proto/number.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static double parsed(const char *text)
{
    double value = -1;
    cr_assert_eq(number_parse(slice_text(text), &value), error_none, "%s", text);
    return value;
}

static const char *formatted(double value)
{
    static char text[NUMBER_TEXT_MAX + 1];
    size_t size = number_format(value, text);
    cr_assert_leq(size, NUMBER_TEXT_MAX);
    text[size] = '\0';
    return text;
}

Test(number, is_written_with_the_fewest_digits)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {100, "100.0"},
        {4.35, "4.35"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {123456789012345.0, "123456789012345.0"},
        {9007199254740992.0, "9007199254740992.0"},
        {9007199254740993e3, "9007199254740993000.0"},
        {1e15, "1000000000000000.0"},
        {1e20, "100000000000000000000.0"},
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {0.000001, "0.000001"},
        {0.0000015, "0.0000015"},
        {1e-7, "1e-7"},
        {1.25e-10, "1.25e-10"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740992e3, "9007199254740992000.0"},
        {1.1125369292536007e-308, "1.1125369292536007e-308"},
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {8.98846567431158e307, "8.98846567431158e+307"},
        {5.684341886080802e-14, "5.684341886080802e-14"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(formatted(cases[i].value), cases[i].text);
    }
}

/* Halves and long tails, where an inexact way rounds wrongly. Expected values: the compiler's own reading. */
Test(number, is_read_to_the_nearest_double)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0.1", 0.1},
        {"-2.5e3", -2500},
        {"9007199254740993.0", 9007199254740992.0},
        {"9007199254740993.0000000000000000000000000000001", 9007199254740994.0},
        {"9007199254740995.0", 9007199254740996.0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"2.4703282292062327208e-324", 0.0},
        {"2.4703282292062328e-324", 5e-324},
        {"1.7976931348623158e308", 1.7976931348623157e308},
        {"0.000000000000000000000000000000000000001e40", 10},
        {"1000000000000000000000000000000000000000e-38", 10},
        {"179769313486231570793e288", 1.7976931348623157e308},
        {"8.41e21", 8.41e21},
        {"9.5367431640625e-7", 9.5367431640625e-7},
        {"123456789e-22", 123456789e-22},
        {"0e999999999999999999999999", 0},
        {"0.0e-99999999999999999999", 0},
        {"1e-400", 0},
        {"1e-99999999999999999999999", 0},
        {"123E+2", 12300},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_eq(parsed(cases[i].text), cases[i].value, "%s", cases[i].text);
    }
}

Test(number, too_large_for_a_double_is_refused)
{
    static const char *const bad[] = {
        "1e309", "-1e309", "1e400", "1.7976931348623159e308", "1e99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double value = 7;
        cr_expect_eq(number_parse(slice_text(bad[i]), &value), error_bad_number, "%s", bad[i]);
        cr_expect_eq(value, 7);
    }
}

Test(number, digits_without_end_are_read_right)
{
    static char text[5000];
    /* half of the way between two doubles, then zeros, then one more that decides */
    memset(text, '0', sizeof text - 1);
    memcpy(text, "9007199254740993.", 17);
    cr_expect_eq(parsed(text), 9007199254740992.0);
    text[sizeof text - 2] = '1';
    cr_expect_eq(parsed(text), 9007199254740994.0);
    /* a small number behind many zeros, and a large one with many digits */
    memset(text, '0', sizeof text - 1);
    text[1] = '.';
    memcpy(text + sizeof text - 9, "125e4994", 8);
    text[sizeof text - 1] = '\0';
    cr_expect_eq(parsed(text), 12500);
}

Test(number, random_doubles_read_back_as_they_were)
{
    struct chance chance = {.state = 1};
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = chance_next(&chance);
        double value, scaled = (double)(int64_t)(bits >> 20) / 1000;
        memcpy(&value, &bits, sizeof value);
        if (value - value == 0) {
            cr_assert_eq(parsed(formatted(value)), value, "%s (seed 1, %d)", formatted(value), i);
        }
        cr_assert_eq(parsed(formatted(scaled)), scaled, "%s (seed 1, %d)", formatted(scaled), i);
    }
}

Test(number, random_texts_read_as_the_c_library_reads_them)
{
    struct chance chance = {.state = 2};
    for (int i = 0; i < 100000; i++) {
        char text[64];
        snprintf(text,
                 sizeof text,
                 "%u.%020llue%d",
                 chance_below(&chance, 1000),
                 (unsigned long long)chance_next(&chance) >> chance_below(&chance, 64),
                 (int)chance_below(&chance, 640) - 330);
        double value, expected = strtod(text, NULL);
        enum error error = number_parse(slice_text(text), &value);
        cr_assert_eq(error, expected > 1.7976931348623157e308 ? error_bad_number : error_none, "%s", text);
        cr_assert(error != error_none || value == expected, "%s (seed 2, %d)", text, i);
    }
}

/* support.c makes the C library print a comma and read no point, as it does in half of the world's locales. */
Test(number, does_not_depend_on_the_locale)
{
    use_comma_locale(true);
    double value = parsed("9007199254740993.0000000000000000000000000000001"), tiny = parsed("2.2250738585072011e-308");
    char text[NUMBER_TEXT_MAX + 1] = {0}, small[NUMBER_TEXT_MAX + 1] = {0};
    number_format(0.1 + 0.2, text);
    number_format(2.5e-310, small);
    use_comma_locale(false);
    cr_expect_str_eq(text, "0.30000000000000004");
    cr_expect_str_eq(small, "2.5e-310");
    cr_expect_eq(value, 9007199254740994.0);
    cr_expect_eq(tiny, 2.2250738585072011e-308);
}
