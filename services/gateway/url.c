/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Request targets: see url.h. */
#include "services/gateway/url.h"

#include <strings.h>

#include "fluvius/host.h"
#include "proto/utf8.h"

#define SEGMENTS_MAX 5

struct segment {
    uint8_t *data;
    size_t size;
};

struct path {
    uint32_t count; /* goes on above SEGMENTS_MAX */
    bool slashed;   /* a slash stands at the end */
    struct segment segments[SEGMENTS_MAX];
};

struct slice text_cut(struct slice *text, char mark)
{
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, mark, text->size);
    struct slice before = *text;
    if (at == NULL) {
        *text = (struct slice){0};
        return before;
    }
    before.size = (size_t)(at - text->data);
    *text = slice_of(at + 1, text->size - before.size - 1);
    return before;
}

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

bool percent_decode(uint8_t *text, size_t *size)
{
    size_t to = 0;
    for (size_t from = 0; from < *size; from++, to++) {
        if (text[from] != '%') {
            text[to] = text[from];
            continue;
        }
        int high = *size - from > 2 ? hex_digit(text[from + 1]) : -1;
        int low = *size - from > 2 ? hex_digit(text[from + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        text[to] = (uint8_t)(high * 16 + low);
        from += 2;
    }
    *size = to;
    return true;
}

bool form_decode(uint8_t *text, size_t *size)
{
    for (size_t i = 0; i < *size; i++)
        if (text[i] == '+')
            text[i] = ' ';
    return percent_decode(text, size);
}

static bool unreserved(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != 0 && strchr("-._~", byte) != NULL);
}

void percent_encode(struct buffer *out, struct slice text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (unreserved(text.data[i]))
            continue;
        buffer_append(out, text.data + start, i - start);
        buffer_printf(out, "%%%02X", text.data[i]);
        start = i + 1;
    }
    buffer_append(out, text.data + start, text.size - start);
}

/* Cuts the query off, and the scheme and authority of an absolute form. */
static struct segment path_of(uint8_t *target, size_t size, struct url *out)
{
    uint8_t *mark = memchr(target, '?', size);
    if (mark != NULL) {
        out->query = slice_of(mark + 1, (size_t)(target + size - mark - 1));
        size = (size_t)(mark - target);
    }
    if (size < 7 || strncasecmp((const char *)target, "http://", 7) != 0)
        return (struct segment){target, size};
    uint8_t *start = memchr(target + 7, '/', size - 7);
    if (start == NULL)
        start = target + size;
    out->authority = slice_of(target + 7, (size_t)(start - target - 7));
    return (struct segment){start, (size_t)(target + size - start)};
}

static void path_split(struct segment text, struct path *out)
{
    out->slashed = text.size > 1 && text.data[text.size - 1] == '/';
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    out->count = 0;
    while (text.size > 0) {
        uint8_t *start = text.data + 1; /* after the slash */
        uint8_t *end = memchr(start, '/', text.size - 1);
        if (end == NULL)
            end = text.data + text.size;
        if (out->count < SEGMENTS_MAX)
            out->segments[out->count] = (struct segment){start, (size_t)(end - start)};
        out->count++;
        text = (struct segment){end, text.size - (size_t)(end - text.data)};
    }
}

static bool segment_is(struct segment segment, const char *text)
{
    return slice_is(slice_of(segment.data, segment.size), text);
}

/* Splits "a:b" at the first mark; false when there is none. */
static bool segment_cut(struct segment whole, char mark, struct segment *before, struct segment *after)
{
    uint8_t *at = memchr(whole.data, mark, whole.size);
    if (at == NULL)
        return false;
    *before = (struct segment){whole.data, (size_t)(at - whole.data)};
    *after = (struct segment){at + 1, (size_t)(whole.data + whole.size - at - 1)};
    return true;
}

static bool segment_decode(struct segment segment, struct slice *out, struct refusal *refusal)
{
    if (!percent_decode(segment.data, &segment.size))
        return refuse(refusal, problem_bad_url, "bad_escape", "a % that two hexadecimal digits do not follow");
    *out = slice_of(segment.data, segment.size);
    return true;
}

