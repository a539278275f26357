/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The plain evaluator. */
#include "tests/unit/readmodel/reference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

#include "libactor/domain/scalar.h"
#include "proto/json.h"
#include "proto/number.h"
#include "services/readmodel/words.h"

enum { TEXT_MAX = 20000, SORT_MAX = 256 };

enum item_kind { ITEM_NULL, ITEM_INTEGER, ITEM_DOUBLE, ITEM_TEXT, ITEM_JSON };
struct item {
    enum item_kind kind;
    int64_t integer;
    double number;
    struct slice text; /* or raw msgpack */
    char room[64];     /* what text may point into */
};

/* ---- reading msgpack ---- */

static struct msgpack_value head_of(struct slice raw)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value value;
    enum error error = reader_next(&reader, &value);
    assert(error == error_none);
    return value;
}

/* The i-th value within a map or list, keys counted. */
static struct slice child(struct slice raw, uint32_t i)
{
    struct reader reader = reader_of(raw);
    struct msgpack_value head;
    struct slice out = {0};
    (void)reader_next(&reader, &head);
    for (uint32_t k = 0; k <= i; k++) {
        enum error error = reader_raw(&reader, &out);
        assert(error == error_none);
    }
    return out;
}

static struct slice text_child(struct slice raw, uint32_t i)
{
    return head_of(child(raw, i)).bytes;
}

static bool find(struct slice map, struct slice key, struct slice *out)
{
    struct msgpack_value head = head_of(map);
    for (uint32_t i = 0; head.kind == MSGPACK_KIND_MAP && i < head.count; i++)
        if (slice_equal(text_child(map, 2 * i), key)) {
            *out = child(map, 2 * i + 1);
            return true;
        }
    return false;
}

static bool option(struct slice request, const char *key, struct slice *out)
{
    return find(request, slice_text(key), out) && head_of(*out).kind != MSGPACK_KIND_NIL;
}

/* ---- values ---- */

/* From a row or from a client; false when it is not there. */
static bool item_of(enum model_kind kind, uint32_t scale, struct slice raw, struct item *out)
{
    struct msgpack_value value = head_of(raw);
    uint8_t uuid[16];
    int32_t days;
    *out = (struct item){.kind = ITEM_INTEGER};
    switch (kind) {
    case MODEL_BOOL:
        out->integer = value.kind == MSGPACK_KIND_BOOL && value.boolean;
        return value.kind == MSGPACK_KIND_BOOL;
    case MODEL_INT64:
        if (value.kind == MSGPACK_KIND_TEXT)
            return integer_parse(value.bytes, &out->integer) == SCALAR_OK;
        out->integer = value.kind == MSGPACK_KIND_DOUBLE ? (int64_t)value.number : value.integer;
        return value.kind == MSGPACK_KIND_INTEGER || value.kind == MSGPACK_KIND_DOUBLE;
    case MODEL_DECIMAL:
        if (value.kind == MSGPACK_KIND_INTEGER)
            return decimal_of_integer(value.integer, scale, &out->integer) == SCALAR_OK;
        if (value.kind == MSGPACK_KIND_DOUBLE)
            value.bytes = slice_of(out->room, number_format(value.number, out->room));
        return value.kind != MSGPACK_KIND_NIL && decimal_parse(value.bytes, scale, &out->integer) == SCALAR_OK;
    case MODEL_TIMESTAMP:
        return value.kind == MSGPACK_KIND_TEXT && timestamp_parse(value.bytes, &out->integer) == SCALAR_OK;
    case MODEL_DATE:
        if (value.kind != MSGPACK_KIND_TEXT || date_parse(value.bytes, &days) != SCALAR_OK)
            return false;
        out->integer = days;
        return true;
    case MODEL_DOUBLE:
        out->kind = ITEM_DOUBLE;
        out->number = value.kind == MSGPACK_KIND_INTEGER ? (double)value.integer : value.number;
        return value.kind == MSGPACK_KIND_INTEGER || value.kind == MSGPACK_KIND_DOUBLE;
    case MODEL_UUID:
        out->kind = ITEM_TEXT;
        if (value.kind != MSGPACK_KIND_TEXT || uuid_text_parse(value.bytes, uuid) != SCALAR_OK)
            return false;
        out->text = slice_of(out->room, uuid_text_format(uuid, out->room));
        return true;
    case MODEL_LIST:
    case MODEL_MAP:
        out->kind = ITEM_JSON;
        out->text = raw;
        return value.kind == (kind == MODEL_LIST ? MSGPACK_KIND_ARRAY : MSGPACK_KIND_MAP);
    case MODEL_BYTES:
        out->kind = ITEM_TEXT;
        out->text = value.bytes;
        return value.kind == MSGPACK_KIND_BYTES;
    default:
        out->kind = ITEM_TEXT;
        out->text = value.bytes;
        return value.kind == MSGPACK_KIND_TEXT;
    }
}

