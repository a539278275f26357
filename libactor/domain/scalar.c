/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values that travel as text. */
#include "libactor/domain/scalar.h"
#include "fluvius/calendar.h"
#include "libactor/domain/print.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* value * 10 + digit; the sign goes along, so that the lowest number can be reached. */
static bool add_digit(int64_t *value, int digit, bool negative)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, negative ? -digit : digit, value);
}

enum scalar_result integer_parse(struct slice text, int64_t *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t first = negative;
    int64_t value = 0;
    if (first == text.size || (text.data[first] == '0' && text.size > 1))
        return SCALAR_BAD;
    for (size_t i = first; i < text.size; i++)
        if (!is_digit(text.data[i]))
            return SCALAR_BAD;
    for (size_t i = first; i < text.size; i++)
        if (!add_digit(&value, text.data[i] - '0', negative))
            return negative ? SCALAR_LOW : SCALAR_HIGH;
    *out = value;
    return SCALAR_OK;
}

/* ---- decimals ---- */

/* The size of the part before the point; 0 when the text is no decimal number. */
static size_t decimal_whole_size(struct slice text)
{
    size_t first = text.size > 0 && text.data[0] == '-', at = first;
    while (at < text.size && is_digit(text.data[at]))
        at++;
    size_t whole = at;
    if (whole == first || (text.data[first] == '0' && whole > first + 1))
        return 0;
    if (at == text.size)
        return whole;
    if (text.data[at] != '.' || at + 1 == text.size)
        return 0;
    for (at++; at < text.size; at++)
        if (!is_digit(text.data[at]))
            return 0;
    return whole;
}

enum scalar_result decimal_parse(struct slice text, uint32_t scale, int64_t *units)
{
    size_t whole = decimal_whole_size(text);
    if (whole == 0)
        return SCALAR_BAD;
    bool negative = text.data[0] == '-';
    int64_t value = 0;
    bool fits = true;
    for (size_t i = negative; i < whole; i++)
        fits = fits && add_digit(&value, text.data[i] - '0', negative);
    for (uint32_t place = 0; place < scale; place++) {
        size_t at = whole + 1 + place;
        fits = fits && add_digit(&value, at < text.size ? text.data[at] - '0' : 0, negative);
    }
    for (size_t at = whole + 1 + scale; at < text.size; at++)
        if (text.data[at] != '0')
            return SCALAR_FINE;
    if (!fits)
        return negative ? SCALAR_LOW : SCALAR_HIGH;
    *units = value;
    return SCALAR_OK;
}

size_t decimal_format(int64_t units, uint32_t scale, char *out)
{
    char digits[20];
    uint64_t left = units < 0 ? -(uint64_t)units : (uint64_t)units;
    size_t count = 0, at = 0;
    do
        digits[count++] = (char)('0' + left % 10);
    while ((left /= 10) > 0 || count <= scale);
    if (units < 0)
        out[at++] = '-';
    while (count > 0) {
        if (count == scale)
            out[at++] = '.';
        out[at++] = digits[--count];
    }
    return at;
}

enum scalar_result decimal_of_integer(int64_t integer, uint32_t scale, int64_t *units)
{
    int64_t value = integer;
    for (uint32_t i = 0; i < scale; i++)
        if (__builtin_mul_overflow(value, 10, &value))
            return integer < 0 ? SCALAR_LOW : SCALAR_HIGH;
    *units = value;
    return SCALAR_OK;
}

/* ---- UUIDs ---- */

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool uuid_has_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

