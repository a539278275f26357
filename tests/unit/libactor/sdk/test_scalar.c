/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values that travel as text, the formats of texts, and the small printf. */
#include "fluvius/calendar.h"
#include "libactor/domain/format.h"
#include "libactor/domain/print.h"
#include "libactor/domain/scalar.h"
#include <criterion/criterion.h>

static const char *decimal(const char *text, uint32_t scale)
{
    static char out[64];
    int64_t units;
    static const char *const results[] = {"ok", "bad", "low", "high", "fine"};
    enum scalar_result result = decimal_parse(slice_text(text), scale, &units);
    if (result != SCALAR_OK)
        return results[result];
    out[decimal_format(units, scale, out)] = '\0';
    return out;
}

Test(scalar, decimals_are_written_with_all_their_places)
{
    cr_expect_str_eq(decimal("0", 0), "0");
    cr_expect_str_eq(decimal("-0", 2), "0.00");
    cr_expect_str_eq(decimal("1.5", 2), "1.50");
    cr_expect_str_eq(decimal("-0.05", 2), "-0.05");
    cr_expect_str_eq(decimal("12", 18), "high");
    cr_expect_str_eq(decimal("9.223372036854775807", 18), "9.223372036854775807");
    cr_expect_str_eq(decimal("-9.223372036854775808", 18), "-9.223372036854775808");
    cr_expect_str_eq(decimal("-9.223372036854775809", 18), "low");
    cr_expect_str_eq(decimal("92233720368547758.07", 2), "92233720368547758.07");
    cr_expect_str_eq(decimal("92233720368547758.08", 2), "high");
    cr_expect_str_eq(decimal("1.230", 2), "1.23");
    cr_expect_str_eq(decimal("1.234", 2), "fine");
}