static struct item number_item(int64_t integer)
{
    return (struct item){.kind = ITEM_INTEGER, .integer = integer};
}

static struct item text_item(struct slice text)
{
    return (struct item){.kind = ITEM_TEXT, .text = text};
}

static struct item audit_item(const struct row *row, enum model_audit field)
{
    switch (field) {
    case AUDIT_ID:
        return text_item(row->id);
    case AUDIT_CREATED:
        return number_item(row->created_us);
    case AUDIT_UPDATED:
        return number_item(row->updated_us);
    case AUDIT_CREATOR:
        return text_item(row->creator);
    case AUDIT_UPDATER:
        return text_item(row->updater);
    case AUDIT_DELETED:
        return row->deleted_us == 0 ? (struct item){.kind = ITEM_NULL} : number_item(row->deleted_us);
    case AUDIT_ETAG:
        return number_item((int64_t)row->version);
    default:
        return text_item(row->realm);
    }
}

/* The field of a dotted name. */
static const struct model_field *field_find(const struct model *model, struct slice name, bool *audit)
{
    for (uint32_t i = 0; i < model->field_count; i++)
        if (slice_equal(model->fields[i].name, name)) {
            *audit = false;
            return &model->fields[i];
        }
    for (uint32_t i = 0; i < AUDIT_COUNT; i++)
        if (slice_equal(model_audit_fields[i].name, name)) {
            *audit = true;
            return &model_audit_fields[i];
        }
    return NULL;
}

static void item_of_row(const struct model_field *field, bool audit, const struct row *row, struct item *out)
{
    struct slice at = row->data, path = field->name;
    if (audit) {
        *out = audit_item(row, (enum model_audit)(field - model_audit_fields));
        return;
    }
    *out = (struct item){.kind = ITEM_NULL};
    for (;;) {
        const uint8_t *dot = memchr(path.data, '.', path.size);
        size_t size = dot == NULL ? path.size : (size_t)(dot - path.data);
        if (!find(at, slice_of(path.data, size), &at))
            return;
        if (dot == NULL)
            break;
        path = slice_of(dot + 1, path.size - size - 1);
    }
    if (!item_of(field->kind, field->scale, at, out))
        *out = (struct item){.kind = ITEM_NULL};
}

