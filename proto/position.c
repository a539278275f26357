/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Position tokens: see position.h. */
#include "proto/position.h"

#include <inttypes.h>

#include "proto/identity.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* ---- reading ---- */

struct scan {
    const uint8_t *at, *end;
};

static bool scan_byte(struct scan *scan, char byte)
{
    if (scan->at == scan->end || *scan->at != (uint8_t)byte)
        return false;
    scan->at++;
    return true;
}

static int digit_value(uint8_t byte, uint32_t base)
{
    int value = byte >= '0' && byte <= '9'   ? byte - '0'
                : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                             : 99;
    return value < (int)base ? value : -1;
}

static bool scan_number(struct scan *scan, uint32_t base, uint64_t *out)
{
    uint64_t number = 0;
    const uint8_t *start = scan->at;
    for (; scan->at < scan->end && digit_value(*scan->at, base) >= 0; scan->at++) {
        if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
            __builtin_add_overflow(number, (uint64_t)digit_value(*scan->at, base), &number))
            return false;
    }
    *out = number;
    return scan->at > start;
}

/* Six bits a character; rest holds those that make no byte yet. */
struct sixes {
    struct scan scan;
    uint32_t rest, bits;
};

static int six_value(uint8_t byte)
{
    const char *found = byte == 0 ? NULL : strchr(digits, byte);
    return found == NULL ? -1 : (int)(found - digits);
}

/* False at the end of the characters. */
static bool sixes_byte(struct sixes *sixes, uint8_t *out)
{
    while (sixes->bits < 8) {
        int value = sixes->scan.at < sixes->scan.end ? six_value(*sixes->scan.at) : -1;
        if (value < 0)
            return false;
        sixes->rest = sixes->rest << 6 | (uint32_t)value;
        sixes->bits += 6;
        sixes->scan.at++;
    }
    sixes->bits -= 8;
    *out = (uint8_t)(sixes->rest >> sixes->bits);
    return true;
}

static bool sixes_varint(struct sixes *sixes, uint64_t *out)
{
    uint64_t number = 0;
    uint8_t byte = 0x80;
    for (uint32_t shift = 0; byte & 0x80; shift += 7) {
        if (shift > 63 || !sixes_byte(sixes, &byte))
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
    }
    *out = number;
    return true;
}

static void raise(uint64_t *seq, uint64_t to)
{
    if (to > *seq)
        *seq = to;
}

static enum error scan_dense(struct scan *scan, uint64_t *seqs, uint32_t partitions)
{
    struct sixes sixes = {.scan = *scan};
    uint64_t base, zigzag;
    uint32_t partition = 0;
    if (!sixes_varint(&sixes, &base))
        return error_invalid_data;
    while (sixes.scan.at < sixes.scan.end && six_value(*sixes.scan.at) >= 0) {
        if (!sixes_varint(&sixes, &zigzag))
            return error_invalid_data;
        if (partition == partitions)
            return error_out_of_range;
        raise(&seqs[partition++], base + (zigzag >> 1 ^ (0 - (zigzag & 1))));
    }
    scan->at = sixes.scan.at;
    return error_none;
}

static enum error scan_sparse(struct scan *scan, uint64_t *seqs, uint32_t partitions)
{
    uint64_t partition, seq;
    if (!scan_number(scan, 10, &partition) || !scan_byte(scan, '.') || !scan_number(scan, 10, &seq))
        return error_invalid_data;
    if (partition >= partitions)
        return error_out_of_range;
    raise(&seqs[partition], seq);
    return error_none;
}

enum error position_merge(struct slice token, uint64_t incarnation, uint64_t *seqs, uint32_t partitions)
{
    struct scan scan = {token.data, token.data + token.size};
    while (scan.at < scan.end) {
        uint64_t named;
        if (!scan_number(&scan, 16, &named) || !scan_byte(&scan, ':'))
            return error_invalid_data;
        if (named != incarnation)
            return error_fenced;
        enum error error =
            scan_byte(&scan, '=') ? scan_dense(&scan, seqs, partitions) : scan_sparse(&scan, seqs, partitions);
        if (error != error_none)
            return error;
        if (scan.at < scan.end && (!scan_byte(&scan, ',') || scan.at == scan.end))
            return error_invalid_data;
    }
    return error_none;
}

enum error position_incarnation(struct slice token, uint64_t *out)
{
    struct scan scan = {token.data, token.data + token.size};
    uint64_t named;
    if (!scan_number(&scan, 16, &named) || !scan_byte(&scan, ':'))
        return error_invalid_data;
    *out = named;
    return error_none;
}

/* ---- writing ---- */

struct sixer {
    struct buffer *out;
    uint32_t rest, bits;
};

static void sixer_flush(struct sixer *sixer, uint32_t least)
{
    while (sixer->bits >= least && sixer->bits > 0) {
        uint32_t shift = sixer->bits >= 6 ? sixer->bits - 6 : 0;
        uint32_t value = sixer->bits >= 6 ? sixer->rest >> shift : sixer->rest << (6 - sixer->bits);
        buffer_append(sixer->out, &digits[value & 63], 1);
        sixer->bits = shift;
    }
}

static void sixer_varint(struct sixer *sixer, uint64_t number)
{
    do {
        uint32_t byte = (uint32_t)(number & 0x7f) | (number > 0x7f ? 0x80 : 0);
        number >>= 7;
        sixer->rest = sixer->rest << 8 | byte;
        sixer->bits += 8;
        sixer_flush(sixer, 6);
    } while (number > 0);
}

static uint64_t mean_of(const uint64_t *seqs, uint32_t count)
{
    uint64_t mean = 0;
    for (uint32_t i = 0; i < count; i++)
        mean += seqs[i] / count;
    return mean;
}

static void write_dense(uint64_t incarnation, const uint64_t *seqs, uint32_t count, struct buffer *out)
{
    struct sixer sixer = {.out = out};
    uint64_t base = count == 0 ? 0 : mean_of(seqs, count);
    buffer_printf(out, "%" PRIx64 ":=", incarnation);
    sixer_varint(&sixer, base);
    for (uint32_t i = 0; i < count; i++) {
        int64_t away = (int64_t)(seqs[i] - base);
        sixer_varint(&sixer, (uint64_t)away << 1 ^ (uint64_t)(away >> 63));
    }
    sixer_flush(&sixer, 1);
}

static void write_sparse(uint64_t incarnation, const uint64_t *seqs, uint32_t count, struct buffer *out)
{
    size_t start = out->size;
    for (uint32_t i = 0; i < count; i++) {
        if (seqs[i] == 0)
            continue;
        if (out->size > start)
            buffer_append(out, ",", 1);
        position_format(incarnation, i, seqs[i], out);
    }
}

void position_write(uint64_t incarnation, const uint64_t *seqs, uint32_t partitions, struct buffer *out)
{
    uint32_t named = 0;
    for (uint32_t i = 0; i < partitions; i++)
        named += seqs[i] > 0;
    size_t start = out->size;
    if (named == 1)
        write_sparse(incarnation, seqs, partitions, out);
    else
        write_dense(incarnation, seqs, partitions, out);
    if (named < 2 || named > 8)
        return;
    struct buffer sparse = {0};
    write_sparse(incarnation, seqs, partitions, &sparse);
    if (!sparse.failed && sparse.size < out->size - start) {
        out->size = start;
        buffer_append(out, sparse.data, sparse.size);
    }
    buffer_fini(&sparse);
}