static bool refuse_name(struct refusal *refusal)
{
    return refuse(
        refusal,
        problem_bad_identifier,
        NULL,
        "names are 1 to 256 bytes of UTF-8 without control characters and slashes, not beginning with : or ~");
}

static bool name_decode(struct segment segment, struct slice *out, struct refusal *refusal)
{
    return segment_decode(segment, out, refusal) && (identifier_valid(*out) || refuse_name(refusal));
}

static bool key_valid(struct slice key)
{
    return key.size > 0 && key.size <= PROJECTION_KEY_MAX && memchr(key.data, 0, key.size) == NULL &&
           utf8_valid_size(key) == key.size;
}

/* An aggregate's identifier, or the key of a row. */
static bool key_decode(struct segment segment, struct url *out, struct refusal *refusal)
{
    if (!segment_decode(segment, &out->identifier, refusal))
        return false;
    out->of_row = !identifier_valid(out->identifier);
    return !out->of_row || key_valid(out->identifier) || refuse_name(refusal);
}

bool url_identifier_check(const struct url *url, struct refusal *refusal)
{
    return !url->of_row || refuse_name(refusal);
}

/* A segment KEY=VALUE:... narrows what follows. */
static bool path_scoped(const struct path *path, uint32_t at)
{
    return path->count > at && memchr(path->segments[at].data, '=', path->segments[at].size) != NULL;
}

/* Where a path goes on behind NS:COMMAND or NS.RESOURCE and a scope, which stands only where something follows. */
static uint32_t parse_scope(const struct path *path, uint32_t count, struct url *out)
{
    if (path->count != count || !path_scoped(path, 1))
        return 1;
    out->scope = slice_of(path->segments[1].data, path->segments[1].size);
    return 2;
}

static bool parse_command(const struct path *path, struct url *out, struct refusal *refusal)
{
    struct segment namespace = {0}, command = {0};
    uint32_t at = parse_scope(path, 4, out);
    segment_cut(path->segments[0], ':', &namespace, &command);
    if (path->count != at + 2)
        return true;
    if (!name_decode(namespace, &out->namespace, refusal) || !name_decode(command, &out->command, refusal) ||
        !name_decode(path->segments[at], &out->resource, refusal))
        return false;
    out->creates = segment_is(path->segments[at + 1], ":new");
    if (!out->creates && !name_decode(path->segments[at + 1], &out->identifier, refusal))
        return false;
    out->kind = URL_COMMAND;
    return true;
}

/* Takes the segments of a list behind /NS.NAME; *at is the first that is none of them. */
static void parse_narrowing(const struct path *path, struct url *out, uint32_t *at)
{
    *at = 1;
    if (path_scoped(path, 1) && (path->count > 2 || path->slashed)) {
        out->scope = slice_of(path->segments[1].data, path->segments[1].size);
        ++*at;
    }
    if (path->count > *at && path->segments[*at].size > 0 && path->segments[*at].data[0] == '~') {
        out->path_query = slice_of(path->segments[*at].data + 1, path->segments[*at].size - 1);
        ++*at;
    }
}

/* False when the path is none of a list or a row of one; *kind is then still unknown. */
static bool parse_list(const struct path *path, struct url *out, struct refusal *refusal, bool *good)
{
    struct segment namespace, resource;
    uint32_t at;
    segment_cut(path->segments[0], '.', &namespace, &resource);
    parse_narrowing(path, out, &at);
    bool row = path->count == at + 1 && out->scope.size > 0 && out->path_query.size == 0;
    if (path->count != at && !row)
        return false;
    *good = name_decode(namespace, &out->namespace, refusal) && name_decode(resource, &out->resource, refusal) &&
            (!row || key_decode(path->segments[at], out, refusal));
    out->kind = row ? URL_ITEM : URL_LIST;
    return true;
}