static int slice_order(struct slice a, struct slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int item_order(const struct item *a, const struct item *b)
{
    if (a->kind == ITEM_INTEGER)
        return (a->integer > b->integer) - (a->integer < b->integer);
    if (a->kind == ITEM_DOUBLE)
        return (a->number > b->number) - (a->number < b->number);
    return slice_order(a->text, b->text);
}

/* ---- texts ---- */

static size_t wide(struct slice text, wchar_t *out)
{
    char *copy = strndup((const char *)text.data, text.size);
    size_t size = mbstowcs(out, copy, TEXT_MAX);
    assert(size != (size_t)-1 && size < TEXT_MAX);
    for (size_t i = 0; i < size; i++)
        out[i] = (wchar_t)towlower((wint_t)out[i]);
    free(copy);
    return size;
}

static bool like(const wchar_t *text, const wchar_t *pattern)
{
    if (*pattern == 0)
        return *text == 0;
    if (*pattern == '%') {
        for (;; text++) {
            if (like(text, pattern + 1))
                return true;
            if (*text == 0)
                return false;
        }
    }
    if (*text == 0)
        return false;
    if (*pattern == '_')
        return like(text + 1, pattern + 1);
    if (*pattern == '\\')
        pattern++;
    return *text == *pattern && like(text + 1, pattern + 1);
}

static bool text_matches(struct slice text, struct slice wanted, bool has)
{
    wchar_t *a = calloc(TEXT_MAX + 1, sizeof *a), *b = calloc(TEXT_MAX + 1, sizeof *b);
    wide(text, a);
    wide(wanted, b);
    bool matches = has ? wcsstr(a, b) != NULL : like(a, b);
    free(a);
    free(b);
    return matches;
}

/* ---- lists and maps ---- */

/* U+0000 counts as U+FFFD, which is what columns have for it. */
static bool json_text_equal(struct slice a, struct slice b)
{
    struct buffer texts[2] = {{0}, {0}};
    const struct slice from[2] = {a, b};
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < from[i].size; k++) {
            bool nul = from[i].data[k] == 0;
            buffer_append(&texts[i], nul ? (const uint8_t *)"\xef\xbf\xbd" : &from[i].data[k], nul ? 3 : 1);
        }
    bool equal = slice_equal(buffer_slice(&texts[0]), buffer_slice(&texts[1]));
    buffer_fini(&texts[0]);
    buffer_fini(&texts[1]);
    return equal;
}

static bool json_number(const struct msgpack_value *value, long double *out)
{
    *out = value->kind == MSGPACK_KIND_INTEGER ? (long double)value->integer
           : value->kind == MSGPACK_KIND_BIG   ? (long double)value->big
                                               : (long double)value->number;
    return value->kind == MSGPACK_KIND_INTEGER || value->kind == MSGPACK_KIND_BIG || value->kind == MSGPACK_KIND_DOUBLE;
}

static bool json_single_equal(const struct msgpack_value *a, const struct msgpack_value *b)
{
    long double x, y;
    if (json_number(a, &x) && json_number(b, &y))
        return x == y;
    if (a->kind != b->kind)
        return false;
    if (a->kind == MSGPACK_KIND_BOOL)
        return a->boolean == b->boolean;
    return a->kind == MSGPACK_KIND_NIL || json_text_equal(a->bytes, b->bytes);
}

static bool json_find(struct slice map, struct slice key, struct slice *out)
{
    for (uint32_t i = 0; i < head_of(map).count; i++)
        if (json_text_equal(text_child(map, 2 * i), key)) {
            *out = child(map, 2 * i + 1);
            return true;
        }
    return false;
}

static bool contains(struct slice whole, struct slice part);

static bool among(struct slice list, struct slice item)
{
    struct msgpack_value wanted = head_of(item);
    for (uint32_t i = 0; i < head_of(list).count; i++) {
        struct slice own = child(list, i);
        if (head_of(own).kind == wanted.kind || wanted.kind < MSGPACK_KIND_ARRAY)
            if (contains(own, item))
                return true;
    }
    return false;
}

static bool contains(struct slice whole, struct slice part)
{
    struct msgpack_value a = head_of(whole), b = head_of(part);
    struct slice own;
    if (a.kind < MSGPACK_KIND_ARRAY && b.kind < MSGPACK_KIND_ARRAY)
        return json_single_equal(&a, &b);
    if (a.kind != b.kind)
        return false;
    for (uint32_t i = 0; i < b.count; i++) {
        if (a.kind == MSGPACK_KIND_ARRAY && !among(whole, child(part, i)))
            return false;
        if (a.kind == MSGPACK_KIND_MAP &&
            (!json_find(whole, text_child(part, 2 * i), &own) || !contains(own, child(part, 2 * i + 1))))
            return false;
    }
    return true;
}