enum scalar_result uuid_text_parse(struct slice text, uint8_t out[16])
{
    uint8_t made[16];
    size_t at = 0;
    if (text.size != UUID_TEXT_BYTES)
        return SCALAR_BAD;
    for (size_t i = 0; i < sizeof made; i++) {
        if (uuid_has_dash(at) && text.data[at++] != '-')
            return SCALAR_BAD;
        int high = hex_value(text.data[at]), low = hex_value(text.data[at + 1]);
        if (high < 0 || low < 0)
            return SCALAR_BAD;
        made[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    memcpy(out, made, sizeof made);
    return SCALAR_OK;
}

size_t uuid_text_format(const uint8_t uuid[16], char *out)
{
    static const char figures[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (uuid_has_dash(at))
            out[at++] = '-';
        out[at++] = figures[uuid[i] >> 4];
        out[at++] = figures[uuid[i] & 15];
    }
    return at;
}

/* ---- the calendar ---- */

/* count digits as a number, or -1. */
static int number_at(const uint8_t *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(at[i]))
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

enum scalar_result date_parse(struct slice text, int32_t *days)
{
    if (text.size != DATE_TEXT_SIZE || text.data[4] != '-' || text.data[7] != '-')
        return SCALAR_BAD;
    int year = number_at(text.data, 4), month = number_at(text.data + 5, 2), day = number_at(text.data + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return SCALAR_BAD;
    *days = fluvius_days_of(year, month, day);
    return SCALAR_OK;
}

static void put_number(char *out, int value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
}

bool date_format(int32_t days, char out[DATE_TEXT_SIZE])
{
    int year, month, day;
    if (days < fluvius_days_of(1, 1, 1) || days > fluvius_days_of(9999, 12, 31))
        return false;
    fluvius_days_parts(days, &year, &month, &day);
    put_number(out, year, 4);
    put_number(out + 5, month, 2);
    put_number(out + 8, day, 2);
    out[4] = out[7] = '-';
    return true;
}

/* .digits; how many bytes it takes, 0 when it is none. */
static size_t fraction_parse(struct slice text, int64_t *microseconds)
{
    size_t at = 1;
    int64_t value = 0;
    while (at < text.size && at <= 9 && is_digit(text.data[at])) {
        if (at <= 6)
            value = value * 10 + (text.data[at] - '0');
        at++;
    }
    for (size_t place = at; place <= 6; place++)
        value *= 10;
    *microseconds = value;
    return at > 1 ? at : 0;
}

/* Z, or +HH:MM; minutes east. */
static bool offset_parse(struct slice text, int *minutes)
{
    *minutes = 0;
    if (text.size == 1)
        return text.data[0] == 'Z' || text.data[0] == 'z';
    if (text.size != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':')
        return false;
    int hours = number_at(text.data + 1, 2), rest = number_at(text.data + 4, 2);
    if (hours < 0 || hours > 23 || rest < 0 || rest > 59)
        return false;
    *minutes = (hours * 60 + rest) * (text.data[0] == '-' ? -1 : 1);
    return true;
}

/* HH:MM:SS in seconds, or -1. */
static int time_parse(const uint8_t *at)
{
    int hour = number_at(at, 2), minute = number_at(at + 3, 2), second = number_at(at + 6, 2);
    if (at[2] != ':' || at[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return -1;
    return (hour * 60 + minute) * 60 + second;
}

enum scalar_result timestamp_parse(struct slice text, int64_t *microseconds)
{
    int32_t days;
    int minutes;
    int64_t fraction = 0;
    size_t at = 19;
    if (text.size < 20 || date_parse(slice_of(text.data, DATE_TEXT_SIZE), &days) != SCALAR_OK ||
        (text.data[10] | 0x20) != 't')
        return SCALAR_BAD;
    int seconds = time_parse(text.data + 11);
    if (text.data[at] == '.') {
        size_t size = fraction_parse(slice_of(text.data + at, text.size - at), &fraction);
        if (size == 0)
            return SCALAR_BAD;
        at += size;
    }
    if (seconds < 0 || !offset_parse(slice_of(text.data + at, text.size - at), &minutes))
        return SCALAR_BAD;
    int64_t total = ((int64_t)days * 86400 + seconds - (int64_t)minutes * 60) * 1000000 + fraction;
    char written[TIMESTAMP_TEXT_SIZE]; /* an offset may lead out of the years that can be written */
    if (!timestamp_format(total, written))
        return SCALAR_BAD;
    *microseconds = total;
    return SCALAR_OK;
}

bool timestamp_format(int64_t microseconds, char out[TIMESTAMP_TEXT_SIZE])
{
    const int64_t day = INT64_C(86400000000);
    int64_t days = microseconds / day - (microseconds % day < 0);
    int64_t rest = microseconds % day + (microseconds % day < 0 ? day : 0);
    if (days < INT32_MIN || days > INT32_MAX || !date_format((int32_t)days, out))
        return false;
    int seconds = (int)(rest / 1000000);
    put_number(out + 11, seconds / 3600, 2);
    put_number(out + 14, seconds / 60 % 60, 2);
    put_number(out + 17, seconds % 60, 2);
    put_number(out + 20, (int)(rest % 1000000), 6);
    out[10] = 'T', out[13] = out[16] = ':', out[19] = '.', out[26] = 'Z';
    return true;
}

/* ---- base 64 ---- */

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    if (c == '-' || c == '+')
        return 62;
    return c == '_' || c == '/' ? 63 : -1;
}

enum scalar_result base64_parse(struct slice text, uint8_t *out, size_t *size)
{
    size_t count = text.size, made = 0;
    uint32_t bits = 0, held = 0;
    while (count > 0 && text.size % 4 == 0 && text.size - count < 2 && text.data[count - 1] == '=')
        count--;
    if (count % 4 == 1)
        return SCALAR_BAD;
    for (size_t i = 0; i < count; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0)
            return SCALAR_BAD;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[made++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return SCALAR_BAD;
    *size = made;
    return SCALAR_OK;
}