static bool parse_item(const struct path *path, struct url *out, struct refusal *refusal)
{
    struct segment namespace = {0}, resource = {0};
    bool good;
    if (parse_list(path, out, refusal, &good))
        return good;
    out->scope = out->path_query = (struct slice){0};
    uint32_t at = parse_scope(path, 4, out);
    segment_cut(path->segments[0], '.', &namespace, &resource);
    bool events = path->count == at + 2 && segment_is(path->segments[at + 1], "events");
    bool changes = path->count == at + 2 && segment_is(path->segments[at + 1], "changes");
    if (path->count != at + 1 && !events && !changes)
        return true;
    if (!name_decode(namespace, &out->namespace, refusal) || !name_decode(resource, &out->resource, refusal) ||
        !key_decode(path->segments[at], out, refusal))
        return false;
    out->kind = events ? URL_EVENTS : changes ? URL_CHANGES : URL_STATE;
    return true;
}

static bool parse_meta(const struct path *path, struct url *out, struct refusal *refusal)
{
    if (path->count == 1)
        out->kind = URL_META;
    if (path->count != 2)
        return true;
    struct segment namespace = path->segments[1], name = {0};
    bool has_command = segment_cut(path->segments[1], ':', &namespace, &name);
    bool has_query = !has_command && segment_cut(path->segments[1], '.', &namespace, &name);
    struct slice *part = has_command ? &out->command : &out->resource;
    if (!name_decode(namespace, &out->namespace, refusal) ||
        ((has_command || has_query) && !name_decode(name, part, refusal)))
        return false;
    out->kind = has_command ? URL_META_COMMAND : has_query ? URL_META_QUERY : URL_META_NAMESPACE;
    return true;
}

/* What the server itself has; before anything else, as some of these have a dot. */
static bool parse_service(struct slice path, struct url *out)
{
    static const struct {
        const char *path;
        enum url_kind kind;
    } services[] = {
        {"/livez", URL_LIVE},
        {"/readyz", URL_READY},
        {"/metrics", URL_METRICS},
        {"/_events", URL_FOLLOW},
        {"/_audit", URL_FOLLOW},
        {"/_causation", URL_FOLLOW},
        {"/mcp", URL_MCP},
        {"/openapi.json", URL_OPENAPI},
        {"/asyncapi.json", URL_ASYNCAPI},
        {"/docs", URL_DOCS},
        {"/docs/page.js", URL_DOCS_SCRIPT},
        {"/docs/page.css", URL_DOCS_STYLE},
    };
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if (slice_is(path, services[i].path)) {
            out->kind = services[i].kind;
            out->causes = slice_is(path, "/_causation");
            return true;
        }
    }
    return false;
}

static bool is_follow(struct segment first)
{
    struct url url = {0};
    return parse_service(slice_of(first.data - 1, first.size + 1), &url) && url.kind == URL_FOLLOW;
}

/* What stands raw in a request line and may not: spaces, control characters, a fragment. */
static bool target_clean(const uint8_t *target, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (target[i] <= 0x20 || target[i] == 0x7f || target[i] == '#')
            return false;
    }
    return true;
}

bool url_parse(uint8_t *target, size_t size, struct url *out, struct refusal *refusal)
{
    *out = (struct url){0};
    if (!target_clean(target, size))
        return refuse(refusal, problem_bad_url, "bad_character", "spaces and control characters are percent-encoded");
    struct path path;
    struct segment text = path_of(target, size, out);
    if (text.size == 0 || text.data[0] != '/')
        return true;
    if (parse_service(slice_of(text.data, text.size), out))
        return true;
    path_split(text, &path);
    if (path.count == 0)
        return true;
    struct segment first = path.segments[0];
    if (path_scoped(&path, 1) && path.count == 2 && is_follow(first))
        return refuse(refusal,
                      problem_scope_not_supported,
                      NULL,
                      "an event does not tell what its aggregate is like: ask for one aggregate's events");
    if (segment_is(first, "_meta"))
        return parse_meta(&path, out, refusal);
    if (memchr(first.data, ':', first.size) != NULL)
        return parse_command(&path, out, refusal);
    if (memchr(first.data, '.', first.size) != NULL)
        return parse_item(&path, out, refusal);
    return true;
}