static bool equal(struct slice one, struct slice other)
{
    struct msgpack_value a = head_of(one), b = head_of(other);
    struct slice own;
    if (a.kind < MSGPACK_KIND_ARRAY && b.kind < MSGPACK_KIND_ARRAY)
        return json_single_equal(&a, &b);
    if (a.kind != b.kind || a.count != b.count)
        return false;
    for (uint32_t i = 0; i < b.count; i++) {
        if (a.kind == MSGPACK_KIND_ARRAY && !equal(child(one, i), child(other, i)))
            return false;
        if (a.kind == MSGPACK_KIND_MAP &&
            (!json_find(one, text_child(other, 2 * i), &own) || !equal(own, child(other, 2 * i + 1))))
            return false;
    }
    return true;
}

static bool overlaps(struct slice a, struct slice b)
{
    for (uint32_t i = 0; i < head_of(a).count; i++)
        for (uint32_t k = 0; k < head_of(b).count; k++)
            if (equal(child(a, i), child(b, k)))
                return true;
    return false;
}

/* Items of lists and maps as rows have them: decimals with all places, times in UTC. */
static struct buffer canonical_items(const struct model_field *field, struct slice raw)
{
    struct buffer out = {0};
    struct msgpack_value head = head_of(raw);
    bool map = head.kind == MSGPACK_KIND_MAP;
    if (field->item == 0) {
        write_raw(&out, raw);
        return out;
    }
    if (map)
        write_map(&out, head.count);
    else
        write_array(&out, head.count);
    for (uint32_t i = 0; i < head.count; i++) {
        struct slice value = child(raw, map ? 2 * i + 1 : i);
        struct item item;
        char text[64];
        if (map)
            write_raw(&out, child(raw, 2 * i));
        bool is = item_of(field->item, field->scale, value, &item);
        if (is && field->item == MODEL_DECIMAL)
            write_text(&out, slice_of(text, decimal_format(item.integer, field->scale, text)));
        else if (is && field->item == MODEL_INT64)
            write_integer(&out, item.integer);
        else
            write_raw(&out, value);
    }
    return out;
}

static bool json_matches(const struct model_field *field, const char *operator, struct slice own, struct slice wanted)
{
    struct buffer items = canonical_items(field, wanted);
    struct slice other = buffer_slice(&items);
    bool matches = strcmp(operator, "cs") == 0   ? contains(own, other)
                   : strcmp(operator, "ov") == 0 ? overlaps(own, other)
                                                 : equal(own, other);
    buffer_fini(&items);
    return strcmp(operator, "ne") == 0 ? !matches : matches;
}

/* ---- conditions ---- */

static bool is_one_of(const struct model_field *field, const struct item *own, struct slice list)
{
    struct item item;
    for (uint32_t i = 0; i < head_of(list).count; i++)
        if (item_of(field->kind, field->scale, child(list, i), &item) && item_order(own, &item) == 0)
            return true;
    return false;
}

static bool is_between(const struct model_field *field, const struct item *own, struct slice list)
{
    struct item from, to;
    return item_of(field->kind, field->scale, child(list, 0), &from) &&
           item_of(field->kind, field->scale, child(list, 1), &to) && item_order(own, &from) >= 0 &&
           item_order(own, &to) <= 0;
}

static bool
operator_holds(const struct model_field *field, const char *operator, const struct item * own, struct slice wanted)
{
    struct item item;
    if (own->kind == ITEM_JSON)
        return json_matches(field, operator, own->text, wanted);
    if (strcmp(operator, "in") == 0)
        return is_one_of(field, own, wanted);
    if (strcmp(operator, "notin") == 0)
        return !is_one_of(field, own, wanted);
    if (strcmp(operator, "between") == 0)
        return is_between(field, own, wanted);
    bool is = item_of(field->kind, field->scale, wanted, &item);
    assert(is);
    if (strcmp(operator, "has") == 0 || strcmp(operator, "ilike") == 0)
        return text_matches(own->text, item.text, operator[0] == 'h');
    int order = item_order(own, &item);
    return strcmp(operator, "eq") == 0    ? order == 0
           : strcmp(operator, "ne") == 0  ? order != 0
           : strcmp(operator, "gt") == 0  ? order > 0
           : strcmp(operator, "gte") == 0 ? order >= 0
           : strcmp(operator, "lt") == 0  ? order < 0
                                          : order <= 0;
}

