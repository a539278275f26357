/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The canonical form, and the payload hash over it: equal data are equal bytes, different data are not. */
#include "proto/identity.h"
#include "proto/reader.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void expect_canonical(const char *value, const char *canonical)
{
    struct buffer out = {0};
    cr_expect_eq(msgpack_canonical(hex(value), &out), error_none, "%s", value);
    cr_expect_str_eq(to_hex(buffer_slice(&out)), to_hex(hex(canonical)), "%s", value);
    buffer_fini(&out);
}

Test(canonical, integers_become_shortest)
{
    expect_canonical("cf 00 00 00 00 00 00 00 05", "05");
    expect_canonical("d3 ff ff ff ff ff ff ff ff", "ff");
    expect_canonical("d1 00 80", "cc 80");
    expect_canonical("cf ff ff ff ff ff ff ff ff", "cf ff ff ff ff ff ff ff ff");
}

Test(canonical, heads_become_shortest)
{
    expect_canonical("db 00 00 00 01 61", "a1 61");
    expect_canonical("c6 00 00 00 01 61", "c4 01 61");
    expect_canonical("dd 00 00 00 01 c0", "91 c0");
    expect_canonical("df 00 00 00 01 a1 61 c3", "81 a1 61 c3");
}

Test(canonical, floats_become_64_bits_wide)
{
    expect_canonical("ca 3f c0 00 00", "cb 3f f8 00 00 00 00 00 00");
    expect_canonical("cb 80 00 00 00 00 00 00 00", "cb 80 00 00 00 00 00 00 00");
}

Test(canonical, keys_are_sorted_bytewise_at_every_level)
{
    expect_canonical("82 a1 62 01 a1 61 02", "82 a1 61 02 a1 62 01");
    expect_canonical("83 a2 61 61 01 a1 62 02 a1 61 03", "83 a1 61 03 a2 61 61 01 a1 62 02");
    expect_canonical("82 a2 c3 a9 01 a1 7a 02", "82 a1 7a 02 a2 c3 a9 01");
    expect_canonical("91 81 a1 78 82 a1 62 c0 a0 c0", "91 81 a1 78 82 a0 c0 a1 62 c0");
}

Test(canonical, array_order_stays)
{
    expect_canonical("93 03 01 02", "93 03 01 02");
}

static void write_shuffled(struct buffer *out, uint32_t count, uint32_t step)
{
    write_map(out, count);
    for (uint32_t i = 0; i < count; i++) {
        char key[16];
        snprintf(key, sizeof key, "%04u", i * step % count);
        write_string(out, key);
        write_integer(out, i * step % count);
    }
}

Test(canonical, maps_of_any_size_do_not_depend_on_the_order_of_keys)
{
    static const uint32_t counts[] = {1, 2, 15, 16, 17, 31, 97, 500, 1021, 1024};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buffer sorted = {0}, shuffled = {0}, out = {0};
        write_shuffled(&sorted, counts[i], 1);
        write_shuffled(&shuffled, counts[i], counts[i] % 7 == 0 ? 1 : 7);
        cr_expect_eq(msgpack_canonical(buffer_slice(&shuffled), &out), error_none);
        cr_expect(slice_equal(buffer_slice(&out), buffer_slice(&sorted)), "%u keys", counts[i]);
        buffer_fini(&sorted);
        buffer_fini(&shuffled);
        buffer_fini(&out);
    }
}

Test(canonical, appends_and_is_stable)
{
    struct chance chance = {.state = 7};
    for (int round = 0; round < 300; round++) {
        struct buffer value = {0}, once = {0}, twice = {0};
        write_random(&chance, 6, false, &value);
        buffer_append_text(&twice, "before");
        cr_expect_eq(msgpack_canonical(buffer_slice(&value), &once), error_none);
        cr_expect_eq(msgpack_check(buffer_slice(&once), NULL), error_none);
        cr_expect_eq(msgpack_canonical(buffer_slice(&once), &twice), error_none);
        cr_expect_eq(twice.size, once.size + 6);
        cr_expect_eq(memcmp(twice.data + 6, once.data, once.size), 0, "seed 7, round %d", round);
        buffer_fini(&value);
        buffer_fini(&once);
        buffer_fini(&twice);
    }
}

Test(canonical, value_that_was_not_checked_fails_and_leaves_the_output)
{
    static const struct {
        const char *value;
        enum error error;
    } cases[] = {
        {"92 00", error_truncated},
        {"dd ff ff ff ff", error_truncated},
        {"df ff ff ff ff 00", error_truncated},
        {"81 a1 61", error_truncated},
        {"81 01 02", error_bad_type},
        {"c1", error_bad_type},
        {"", error_truncated},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = {0};
        buffer_append_text(&out, "kept");
        cr_expect_eq(msgpack_canonical(hex(cases[i].value), &out), cases[i].error, "%s", cases[i].value);
        cr_expect(slice_is(buffer_slice(&out), "kept"));
        buffer_fini(&out);
    }
}

