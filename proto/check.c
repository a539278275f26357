/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The judge of msgpack bytes from outside: one pass, an explicit stack of limit_nesting levels, nothing allocated. A
 * declared count is believed only if that many items could still follow, so a head of four bytes costs nothing. */
#include "proto/head.h"
#include "proto/keys.h"
#include "proto/reader.h"
#include "proto/utf8.h"

#include <math.h>

struct level {
    uint32_t left; /* values still to come; keys count too */
    bool map;
    struct key_map keys;
};

struct checker {
    struct slice message;
    struct reader reader;
    uint32_t depth;
    size_t fault; /* offset of the value being checked */
    struct level levels[limit_nesting];
    struct key_set keys;
};

/* At most 1,024 entries, so twice their number fits. */
static enum error open_level(struct checker *checker, const struct msgpack_value *value)
{
    bool map = value->kind == MSGPACK_KIND_MAP;
    if (map && value->count > limit_map_entries) {
        return error_too_long;
    }
    uint32_t left = map ? value->count * 2 : value->count;
    if (left > (size_t)(checker->reader.end - checker->reader.at)) {
        return error_truncated;
    }
    if (checker->depth == limit_nesting) {
        return error_too_deep;
    }
    struct level *level = &checker->levels[checker->depth++];
    level->left = left;
    level->map = map;
    if (map) {
        keys_open(&checker->keys, &level->keys);
    }
    return error_none;
}

/* A value has ended: closes the levels that end with it. */
static void close_levels(struct checker *checker)
{
    while (checker->depth > 0) {
        struct level *level = &checker->levels[checker->depth - 1];
        if (level->left > 0) {
            return;
        }
        if (level->map) {
            keys_close(&checker->keys, &level->keys);
        }
        checker->depth--;
    }
}

static enum error check_text(struct checker *checker, struct slice text)
{
    size_t valid = utf8_valid_size(text);
    if (valid == text.size) {
        return error_none;
    }
    checker->fault = (size_t)(text.data - checker->message.data) + valid;
    return error_bad_utf8;
}

static enum error check_key(struct checker *checker, struct level *level, const struct msgpack_value *value)
{
    if (value->kind != MSGPACK_KIND_TEXT) {
        return error_bad_type;
    }
    enum error error = check_text(checker, value->bytes);
    return error != error_none ? error
                               : keys_add(&checker->keys, &level->keys, checker->message, value->bytes, checker->fault);
}

static enum error check_plain(struct checker *checker, const struct msgpack_value *value)
{
    switch (value->kind) {
    case MSGPACK_KIND_TEXT:
        return check_text(checker, value->bytes);
    case MSGPACK_KIND_DOUBLE:
        return isfinite(value->number) ? error_none : error_bad_number;
    case MSGPACK_KIND_ARRAY:
    case MSGPACK_KIND_MAP:
        return open_level(checker, value);
    default:
        return error_none;
    }
}

/* One value, or the head of an array or map. */
static enum error check_next(struct checker *checker)
{
    struct level *level = checker->depth > 0 ? &checker->levels[checker->depth - 1] : NULL;
    struct msgpack_value value;
    checker->fault = (size_t)(checker->reader.at - checker->message.data);
    enum error error = head_read(&checker->reader, &value);
    if (error != error_none) {
        return error;
    }
    bool key = level != NULL && level->map && level->left % 2 == 0;
    if (level != NULL) {
        level->left--;
    }
    return key ? check_key(checker, level, &value) : check_plain(checker, &value);
}

static enum error check_message(struct checker *checker, struct slice message, struct key_trees *trees)
{
    checker->message = message;
    checker->reader = reader_of(message);
    checker->depth = 0;
    keys_init(&checker->keys, trees);
    do {
        enum error error = check_next(checker);
        if (error != error_none) {
            return error;
        }
        close_levels(checker);
    } while (checker->depth > 0);
    checker->fault = (size_t)(checker->reader.at - message.data);
    return reader_done(&checker->reader) ? error_none : error_trailing_bytes;
}

/* Apart, and never inlined, so that only messages with large maps touch this much stack. */
static __attribute__((noinline)) enum error check_with_trees(struct checker *checker, struct slice message)
{
    struct key_trees trees;
    return check_message(checker, message, &trees);
}

enum error msgpack_check(struct slice message, struct msgpack_fault *fault)
{
    struct checker checker;
    checker.fault = 0;
    enum error error = message.size > KEYS_MESSAGE_MAX ? error_too_long : check_message(&checker, message, NULL);
    if (error == error_full) {
        error = check_with_trees(&checker, message);
    }
    if (error != error_none && fault != NULL) {
        *fault = (struct msgpack_fault){.error = error, .offset = checker.fault};
    }
    return error;
}