static bool condition_holds(const struct model *model, const struct row *row, struct slice key, struct slice wanted)
{
    bool audit, negated = false;
    char operator[16] = "";
    struct item own;
    const struct model_field *field = field_find(model, key, &audit);
    if (field == NULL) {
        size_t at = key.size;
        while (key.data[at - 1] != '.' && key.data[at - 1] != '!')
            at--;
        snprintf(operator, sizeof operator, "%.*s", (int)(key.size - at), (const char *)key.data + at);
        negated = key.data[at - 1] == '!';
        field = field_find(model, slice_of(key.data, at - 1), &audit);
    } else {
        strcpy(operator, field->kind == MODEL_TEXT ? "has" : "eq");
    }
    assert(field != NULL);
    item_of_row(field, audit, row, &own);
    if (own.kind == ITEM_NULL)
        return negated;
    return operator_holds(field, operator, & own, wanted) != negated;
}

static bool statement_holds(const struct model *model, const struct row *row, struct slice map);

static bool composite_holds(const struct model *model, const struct row *row, bool all, struct slice list)
{
    for (uint32_t i = 0; i < head_of(list).count; i++)
        if (statement_holds(model, row, child(list, i)) != all)
            return !all;
    return all;
}

static bool statement_holds(const struct model *model, const struct row *row, struct slice map)
{
    for (uint32_t i = 0; i < head_of(map).count; i++) {
        struct slice key = text_child(map, 2 * i), wanted = child(map, 2 * i + 1);
        bool holds = slice_is(key, ".and")   ? composite_holds(model, row, true, wanted)
                     : slice_is(key, ".or")  ? composite_holds(model, row, false, wanted)
                     : slice_is(key, "!and") ? !composite_holds(model, row, true, wanted)
                     : slice_is(key, "!or")  ? !composite_holds(model, row, false, wanted)
                                             : condition_holds(model, row, key, wanted);
        if (!holds)
            return false;
    }
    return true;
}

/* Every field of the map is equal to its text; true and numbers are written as in JSON. */
static bool scope_holds(const struct model *model, const struct row *row, struct slice map)
{
    bool audit, holds = true;
    for (uint32_t i = 0; i < head_of(map).count && holds; i++) {
        const struct model_field *field = field_find(model, text_child(map, 2 * i), &audit);
        struct buffer json = {0};
        struct item own;
        struct slice wanted = child(map, 2 * i + 1);
        if (field->kind == MODEL_BOOL || field->kind == MODEL_DOUBLE) {
            json_to_msgpack(head_of(wanted).bytes, &json, NULL);
            wanted = buffer_slice(&json);
        }
        item_of_row(field, audit, row, &own);
        holds = own.kind != ITEM_NULL && operator_holds(field, "eq", &own, wanted);
        buffer_fini(&json);
    }
    return holds;
}

/* ---- words ---- */

static void words_of_list(const struct model_field *field, struct slice raw, struct buffer *out)
{
    struct msgpack_value head = head_of(raw);
    for (uint32_t i = 0; i < head.count; i++)
        words_append(out, 0, text_child(raw, field->kind == MODEL_MAP ? 2 * i + 1 : i));
}

static struct buffer words_of_row(const struct model *model, const struct row *row)
{
    struct buffer out = {0};
    for (uint32_t i = 0; i < model->field_count; i++) {
        const struct model_field *field = &model->fields[i];
        struct item item;
        if (!field_has_words(field))
            continue;
        item_of_row(field, false, row, &item);
        if (item.kind == ITEM_TEXT)
            words_append(&out, 0, item.text);
        else if (item.kind == ITEM_JSON)
            words_of_list(field, item.text, &out);
    }
    return out;
}