Test(scalar, what_is_no_decimal_is_refused)
{
    static const char *const bad[] = {"", "-", ".5", "5.", "01", "1e3", "+1", " 1", "1 ", "1,5", "0x1", "1.2.3", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_str_eq(decimal(bad[i], 2), "bad", "%s", bad[i]);
}

Test(scalar, every_day_of_ten_thousand_years_comes_back)
{
    int32_t days = fluvius_days_of(1, 1, 1);
    char text[DATE_TEXT_SIZE];
    for (; days <= fluvius_days_of(9999, 12, 31); days++) {
        int32_t back;
        cr_assert(date_format(days, text));
        cr_assert_eq(date_parse(slice_of(text, sizeof text), &back), SCALAR_OK);
        cr_assert_eq(days, back);
    }
    cr_expect_not(date_format(days, text));
    cr_expect_not(date_format(INT32_MIN, text));
    cr_expect_eq(fluvius_days_of(1970, 1, 1), 0);
    cr_expect_eq(fluvius_days_of(2000, 3, 1), 11017);
}

static const char *timestamp(const char *text)
{
    static char out[TIMESTAMP_TEXT_SIZE + 1];
    int64_t microseconds;
    if (timestamp_parse(slice_text(text), &microseconds) != SCALAR_OK || !timestamp_format(microseconds, out))
        return "bad";
    out[TIMESTAMP_TEXT_SIZE] = '\0';
    return out;
}

Test(scalar, timestamps_are_written_in_utc_with_microseconds)
{
    cr_expect_str_eq(timestamp("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00.000000Z");
    cr_expect_str_eq(timestamp("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
    cr_expect_str_eq(timestamp("2026-07-31T23:30:00.123456789-01:00"), "2026-08-01T00:30:00.123456Z");
    cr_expect_str_eq(timestamp("2026-07-31t00:00:00.5z"), "2026-07-31T00:00:00.500000Z");
    cr_expect_str_eq(timestamp("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000000Z");
    cr_expect_str_eq(timestamp("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
}

Test(scalar, what_is_no_timestamp_is_refused)
{
    static const char *const bad[] = {"",
                                      "2026-07-31",
                                      "2026-07-31T00:00:00",
                                      "2026-07-31T00:00Z",
                                      "2026-07-31T24:00:00Z",
                                      "2026-07-31T00:60:00Z",
                                      "2026-07-31T00:00:60Z",
                                      "2026-02-30T00:00:00Z",
                                      "2026-07-31T00:00:00.Z",
                                      "2026-07-31T00:00:00.1234567890Z",
                                      "2026-07-31T00:00:00+1:00",
                                      "2026-07-31T00:00:00+24:00",
                                      "2026-07-31T00:00:00+01:60",
                                      "2026-07-31T00:00:00Z ",
                                      "0000-01-01T00:00:00Z",
                                      "0001-01-01T00:00:00+01:00",
                                      "9999-12-31T23:59:59-01:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_str_eq(timestamp(bad[i]), "bad", "%s", bad[i]);
    char out[TIMESTAMP_TEXT_SIZE];
    cr_expect_not(timestamp_format(INT64_MAX, out));
    cr_expect_not(timestamp_format(INT64_MIN, out));
}

Test(scalar, base64_in_both_alphabets)
{
    uint8_t out[16];
    size_t size;
    cr_expect_eq(base64_parse(slice_text("-_-_"), out, &size), SCALAR_OK);
    cr_expect(size == 3 && memcmp(out, "\xfb\xff\xbf", 3) == 0);
    cr_expect_eq(base64_parse(slice_text("+/8="), out, &size), SCALAR_OK);
    cr_expect_eq(size, 2);
    cr_expect_eq(base64_parse(slice_text("AA=="), out, &size), SCALAR_OK);
    cr_expect_eq(size, 1);
    cr_expect_eq(base64_parse(slice_text("A==="), out, &size), SCALAR_BAD);
    cr_expect_eq(base64_parse(slice_text("AA="), out, &size), SCALAR_BAD);
    cr_expect_eq(base64_parse(slice_text("===="), out, &size), SCALAR_BAD);
    cr_expect_eq(base64_parse(slice_text("AB"), out, &size), SCALAR_BAD);
}

static void expect_format(enum text_format format, const char *text, bool fits)
{
    cr_expect_eq(text_format_fits(format, slice_text(text)), fits, "%s", text);
}

Test(scalar, email_addresses)
{
    expect_format(TEXT_EMAIL, "a@b", true);
    expect_format(TEXT_EMAIL, "ann.lee+tag@mail.example.org", true);
    expect_format(TEXT_EMAIL, "@b", false);
    expect_format(TEXT_EMAIL, "a@", false);
    expect_format(TEXT_EMAIL, "a", false);
    expect_format(TEXT_EMAIL, "a@b@c", false);
    expect_format(TEXT_EMAIL, ".a@b", false);
    expect_format(TEXT_EMAIL, "a..b@c", false);
    expect_format(TEXT_EMAIL, "a b@c", false);
    expect_format(TEXT_EMAIL, "a@-b", false);
    expect_format(TEXT_EMAIL, "", false);
}

Test(scalar, uris_and_hostnames)
{
    expect_format(TEXT_URI, "https://example.org/a?b=c#d", true);
    expect_format(TEXT_URI, "urn:isbn:0451450523", true);
    expect_format(TEXT_URI, "mailto:a@b%20c", true);
    expect_format(TEXT_URI, "//example.org", false);
    expect_format(TEXT_URI, "1http://a", false);
    expect_format(TEXT_URI, "http:", false);
    expect_format(TEXT_URI, "http://a b", false);
    expect_format(TEXT_URI, "http://a%2", false);
    expect_format(TEXT_HOSTNAME, "a.example.org", true);
    expect_format(TEXT_HOSTNAME, "a..b", false);
    expect_format(TEXT_HOSTNAME, "a.", false);
    expect_format(TEXT_HOSTNAME, "-a", false);
    expect_format(TEXT_HOSTNAME, "", false);
}

Test(scalar, dates_times_and_uuids_as_formats)
{
    expect_format(TEXT_DATE, "2024-02-29", true);
    expect_format(TEXT_DATE, "2023-02-29", false);
    expect_format(TEXT_DATE_TIME, "2024-02-29T00:00:00Z", true);
    expect_format(TEXT_DATE_TIME, "2024-02-29", false);
    expect_format(TEXT_UUID, "00112233-4455-6677-8899-aabbccddeeff", true);
    expect_format(TEXT_UUID, "00112233-4455-6677-8899-aabbccddeefg", false);
    enum text_format found;
    cr_expect(text_format_find("date-time", &found) && found == TEXT_DATE_TIME);
    cr_expect_not(text_format_find("ipv4", &found));
    cr_expect_not(text_format_find("", &found));
}

Test(scalar, the_small_printf)
{
    char out[64];
    cr_expect_eq(print_into(out, sizeof out, "%d %u %x %c %s|%.*s|%%", -5, 7u, 255u, (char)122, "text", 2, "abc"), 19);
    cr_expect_str_eq(out, "-5 7 ff z text|ab|%");
    print_into(out, sizeof out, "%ld %lld %lu %llu %zu", INT64_MIN, 5ll, UINT64_MAX, 1ull, (size_t)2);
    cr_expect_str_eq(out, "-9223372036854775808 5 18446744073709551615 1 2");
    print_into(out, 5, "%s", "abcdefg");
    cr_expect_str_eq(out, "abcd");
    print_into(out, 5, "abc\xc3\xa9");
    cr_expect_str_eq(out, "abc");
}

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
Test(scalar, the_small_printf_refuses_what_it_does_not_know)
{
    char out[64];
    cr_expect_eq(print_into(out, sizeof out, "%f", 1.0), -1);
    cr_expect_eq(print_into(out, sizeof out, "%5d", 1), -1);
    cr_expect_eq(print_into(out, sizeof out, "%p", (void *)out), -1);
    cr_expect_eq(print_into(out, sizeof out, "%n", (int *)NULL), -1);
    cr_expect_eq(print_into(out, sizeof out, "%"), -1);
    cr_expect_str_eq(out, "");
}
