/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * UUIDs, identifiers, hashes and positions. The expected hashes come from libxxhash over bytes laid out by hand. */
#include "proto/identity.h"
#include "tests/unit/proto/support.h"

#include <criterion/criterion.h>

static const char sample[] = "0193f5c5-0000-7abc-8def-0123456789ab";

static struct uuid parsed(const char *text)
{
    struct uuid uuid = {0};
    cr_assert_eq(uuid_parse(slice_text(text), &uuid), error_none, "%s", text);
    return uuid;
}

Test(uuid, text_and_bytes_round_trip)
{
    char text[UUID_TEXT_SIZE];
    struct uuid uuid = parsed(sample);
    cr_expect_str_eq(to_hex(slice_of(uuid.bytes, 16)), "0193f5c500007abc8def0123456789ab");
    uuid_format(&uuid, text);
    cr_expect_str_eq(text, sample);
}

Test(uuid, upper_case_is_taken_and_written_lower)
{
    char text[UUID_TEXT_SIZE];
    struct uuid uuid = parsed("0193F5C5-0000-7ABC-8DEF-0123456789AB");
    uuid_format(&uuid, text);
    cr_expect_str_eq(text, sample);
}

Test(uuid, other_text_is_refused_and_the_output_kept)
{
    static const char *const bad[] = {
        "",
        "0193f5c5-0000-7abc-8def-0123456789a",
        "0193f5c5-0000-7abc-8def-0123456789abc",
        "0193f5c500007abc8def0123456789ab",
        "{0193f5c5-0000-7abc-8def-0123456789}",
        "0193f5c5-0000-7abc-8def-0123456789ag",
        "0193f5c5-0000-7abc-8def-0123456789@b",
        "0193f5c5-0000-7abc-8def-0123456789`b",
        "0193f5c5-0000-7abc-8def-01234567 9ab",
        "0193f5c5-0000-7abc+8def-0123456789ab",
        "0193f5c50-000-7abc-8def-0123456789ab",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct uuid uuid = {.bytes = {7}};
        cr_expect_eq(uuid_parse(slice_text(bad[i]), &uuid), error_bad_uuid, "%s", bad[i]);
        cr_expect_eq(uuid.bytes[0], 7);
    }
}

Test(uuid, version_7_holds_the_time_and_the_random_bits)
{
    static const uint8_t ones[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t zeros[10];
    char text[UUID_TEXT_SIZE];
    uint64_t ms = 0;
    struct uuid uuid = uuid_v7(UINT64_C(0x0193f5c50000), ones);
    uuid_format(&uuid, text);
    cr_expect_str_eq(text, "0193f5c5-0000-7fff-bfff-ffffffffffff");
    cr_expect(uuid_time_ms(&uuid, &ms));
    cr_expect_eq(ms, UINT64_C(0x0193f5c50000));
    uuid = uuid_v7(UINT64_C(0xffffffffffff), zeros);
    uuid_format(&uuid, text);
    cr_expect_str_eq(text, "ffffffff-ffff-7000-8000-000000000000");
}

Test(uuid, other_versions_have_no_time)
{
    uint64_t ms = 5;
    struct uuid four = parsed("0193f5c5-0000-4abc-8def-0123456789ab"),
                variant = parsed("0193f5c5-0000-7abc-cdef-0123456789ab");
    cr_expect_not(uuid_time_ms(&four, &ms));
    cr_expect_not(uuid_time_ms(&variant, &ms));
    cr_expect_eq(ms, 5);
}

Test(identifier, for_new_follows_the_formula)
{
    char text[UUID_TEXT_SIZE];
    struct uuid id = parsed(sample);
    identifier_for_new(slice_text("default"), slice_text("anonymous"), &id, text);
    /* the digest 5cd1c2af2bd664e754debdf26f1ce57d with version and variant put in */
    cr_expect_str_eq(text, "5cd1c2af-2bd6-84e7-94de-bdf26f1ce57d");
}

Test(identifier, for_new_depends_on_realm_user_and_command)
{
    char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];
    struct uuid id = parsed(sample), other = parsed("0193f5c5-0000-7abc-8def-0123456789ac");
    identifier_for_new(slice_text("r"), slice_text("us"), &id, a);
    identifier_for_new(slice_text("ru"), slice_text("s"), &id, b);
    cr_expect_str_neq(a, b);
    identifier_for_new(slice_text("r"), slice_text("us"), &other, b);
    cr_expect_str_neq(a, b);
    identifier_for_new(slice_text("r"), slice_text("us"), &id, b);
    cr_expect_str_eq(a, b);
    cr_expect(identifier_valid(slice_text(a)));
}