/* How often a word stands in a row of words; of two that stand side by side only one counts. */
static int64_t word_count(struct slice words, struct slice word)
{
    int64_t count = 0;
    bool before = false;
    for (size_t at = 0; at < words.size;) {
        size_t end = at;
        while (end < words.size && words.data[end] != ' ')
            end++;
        before = slice_equal(slice_of(words.data + at, end - at), word) && !before;
        count += before;
        at = end + 1;
    }
    return count;
}

/* Millionths of the row's characters; -1 when a word is missing. */
static int64_t rank_of(const struct model *model, const struct row *row, struct slice request)
{
    struct slice text;
    struct buffer own = words_of_row(model, row), wanted = {0};
    int64_t rank = 0, characters = 0;
    if (option(request, "text", &text))
        words_append(&wanted, 0, head_of(text).bytes);
    for (size_t i = 0; i < own.size; i++)
        characters += (own.data[i] & 0xc0) != 0x80;
    for (size_t at = 0; at < wanted.size && rank >= 0;) {
        size_t end = at;
        while (end < wanted.size && wanted.data[end] != ' ')
            end++;
        int64_t count = word_count(buffer_slice(&own), slice_of(wanted.data + at, end - at));
        rank = count == 0 ? -1 : rank + count;
        at = end + 1;
    }
    buffer_fini(&own);
    buffer_fini(&wanted);
    return rank < 0 ? -1 : rank * 1000000 / (characters + 64);
}

/* ---- rows ---- */

bool reference_matches(const struct model *model, const struct row *row, const char *realm, struct slice request)
{
    struct slice value;
    bool deleted = option(request, "deleted", &value) && head_of(value).boolean;
    if (!slice_is(row->realm, realm) || (row->deleted_us != 0 && !deleted))
        return false;
    if (rank_of(model, row, request) < 0)
        return false;
    if (option(request, "scope", &value) && !scope_holds(model, row, value))
        return false;
    return !option(request, "query", &value) || statement_holds(model, row, value);
}

/* Texts count by their first characters. */
static struct slice sort_text(struct slice text)
{
    size_t at = 0;
    for (int characters = 0; at < text.size; at++)
        if ((text.data[at] & 0xc0) != 0x80 && ++characters > SORT_MAX)
            break;
    return slice_of(text.data, at);
}

static int key_compare(const struct model *model, const struct row *a, const struct row *b, struct slice name)
{
    bool audit, descending = false;
    struct item left, right;
    const struct model_field *field = field_find(model, name, &audit);
    if (field == NULL) {
        descending =
            name.data[name.size - 1] == 'c' && name.data[name.size - 2] == 's' && name.data[name.size - 3] == 'e';
        field = field_find(model, slice_of(name.data, name.size - (descending ? 5 : 4)), &audit);
    }
    assert(field != NULL);
    item_of_row(field, audit, a, &left);
    item_of_row(field, audit, b, &right);
    if (left.kind == ITEM_NULL || right.kind == ITEM_NULL)
        return (left.kind == ITEM_NULL) - (right.kind == ITEM_NULL);
    if (field->kind == MODEL_TEXT && !audit) {
        left.text = sort_text(left.text);
        right.text = sort_text(right.text);
    }
    int order = item_order(&left, &right);
    return descending ? -order : order;
}

int reference_compare(const struct model *model, const struct row *a, const struct row *b, struct slice request)
{
    struct slice sort, text;
    int order = 0;
    if (option(request, "sort", &sort) && head_of(sort).bytes.size > 0) {
        struct slice names = head_of(sort).bytes;
        while (names.size > 0 && order == 0) {
            const uint8_t *comma = memchr(names.data, ',', names.size);
            size_t size = comma == NULL ? names.size : (size_t)(comma - names.data);
            order = key_compare(model, a, b, slice_of(names.data, size));
            names = slice_of(names.data + size, names.size - size);
            names = comma == NULL ? names : slice_of(names.data + 1, names.size - 1);
        }
    } else if (option(request, "text", &text)) {
        int64_t left = rank_of(model, a, request), right = rank_of(model, b, request);
        order = (right > left) - (right < left);
    }
    return order != 0 ? order : slice_order(a->id, b->id);
}
