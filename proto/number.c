/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Decimal to double and back. Short decimals, which nearly all are, take exact arithmetic on doubles: an integer below
 * 2^53 times or divided by a power of ten up to 10^22 is rounded once, so correctly (W. D. Clinger, "How to read
 * floating point numbers accurately", 1990). The rest goes through strtod and snprintf, as digits and an exponent
 * without a decimal point. */
#include "proto/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Between two neighbouring doubles lies a point of at most 767 digits; what follows can only say "and a little more".
 */
#define DIGITS_MAX 800
#define EXACT_POWER 22
#define EXACT_INTEGER (UINT64_C(1) << 53)
/* Beyond this power of ten of the first digit, a number is too large, or 0. */
#define POWER_MAX 400
/* An exponent this large decides alone, whatever digits a message can hold. */
#define EXPONENT_MAX INT64_C(1000000000000)

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The number digits x 10^exponent. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    uint32_t count;
    int64_t exponent;
};

char *number_before(char *end, uint64_t value, unsigned base)
{
    do {
        *--end = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    return end;
}

static void decimal_add(struct decimal *decimal, char digit, bool after_point)
{
    bool kept = decimal->count < DIGITS_MAX && (decimal->count > 0 || digit != '0');
    if (kept) {
        decimal->digits[decimal->count++] = digit;
    } else if (decimal->count >= DIGITS_MAX && digit != '0') {
        decimal->digits[DIGITS_MAX - 1] |= 1; /* not a tie any more; no digit that far decides otherwise */
    }
    if (after_point && (kept || decimal->count == 0)) {
        decimal->exponent--;
    } else if (!after_point && !kept && decimal->count > 0) {
        decimal->exponent++;
    }
}

static int64_t parse_exponent(const uint8_t *at, const uint8_t *end)
{
    bool negative = *at == '-';
    int64_t exponent = 0;
    at += *at == '-' || *at == '+';
    for (; at < end; at++) {
        exponent = exponent >= EXPONENT_MAX ? EXPONENT_MAX : exponent * 10 + (*at - '0');
    }
    return negative ? -exponent : exponent;
}

static void decimal_read(struct decimal *decimal, const uint8_t *at, const uint8_t *end)
{
    bool after_point = false;
    decimal->count = 0;
    decimal->exponent = 0;
    for (; at < end && (*at | 0x20) != 'e'; at++) {
        if (*at == '.') {
            after_point = true;
        } else {
            decimal_add(decimal, (char)*at, after_point);
        }
    }
    if (at < end) {
        decimal->exponent += parse_exponent(at + 1, end);
    }
}

/* The exact way; false when the decimal is too long for it. */
static bool decimal_exact(const struct decimal *decimal, double *out)
{
    uint64_t whole = 0;
    if (decimal->count > 16 || decimal->exponent < -EXACT_POWER || decimal->exponent > EXACT_POWER) {
        return false;
    }
    for (uint32_t i = 0; i < decimal->count; i++) {
        whole = whole * 10 + (uint64_t)(decimal->digits[i] - '0');
    }
    if (whole > EXACT_INTEGER) {
        return false;
    }
    *out =
        decimal->exponent < 0 ? (double)whole / powers[-decimal->exponent] : (double)whole * powers[decimal->exponent];
    return true;
}

static double decimal_value(const struct decimal *decimal)
{
    double value;
    char text[DIGITS_MAX + 32];
    if (decimal->count == 0 || (int64_t)decimal->count + decimal->exponent < -POWER_MAX) {
        return 0;
    }
    if ((int64_t)decimal->count + decimal->exponent > POWER_MAX) {
        return HUGE_VAL;
    }
    if (decimal_exact(decimal, &value)) {
        return value;
    }
    memcpy(text, decimal->digits, decimal->count);
    snprintf(text + decimal->count, sizeof text - decimal->count, "e%d", (int)decimal->exponent);
    return strtod(text, NULL);
}

enum error number_parse(struct slice text, double *out)
{
    struct decimal decimal;
    bool negative = text.data[0] == '-';
    decimal_read(&decimal, text.data + negative, text.data + text.size);
    double value = decimal_value(&decimal);
    if (value > __DBL_MAX__) {
        return error_bad_number;
    }
    *out = negative ? -value : value;
    return error_none;
}

/* A positive value's digits when there are at most 15 of them: those are the only 15 that read back as the value. */
static bool digits_exact(double value, struct decimal *out)
{
    for (int power = 0; power <= EXACT_POWER; power++) {
        double scaled = value * powers[power];
        if (scaled >= 1e15) {
            return false;
        }
        uint64_t whole = (uint64_t)(scaled + 0.5);
        if (whole > 0 && (double)whole / powers[power] == value) {
            char *end = out->digits + 20, *at = number_before(end, whole, 10);
            out->count = (uint32_t)(end - at);
            memmove(out->digits, at, out->count);
            out->exponent = -power;
            return true;
        }
    }
    return false;
}

/* The digits of "%.*e", whatever the locale puts between them. */
static void digits_print(double value, int count, struct decimal *out)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    const char *at = text;
    out->count = 0;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            out->digits[out->count++] = *at;
        }
    }
    out->exponent = strtol(at + 1, NULL, 10) - (count - 1);
}

