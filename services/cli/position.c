/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See position.h. */
#include "services/cli/position.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

/* Reads a decimal number that a digit begins; moves *at behind it. */
static bool number_read(const char **at, uint64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)**at)) {
        return false;
    }
    errno = 0;
    *out = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

/* Reads "1f:3.9"; moves *at behind it. */
static bool place_read(const char **at, uint64_t *partition, uint64_t *seq)
{
    size_t incarnation = strspn(*at, "0123456789abcdefABCDEF");

    if (incarnation == 0 || (*at)[incarnation] != ':') {
        return false;
    }
    *at += incarnation + 1;
    if (!number_read(at, partition) || **at != '.') {
        return false;
    }
    ++*at;
    return number_read(at, seq);
}

enum error position_read(const char *token, uint64_t *after, uint32_t partitions)
{
    for (const char *at = token;; at++) {
        uint64_t partition, seq;

        if (!place_read(&at, &partition, &seq) || partition >= partitions || (*at != ',' && *at != '\0')) {
            return error_invalid_data;
        }
        if (seq > after[partition]) {
            after[partition] = seq;
        }
        if (*at == '\0') {
            return error_none;
        }
    }
}