Test(canonical, deeper_than_the_limit_is_refused)
{
    struct buffer value = {0}, out = {0};
    for (int i = 0; i < 33; i++) {
        write_array(&value, 1);
    }
    write_nil(&value);
    cr_expect_eq(msgpack_canonical(buffer_slice(&value), &out), error_too_deep);
    cr_expect_eq(msgpack_canonical(slice_of(value.data + 1, value.size - 1), &out), error_none);
    buffer_fini(&value);
    buffer_fini(&out);
}

Test(canonical, running_out_of_memory_is_an_error)
{
    struct buffer value = {0}, out = {0};
    write_shuffled(&value, 100, 7);
    for (int calls = 0; calls < 3; calls++) {
        fail_allocation_after(calls);
        enum error error = msgpack_canonical(buffer_slice(&value), &out);
        fail_allocation_after(-1);
        cr_expect_eq(error, error_no_memory, "after %d calls", calls);
        buffer_fini(&out);
    }
    buffer_fini(&value);
}

struct payload {
    const char *namespace, *command, *resource, *identifier, *data;
    const int64_t *expected;
    const char *scope;
};

static const char *hash_of(const struct payload *payload)
{
    struct stream stream = {slice_text("realm"),
                            slice_text(payload->namespace),
                            slice_text(payload->resource),
                            slice_text(payload->identifier)};
    struct buffer scratch = {0};
    uint8_t hash[16];
    struct slice scope = payload->scope == NULL ? (struct slice){0} : hex(payload->scope);
    cr_assert_eq(
        payload_hash(
            &stream, slice_text(payload->command), payload->expected, hex(payload->data), scope, &scratch, hash),
        error_none);
    buffer_fini(&scratch);
    return to_hex(slice_of(hash, sizeof hash));
}

static const struct payload base = {
    "bank", "deposit", "account", "a1", "82 a6 61 6d 6f 75 6e 74 cd 03 e8 a4 6e 6f 74 65 a2 68 69", NULL, NULL};

/* libxxhash over the array's bytes, written by hand. */
Test(payload_hash, follows_the_formula)
{
    cr_expect_str_eq(hash_of(&base), "4a7bcd225a6ab51acfda40d38a3bbbf5");
}

Test(payload_hash, does_not_depend_on_key_order_or_integer_width)
{
    struct payload same = base;
    same.data = "82 a4 6e 6f 74 65 da 00 02 68 69 a6 61 6d 6f 75 6e 74 d3 00 00 00 00 00 00 03 e8";
    cr_expect_str_eq(hash_of(&same), hash_of(&base));
}

Test(payload_hash, does_not_depend_on_the_order_of_a_scope)
{
    struct payload one = base, other = base;
    one.scope = "82 a1 61 a1 31 a1 62 a1 32";
    other.scope = "82 a1 62 a1 32 a1 61 a1 31";
    cr_expect_str_eq(hash_of(&one), hash_of(&other));
}

Test(payload_hash, differs_for_whatever_is_asked_for_otherwise)
{
    static const int64_t zero = 0, one = 1;
    struct payload others[11];
    for (size_t i = 0; i < 11; i++) {
        others[i] = base;
    }
    others[0].namespace = "bank2";
    others[1].command = "withdraw";
    others[2].resource = "accounts";
    others[3].identifier = "a2";
    others[4].identifier = "";
    others[5].data = "82 a6 61 6d 6f 75 6e 74 cd 03 e9 a4 6e 6f 74 65 a2 68 69";
    others[6].data = "80";
    others[7].expected = &zero;
    others[8].expected = &one;
    others[9].scope = "81 a1 61 a1 31";
    others[10].scope = "81 a1 61 a1 32";
    for (size_t i = 0; i < 11; i++) {
        cr_expect_str_neq(hash_of(&others[i]), hash_of(&base), "case %zu", i);
        for (size_t k = 0; k < i; k++) {
            cr_expect_str_neq(hash_of(&others[i]), hash_of(&others[k]), "cases %zu and %zu", i, k);
        }
    }
}

Test(payload_hash, does_not_depend_on_the_realm)
{
    struct stream a = {slice_text("r1"), slice_text("n"), slice_text("r"), slice_text("i")}, b = a;
    struct buffer scratch = {0};
    uint8_t first[16], second[16];
    b.realm = slice_text("r2");
    payload_hash(&a, slice_text("c"), NULL, hex("80"), (struct slice){0}, &scratch, first);
    payload_hash(&b, slice_text("c"), NULL, hex("80"), (struct slice){0}, &scratch, second);
    cr_expect_eq(memcmp(first, second, sizeof first), 0);
    buffer_fini(&scratch);
}

Test(payload_hash, without_memory_is_an_error_and_leaves_the_output)
{
    struct stream stream = {slice_text("r"), slice_text("n"), slice_text("r"), slice_text("i")};
    struct buffer scratch = {0};
    uint8_t hash[16] = {9};
    fail_allocation_after(0);
    enum error error = payload_hash(&stream, slice_text("c"), NULL, hex("80"), (struct slice){0}, &scratch, hash);
    fail_allocation_after(-1);
    cr_expect_eq(error, error_no_memory);
    cr_expect_eq(hash[0], 9);
    buffer_fini(&scratch);
}
