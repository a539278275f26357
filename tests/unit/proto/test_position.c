/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Position tokens as vectors. */
#include "proto/position.h"
#include "proto/status.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

#define LOG UINT64_C(0x1fab)

static const char *written(const uint64_t *seqs, uint32_t count)
{
    struct buffer out = {0};
    position_write(LOG, seqs, count, &out);
    const char *text = text_copy(buffer_slice(&out));
    buffer_fini(&out);
    return text;
}

Test(position, of_one_partition_is_written_as_a_place)
{
    cr_expect_str_eq(written((uint64_t[]){0, 0, 9}, 3), "1fab:2.9");
}

Test(position, of_many_partitions_is_written_as_a_vector)
{
    cr_expect_str_eq(written((uint64_t[]){300, 301, 299, 300}, 4), "1fab:=qwICBAAC");
}

Test(position, what_was_written_reads_back)
{
    uint64_t state = 7;
    for (uint32_t count = 1; count < 300; count += 13) {
        for (uint32_t spread = 0; spread < 60; spread += 5) {
            uint64_t seqs[300] = {0}, back[300] = {0};
            for (uint32_t i = 0; i < count; i++) {
                state = state * UINT64_C(6364136223846793005) + 1;
                seqs[i] = state >> (63 - spread);
            }
            const char *text = written(seqs, count);
            cr_assert_eq(position_merge(slice_text(text), LOG, back, count), error_none, "%s", text);
            cr_assert(memcmp(seqs, back, sizeof seqs) == 0, "%s", text);
        }
    }
}

Test(position, of_256_partitions_at_ten_billion_records_fits_its_limit)
{
    uint64_t seqs[256];
    for (uint32_t i = 0; i < 256; i++)
        seqs[i] = UINT64_C(40000000) + i * 7919 % 400000;
    cr_expect_lt(strlen(written(seqs, 256)), limit_position_bytes);
}

Test(position, tokens_joined_are_merged)
{
    uint64_t seqs[4] = {0};
    cr_assert_eq(position_merge(slice_text("1fab:0.5,1FAB:=rAIAAgEA,1fab:0.7,1fab:3.1000"), LOG, seqs, 4), error_none);
    cr_expect_eq(seqs[0], 300);
    cr_expect_eq(seqs[1], 301);
    cr_expect_eq(seqs[3], 1000);
}

Test(position, an_empty_token_names_nothing)
{
    uint64_t seqs[1] = {4};
    cr_expect_eq(position_merge((struct slice){0}, LOG, seqs, 1), error_none);
    cr_expect_eq(seqs[0], 4);
}

Test(position, faults_are_told_apart)
{
    static const struct {
        const char *token;
        enum error error;
    } cases[] = {
        {"x", error_invalid_data},
        {"1fab", error_invalid_data},
        {"1fab:", error_invalid_data},
        {"1fab:1", error_invalid_data},
        {"1fab:1.", error_invalid_data},
        {"1fab:1.2,", error_invalid_data},
        {"1fab:1.2 ", error_invalid_data},
        {"1fab:-1.2", error_invalid_data},
        {"1fab:1.99999999999999999999999", error_invalid_data},
        {"1fab:=", error_invalid_data},
        {"1fab:=rAIAAgEA!", error_invalid_data},
        {"1fab:=rA", error_invalid_data},
        {"1fab:=rAIAAgEAAA", error_out_of_range},
        {"1fab:4.1", error_out_of_range},
        {"1fac:1.2", error_fenced},
        {"1fab:1.2,1fac:1.2", error_fenced},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t seqs[4] = {0};
        cr_expect_eq(position_merge(slice_text(cases[i].token), LOG, seqs, 4), cases[i].error, "%s", cases[i].token);
    }
}

Test(position, tells_which_log_it_is_of)
{
    uint64_t incarnation = 0;
    cr_expect_eq(position_incarnation(slice_text("1fab:1.2"), &incarnation), error_none);
    cr_expect_eq(incarnation, LOG);
    cr_expect_eq(position_incarnation(slice_text("end"), &incarnation), error_invalid_data);
}
