/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See platform.h. */
#include "services/cli/platform.h"

#include "proto/json.h"
#include "proto/reader.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_MAX 65536

static void member(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, ",\"%s\":", name);
    json_quote(out, slice_text(value));
}

void platform_print(const struct platform *platform, struct buffer *out)
{
    buffer_append_text(out, "{\"ready\":true");
    member(out, "http", platform->http);
    member(out, "bus", platform->bus);
    member(out, "events", platform->events);
    buffer_append_text(out, ",\"pids\":{");
    for (size_t i = 0; i < platform->count; i++) {
        const struct platform_process *process = &platform->processes[i];

        buffer_printf(out, "%s\"%s\":%d", i == 0 ? "" : ",", process->name, (int)process->pid);
    }
    buffer_append_text(out, "}}");
}

static enum error text_read(struct slice map, const char *key, char *out, size_t size)
{
    struct slice raw, text;
    struct reader reader;
    enum error error = msgpack_find(map, key, &raw);

    if (error != error_none) {
        return error;
    }
    reader = reader_of(raw);
    error = reader_text(&reader, &text);
    if (error == error_none) {
        snprintf(out, size, "%.*s", (int)text.size, (const char *)text.data);
    }
    return error;
}

static enum error process_read(struct reader *reader, struct platform_process *out)
{
    struct slice name;
    int64_t pid;
    enum error error = reader_text(reader, &name);

    if (error == error_none) {
        error = reader_integer(reader, &pid);
    }
    if (error != error_none || pid < 0 || pid > INT_MAX) {
        return error_bad_json;
    }
    snprintf(out->name, sizeof out->name, "%.*s", (int)name.size, (const char *)name.data);
    out->pid = (pid_t)pid;
    return error_none;
}

static enum error processes_read(struct slice map, struct platform *out)
{
    struct slice raw;
    struct reader reader;
    uint32_t count;

    if (msgpack_find(map, "pids", &raw) != error_none) {
        return error_bad_json;
    }
    reader = reader_of(raw);
    if (reader_map(&reader, &count) != error_none || count > PROCESSES_MAX) {
        return error_bad_json;
    }
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (process_read(&reader, &out->processes[i]) != error_none) {
            return error_bad_json;
        }
    }
    return error_none;
}

static enum error platform_take(struct slice map, struct platform *out)
{
    struct platform read = {0};

    if (text_read(map, "http", read.http, sizeof read.http) != error_none ||
        text_read(map, "bus", read.bus, sizeof read.bus) != error_none ||
        text_read(map, "events", read.events, sizeof read.events) != error_none ||
        processes_read(map, &read) != error_none) {
        return error_bad_json;
    }
    *out = read;
    return error_none;
}

enum error platform_parse(struct slice json, struct platform *out)
{
    struct buffer map = {0};
    enum error error = json_to_msgpack(json, &map, NULL);

    if (error == error_none) {
        error = platform_take(buffer_slice(&map), out);
    }
    buffer_fini(&map);
    return error == error_no_memory || error == error_none ? error : error_bad_json;
}

/* ---- the file ---- */

static void path_of(char out[PATH_MAX], const char *data, const char *name)
{
    snprintf(out, PATH_MAX, "%s/%s", data, name);
}

static bool text_write(const char *path, struct slice text)
{
    FILE *file = fopen(path, "we");
    bool written;

    if (file == NULL) {
        return false;
    }
    written = fwrite(text.data, 1, text.size, file) == text.size;
    return fclose(file) == 0 && written;
}

enum error platform_write(const char *data, const struct platform *platform)
{
    char path[PATH_MAX], fresh[PATH_MAX];
    struct buffer text = {0};
    enum error error = error_none;

    path_of(path, data, "fluvius.json");
    path_of(fresh, data, "fluvius.json.new");
    platform_print(platform, &text);
    buffer_append_text(&text, "\n");
    if (text.failed) {
        error = error_no_memory;
    } else if (!text_write(fresh, buffer_slice(&text)) || rename(fresh, path) != 0) {
        error = error_io;
    }
    buffer_fini(&text);
    return error;
}

enum error platform_read(const char *data, struct platform *out)
{
    char path[PATH_MAX], text[FILE_MAX];
    FILE *file;
    size_t size;

    path_of(path, data, "fluvius.json");
    file = fopen(path, "re");
    if (file == NULL) {
        return error_not_found;
    }
    size = fread(text, 1, sizeof text, file);
    fclose(file);
    return platform_parse(slice_of(text, size), out);
}

void platform_remove(const char *data)
{
    char path[PATH_MAX];

    path_of(path, data, "fluvius.json");
    unlink(path);
}