Test(identifier, for_a_key_follows_the_same_formula)
{
    char text[UUID_TEXT_SIZE];
    struct uuid uuid = uuid_for_key(slice_text("default"), slice_text("anonymous"), slice_text("order-1"));
    uuid_format(&uuid, text);
    cr_expect_str_eq(text, "1e97e65b-0892-8dfe-a109-cf313dbd1862");
}

Test(identifier, empty_parts_have_a_hash_too)
{
    struct uuid uuid = uuid_for_key((struct slice){0}, (struct slice){0}, (struct slice){0});
    cr_expect_eq(uuid.bytes[6] >> 4, 8);
    cr_expect_eq(uuid.bytes[8] >> 6, 2);
}

Test(identifier, takes_what_people_name_things)
{
    static const char *const good[] = {"a", "A-1_b.c", "a b", "é€😀", "a:b", "a~", "\"'<>&%?#\\", "0"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_expect(identifier_valid(slice_text(good[i])), "%s", good[i]);
    }
}

Test(identifier, refuses_what_breaks_urls_and_logs)
{
    static const char *const bad[] = {
        "", "a/b", "/", ":new", "~x", "a\nb", "\x1f", "a\x7f", "\xff", "\xed\xa0\x80", "\xc0\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_not(identifier_valid(slice_text(bad[i])), "case %zu", i);
    }
    cr_expect_not(identifier_valid(slice_of("a\0b", 3)));
}

Test(identifier, is_at_most_256_bytes_long)
{
    static char text[257];
    memset(text, 'x', sizeof text);
    cr_expect(identifier_valid(slice_of(text, 256)));
    cr_expect_not(identifier_valid(slice_of(text, 257)));
}

static struct stream
stream_named(const char *realm, const char *namespace, const char *resource, const char *identifier)
{
    return (struct stream){slice_text(realm), slice_text(namespace), slice_text(resource), slice_text(identifier)};
}

Test(stream, hash_follows_the_formula)
{
    struct stream stream = stream_named("default", "bank", "account", "a1"), empty = {0};
    cr_expect_eq(stream_hash(&stream), UINT64_C(0x1c356527d46ffdf4));
    cr_expect_eq(stream_hash(&empty), UINT64_C(0xc77b3abb6f87acd9));
    cr_expect_eq(stream_partition(UINT64_C(0x1c356527d46ffdf4), 256), 0xf4);
    cr_expect_eq(stream_partition(10, 3), 1);
}

Test(stream, parts_do_not_run_into_each_other)
{
    struct stream a = stream_named("ab", "c", "d", "e"), b = stream_named("a", "bc", "d", "e"),
                  c = stream_named("a", "b", "cd", "e");
    cr_expect_neq(stream_hash(&a), stream_hash(&b));
    cr_expect_neq(stream_hash(&b), stream_hash(&c));
}

/* The way for overlong parts must give the same hash where both are possible, and some hash where not. */
Test(stream, long_parts_are_hashed_the_same_way)
{
    static char text[400];
    struct buffer bytes = {0};
    memset(text, 'y', sizeof text);
    struct stream longest = {slice_of(text, 256), slice_of(text, 256), slice_of(text, 256), slice_of(text, 256)};
    struct stream longer = {slice_of(text, 257), slice_text("n"), slice_text("r"), slice_text("i")};
    struct stream other = {slice_of(text, 258), slice_text("n"), slice_text("r"), slice_text("i")};
    cr_expect_neq(stream_hash(&longest), 0);
    cr_expect_neq(stream_hash(&longer), stream_hash(&other));
    buffer_fini(&bytes);
}

Test(position, names_incarnation_partition_and_seq)
{
    struct buffer out = {0};
    position_format(UINT64_C(0x1f), 7, 42, &out);
    buffer_append_text(&out, ",");
    position_format(UINT64_MAX, UINT32_MAX, UINT64_MAX, &out);
    buffer_append_text(&out, ",");
    position_format(0, 0, 0, &out);
    cr_expect(slice_is(buffer_slice(&out), "1f:7.42,ffffffffffffffff:4294967295.18446744073709551615,0:0.0"));
    buffer_fini(&out);
}
