/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Values that travel as text: decimals, integers, UUIDs, dates, timestamps, bytes. Each has one canonical text, which
 * is what is written; a little more is understood on the way in. Pure; no locale. */
#ifndef LIBACTOR_DOMAIN_SCALAR_H
#define LIBACTOR_DOMAIN_SCALAR_H

#include "proto/slice.h"

enum {
    DECIMAL_SCALE_MAX = 18,
    DECIMAL_TEXT_MAX = 24,
    TIMESTAMP_TEXT_SIZE = 27,
    DATE_TEXT_SIZE = 10,
    UUID_TEXT_BYTES = 36
};

enum scalar_result {
    SCALAR_OK = 0,
    SCALAR_BAD, /* not of the form */
    SCALAR_LOW, /* of the form, but below what can be held */
    SCALAR_HIGH,
    SCALAR_FINE, /* a decimal with more places than its scale */
};

/* -?digits, no leading zeros. */
enum scalar_result integer_parse(struct slice text, int64_t *out);

/* -?digits[.digits], no leading zeros; zeros beyond the scale are taken. */
enum scalar_result decimal_parse(struct slice text, uint32_t scale, int64_t *units);
/* Exactly scale places. At most DECIMAL_TEXT_MAX bytes. */
size_t decimal_format(int64_t units, uint32_t scale, char *out);
/* integer * 10^scale */
enum scalar_result decimal_of_integer(int64_t integer, uint32_t scale, int64_t *units);

/* 36 characters, any case; written in lower case. */
enum scalar_result uuid_text_parse(struct slice text, uint8_t out[16]);
size_t uuid_text_format(const uint8_t uuid[16], char *out);

/* YYYY-MM-DD, years 0001 to 9999; days since 1970-01-01. */
enum scalar_result date_parse(struct slice text, int32_t *days);
/* false when the year is outside 0001 to 9999. */
bool date_format(int32_t days, char out[DATE_TEXT_SIZE]);

/* RFC 3339: a date, T (or t), HH:MM:SS, up to 9 places of a second (those beyond microseconds are cut off), Z or an
 * offset; microseconds since 1970 UTC. Written with 6 places and Z, so that order in time is order of the text. */
enum scalar_result timestamp_parse(struct slice text, int64_t *microseconds);
bool timestamp_format(int64_t microseconds, char out[TIMESTAMP_TEXT_SIZE]);

/* Base 64 of RFC 4648, the URL alphabet or the other, padded or not; out has room for 3 bytes for every 4 characters
 * begun. SCALAR_BAD also when bits that stand for nothing are set. */
enum scalar_result base64_parse(struct slice text, uint8_t *out, size_t *size);

#endif