/* The next decimal of as many digits. */
static void digits_increment(struct decimal *decimal)
{
    uint32_t i = decimal->count;
    while (i > 0 && decimal->digits[i - 1] == '9') {
        decimal->digits[--i] = '0';
    }
    if (i > 0) {
        decimal->digits[i - 1]++;
    } else {
        decimal->digits[0] = '1';
        decimal->exponent++;
    }
}

/* The fewest digits that read back; below the normal range a double has fewer than 15. A power of two lies nearer to
 * its lower neighbour than to its upper one, so there the decimal above may read back where the nearest one does not.
 */
static void digits_shortest(double value, struct decimal *out)
{
    if (digits_exact(value, out)) {
        return;
    }
    for (int count = value < __DBL_MIN__ ? 1 : 15; count <= 17; count++) {
        digits_print(value, count, out);
        if (decimal_value(out) == value) {
            return;
        }
        digits_increment(out);
        if (decimal_value(out) == value) {
            return;
        }
    }
}

static char *put_zeros(char *at, int64_t count)
{
    for (; count > 0; count--) {
        *at++ = '0';
    }
    return at;
}

static char *put_digits(char *at, const char *digits, int64_t count)
{
    memcpy(at, digits, (size_t)count);
    return at + count;
}

/* d.ddde-7; the exponent is that of the first digit. */
static char *put_scientific(char *at, const struct decimal *decimal, int64_t exponent)
{
    *at++ = decimal->digits[0];
    if (decimal->count > 1) {
        *at++ = '.';
        at = put_digits(at, decimal->digits + 1, decimal->count - 1);
    }
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    char text[20], *end = text + sizeof text;
    char *from = number_before(end, (uint64_t)(exponent < 0 ? -exponent : exponent), 10);
    return put_digits(at, from, end - from);
}

/* The point stands after `point` digits: 1 to 21 of them in front, or at most five zeros behind it. */
static char *put_plain(char *at, const struct decimal *decimal, int64_t point)
{
    int64_t count = decimal->count, front = point < 0 ? 0 : point < count ? point : count;
    if (front == 0) {
        *at++ = '0';
    }
    at = put_digits(at, decimal->digits, front);
    at = put_zeros(at, point - count);
    *at++ = '.';
    at = put_zeros(at, -point);
    at = put_digits(at, decimal->digits + front, count - front);
    return front == count ? put_zeros(at, 1) : at;
}

size_t number_format(double value, char out[NUMBER_TEXT_MAX])
{
    struct decimal decimal;
    char *at = out;
    decimal.digits[0] = '0';
    decimal.count = 1;
    decimal.exponent = 0;
    if (signbit(value)) {
        *at++ = '-';
        value = -value;
    }
    if (value > 0) {
        digits_shortest(value, &decimal);
    }
    for (; decimal.count > 1 && decimal.digits[decimal.count - 1] == '0'; decimal.count--) {
        decimal.exponent++;
    }
    int64_t point = decimal.count + decimal.exponent;
    bool plain = point > -6 && point <= 21;
    at = plain ? put_plain(at, &decimal, point) : put_scientific(at, &decimal, point - 1);
    return (size_t)(at - out);
}
