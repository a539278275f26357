/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writes the protocol's vectors as files for the fuzz targets to begin with: seeds DIRECTORY makes DIRECTORY/msgpack,
 * DIRECTORY/envelope and DIRECTORY/json; and messages of agents, DIRECTORY/mcp. */
#include "proto/json.h"
#include "proto/reader.h"
#include "proto/vectors/vectors.h"

#include <stdio.h>
#include <sys/stat.h>

#define META                                                                                                           \
    ",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                                          \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}}"

static bool write_seed(const char *directory, const char *target, uint32_t number, struct slice bytes)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s/%u", directory, target, number) >= (int)sizeof path) {
        return false;
    }
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
    return file != NULL && fclose(file) == 0 && written;
}

static struct slice text_of(struct slice vector, const char *key)
{
    struct slice value, text = {0};
    if (msgpack_find(vector, key, &value) == error_none) {
        struct reader reader = reader_of(value);
        (void)reader_text(&reader, &text);
    }
    return text;
}

/* The bytes of a case, for msgpack and envelope; its JSON form, for json. */
static bool write_seeds(const char *directory, uint32_t number, struct slice vector)
{
    struct buffer bytes = {0}, hex = {0}, json = {0};
    bool wire = text_of(vector, "message").size > 0;
    struct slice text = text_of(vector, wire ? "message" : "hex");
    buffer_append(&hex, text.data, text.size);
    buffer_append(&hex, "", 1);
    bytes_of_hex((const char *)hex.data, &bytes);
    bool done = write_seed(directory, "msgpack", number, buffer_slice(&bytes)) &&
                write_seed(directory, "envelope", number, buffer_slice(&bytes));
    if (msgpack_to_json(vector, &json) == error_none) {
        done = write_seed(directory, "json", number, buffer_slice(&json)) && done;
    }
    buffer_fini(&bytes);
    buffer_fini(&hex);
    buffer_fini(&json);
    return done;
}

/* Each twice: in both eras, as the first byte says. */
static bool write_messages(const char *directory)
{
    static const char *const bodies[] = {
        "{\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\"}",
        "{\"method\":\"tools/list\",\"params\":{\"cursor\":\"after:bank_open\"" META,
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"bank_open\",\"arguments\":{\"data\":{}}" META,
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"bank_deposit\",\"arguments\":{\"identifier\":\"a\","
        "\"dry_run\":true,\"expected_version\":3,\"idempotency_key\":\"k\",\"data\":{\"amount\":1}}" META,
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"bank_account_events\",\"arguments\":{\"identifier\":"
        "\"a\",\"after\":1,\"limit\":2}" META,
        "{\"method\":\"tools/call\",\"params\":{\"name\":\"bank_account_query\",\"arguments\":{\"limit\":2}" META,
        "{\"method\":\"resources/read\",\"params\":{\"uri\":\"fluvius://bank/account/%C3%A9/events?after=2\"" META,
        "{\"method\":\"resources/read\",\"params\":{\"uri\":\"fluvius://bank/account?text=a%20b&limit=2\"" META,
        "{\"method\":\"subscriptions/listen\",\"params\":{\"notifications\":{\"resourceSubscriptions\":["
        "\"fluvius://bank/account/a\",\"fluvius://bank/account/b/events\"]}" META,
        "{\"method\":\"prompts/get\",\"params\":{\"name\":\"describe_bank\"" META,
        "{\"method\":\"completion/complete\",\"params\":{\"ref\":{\"type\":\"ref/prompt\"},\"argument\":{\"name\":"
        "\"tool\",\"value\":\"b\"}" META,
    };
    bool done = true;
    for (uint32_t i = 0; i < 2 * sizeof bodies / sizeof *bodies; i++) {
        struct buffer text = {0};
        buffer_printf(&text, "%c%s,\"jsonrpc\":\"2.0\",\"id\":1}", i % 2 == 0 ? '0' : '1', bodies[i / 2]);
        done = write_seed(directory, "mcp", i, buffer_slice(&text)) && done;
        buffer_fini(&text);
    }
    return done;
}

static bool write_lists(const char *directory)
{
    static const char *const queries[] = {
        "~name.eq:x,employees.in:(1,2)/",
        "~.or:((name:x),(status!in:(active,draft)),(owner:'0190a1b2-0000-7000-8000-00000000000a'))/"
        "?sort=rating.asc,name"
        ".desc&limit=10&page=2",
        "status=active:name=a%2Fb/~employees:1/?query=%7B%22rating.between%22%3A%5B1%2C2%5D%7D&text=red+blue",
        "status=active/c-1",
        "?cursor=abc&include=name,address.city&exclude=_id&total=false&deleted=true&at_least=1f:0.1",
        "~tags.cs:(red,blue),labels.cs:(kind:shop),marks.ov:(1,2),shares!ov:('0.500')/?text=red&sort=_updated.desc",
        "~opened_at.gte:'2020-01-01T00:00:00Z',founded.lt:'2001-01-01',revenue.gt:'3.5'/"
        "?sort=revenue,founded.desc&limit=1",
        "~name.has:'50%25',business_name.ilike:'%25_\\%25',address.city!eq:null/?exclude=tags,lines&page=1&total=1",
        "~!and:((.and:((.or:((name:a),(name!has:b)))),(_deleted!gt:'1970-01-02T00:00:00Z')))/?deleted=1&limit=1000",
        "?query=%7B%22seal%22%3A%22-bytes-%22%2C%22system_entity!ne%22%3Atrue%2C%22_etag.between%22%3A%5B%221%22%2C3%"
        "5D%7D",
        "?text=%C3%84pfel+%E5%8C%97%E4%BA%AC&sort=opened_at&include=name&include=seal",
        "?sort=name.asc%27%3B+DROP+TABLE+m1_0--&query=%7B%22name%27--%22%3A%22x%22%7D",
    };
    bool done = true;
    for (uint32_t i = 0; i < sizeof queries / sizeof *queries; i++)
        done = write_seed(directory, "list", i, slice_text(queries[i])) && done;
    return done;
}

static void make_directories(const char *directory)
{
    static const char *const targets[] = {"", "msgpack", "envelope", "json", "mcp", "list"};
    char path[4096];
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, targets[i]);
        mkdir(path, 0755); /* it may be there; a seed that cannot be written is the error */
    }
}

int main(int count, char **arguments)
{
    struct buffer file = {0}, cases = {0};
    struct slice vector;
    uint32_t left = 0;
    if (count != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", arguments[0]);
        return 2;
    }
    vectors_write(&file);
    make_directories(arguments[1]);
    bool done = json_to_msgpack(buffer_slice(&file), &cases, NULL) == error_none;
    struct reader reader = reader_of(buffer_slice(&cases));
    done = done && reader_array(&reader, &left) == error_none;
    for (uint32_t i = 0; done && i < left; i++) {
        done = reader_raw(&reader, &vector) == error_none && write_seeds(arguments[1], i, vector);
    }
    done = done && write_messages(arguments[1]) && write_lists(arguments[1]);
    buffer_fini(&file);
    buffer_fini(&cases);
    return done ? 0 : 1;
}
