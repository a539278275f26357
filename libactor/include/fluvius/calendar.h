/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dates as days since 1970-01-01 in the proleptic Gregorian calendar. For authors: date_of and date_parts in values.h;
 * the host parses and writes dates with the same functions. */
#ifndef FLUVIUS_CALENDAR_H
#define FLUVIUS_CALENDAR_H

#include <stdint.h>

/* Both count years from the first of March, so that leap days come last, in eras of 400 years (146,097 days). Good for
 * years -5,000,000 to 5,000,000. */
static inline int32_t fluvius_days_of(int year, int month, int day)
{
    int y = year - (month <= 2);
    int era = (y >= 0 ? y : y - 399) / 400;
    int of_era = y - era * 400;
    int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static inline void fluvius_days_parts(int32_t days, int *year, int *month, int *day)
{
    int64_t z = (int64_t)days + 719468;
    int era = (int)((z >= 0 ? z : z - 146096) / 146097);
    int of_era = (int)(z - (int64_t)era * 146097);
    int y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int of_year = of_era - (365 * y + y / 4 - y / 100);
    int m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * 400 + (*month <= 2);
}

#endif
