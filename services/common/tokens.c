/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The token file in memory. Its text is kept in pages of its own that no core dump contains; entries point into it. */
#include "services/common/tokens.h"

#include "proto/writer.h"
#include "services/common/process.h"
#include "services/common/secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define SERVICE_VARIABLE "FLUVIUS_SERVICE_TOKEN"

struct token_entry {
    XXH128_hash_t hash; /* of token, keyed */
    struct slice token;
    struct principal principal;
    struct buffer roles;
};

struct tokens {
    uint8_t key[XXH3_SECRET_SIZE_MIN];
    char *text; /* the file, then the service token; NUL after each word */
    size_t text_size;
    struct token_entry *entries; /* by hash */
    size_t count, capacity;
    bool required;
    struct principal anonymous;
};

static const uint8_t no_roles[] = {0x90}; /* an empty msgpack array */
/* Without a file everybody may read the log of all realms, as a service may. */
static const uint8_t open_roles[] = {0x91, 0xa7, 's', 'e', 'r', 'v', 'i', 'c', 'e'};

static XXH128_hash_t token_hash(const struct tokens *tokens, struct slice token)
{
    return XXH3_128bits_withSecret(token.data, token.size, tokens->key, sizeof tokens->key);
}

static enum error fail(char *fault, enum error error, const char *path, int line, const char *why)
{
    if (line > 0) {
        snprintf(fault, TOKENS_FAULT_SIZE, "%s:%d: %s", path, line, why);
    } else {
        snprintf(fault, TOKENS_FAULT_SIZE, "%s: %s", path, why);
    }
    return error;
}

/* ---- entries ---- */

static bool tokens_grow(struct tokens *tokens)
{
    size_t capacity = tokens->capacity == 0 ? 16 : tokens->capacity * 2;
    struct token_entry *entries;

    if (tokens->count < tokens->capacity) {
        return true;
    }
    entries = realloc(tokens->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    tokens->entries = entries;
    tokens->capacity = capacity;
    return true;
}

/* Fills the principal's roles from "a,b"; roles is cut into words. */
static bool roles_put(struct token_entry *entry, char *roles)
{
    uint32_t count = 0;
    char *rest = NULL;
    size_t place = write_array_begin(&entry->roles);

    for (char *role = strtok_r(roles, ",", &rest); role != NULL; role = strtok_r(NULL, ",", &rest)) {
        write_string(&entry->roles, role);
        entry->principal.service |= strcmp(role, "service") == 0;
        count++;
    }
    write_array_end(&entry->roles, place, count);
    entry->principal.roles = buffer_slice(&entry->roles);
    return !entry->roles.failed;
}

/* Words are NUL-terminated and live in tokens->text; roles may be NULL. */
static enum error tokens_add(struct tokens *tokens, char *token, char *user, char *realm, char *roles)
{
    struct token_entry *entry;

    if (!tokens_grow(tokens)) {
        return error_no_memory;
    }
    entry = &tokens->entries[tokens->count++];
    *entry = (struct token_entry){.token = slice_text(token), .principal = {.user = user, .realm = realm}};
    entry->hash = token_hash(tokens, entry->token);
    entry->principal.roles = slice_of(no_roles, sizeof no_roles);
    return roles == NULL || roles_put(entry, roles) ? error_none : error_no_memory;
}

static int entry_compare(const void *a, const void *b)
{
    return XXH128_cmp(&((const struct token_entry *)a)->hash, &((const struct token_entry *)b)->hash);
}

/* ---- the file ---- */

static bool name_valid(const char *name)
{
    return strlen(name) <= 256; /* control characters and spaces cannot be in a word */
}

static enum error line_take(struct tokens *tokens, const char *path, int number, char *line, char *fault)
{
    char *words[5] = {0}, *rest = NULL;
    size_t count = 0;

    for (char *word = strtok_r(line, " \t\r", &rest); word != NULL && count < 5;
         word = strtok_r(NULL, " \t\r", &rest)) {
        words[count++] = word;
    }
    if (count == 0 || words[0][0] == '#') {
        return error_none;
    }
    if (count < 3 || count > 4 || !name_valid(words[1]) || !name_valid(words[2])) {
        return fail(fault, error_bad_settings, path, number, "is not a line TOKEN USER REALM [ROLE,ROLE...]");
    }
    return tokens_add(tokens, words[0], words[1], words[2], words[3]);
}

static enum error text_take(struct tokens *tokens, const char *path, char *fault)
{
    char *line = tokens->text, *next;
    enum error error = error_none;

    for (int number = 1; error == error_none && line != NULL; number++, line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        for (const char *at = line; *at != '\0'; at++) {
            if ((*at > 0 && *at < ' ' && *at != '\t' && *at != '\r') || *at == 0x7f) {
                return fail(fault, error_bad_settings, path, number, "has a control character");
            }
        }
        error = line_take(tokens, path, number, line, fault);
    }
    return error;
}

/* ---- loading ---- */

/* Reads the file into pages that have extra bytes after it. */
static enum error file_load(struct tokens *tokens, const char *path, size_t extra, char *fault)
{
    const char *why = NULL;
    enum error error = secret_file_read(path, extra, &tokens->text, &tokens->text_size, &why);

    return error == error_bad_settings ? fail(fault, error, path, 0, why) : error;
}

static enum error service_add(struct tokens *tokens, const char *token)
{
    static char user[] = "service", realm[] = "default";
    size_t size = strlen(token) + 1;
    char roles[] = "service", *place;

    if (tokens->text == NULL) {
        tokens->text = secret_pages(size);
        tokens->text_size = size;
    }
    if (tokens->text == NULL) {
        return error_no_memory;
    }
    place = tokens->text + tokens->text_size - size;
    memcpy(place, token, size);
    return tokens_add(tokens, place, user, realm, roles);
}

/* Has the file that token already? Then the file says whose it is. */
static bool tokens_have(const struct tokens *tokens, const char *token)
{
    for (size_t i = 0; i < tokens->count; i++) {
        if (slice_is(tokens->entries[i].token, token)) {
            return true;
        }
    }
    return false;
}

/* The token that FLUVIUS_SERVICE_TOKEN holds or names; NULL when it is not set. */
static enum error service_take(char **out, char *fault)
{
    const char *text = getenv(SERVICE_VARIABLE), *why = NULL;
    enum error error;

    if (text == NULL || text[0] == '\0') {
        *out = NULL;
        return error_none;
    }
    error = secret_take(text, out, &why);
    return error == error_none ? error_none : fail(fault, error, SERVICE_VARIABLE, 0, why);
}

static void service_drop(char *service)
{
    if (service != NULL) {
        explicit_bzero(service, strlen(service));
    }
    free(service);
}

static enum error entries_sort(struct tokens *tokens, const char *path, char *fault)
{
    if (tokens->count > 0) {
        qsort(tokens->entries, tokens->count, sizeof *tokens->entries, entry_compare);
    }
    for (size_t i = 1; i < tokens->count; i++) {
        if (slice_equal(tokens->entries[i - 1].token, tokens->entries[i].token)) {
            return fail(fault, error_bad_settings, path, 0, "the same token stands there twice");
        }
    }
    return error_none;
}

static enum error entries_load(struct tokens *tokens, const char *path, const char *service, char *fault)
{
    enum error error = error_none;

    random_bytes(tokens->key, sizeof tokens->key);
    tokens->required = path != NULL && path[0] != '\0';
    if (tokens->required) {
        error = file_load(tokens, path, service != NULL ? strlen(service) + 1 : 0, fault);
    }
    if (error == error_none && tokens->required) {
        error = text_take(tokens, path, fault);
    }
    if (error == error_none && service != NULL && !tokens_have(tokens, service)) {
        error = service_add(tokens, service);
    }
    tokens->anonymous = (struct principal){.user = "anonymous",
                                           .realm = "default",
                                           .roles = tokens->required ? slice_of(no_roles, sizeof no_roles)
                                                                     : slice_of(open_roles, sizeof open_roles),
                                           .service = !tokens->required && service == NULL};
    return error == error_none ? entries_sort(tokens, tokens->required ? path : SERVICE_VARIABLE, fault) : error;
}

static enum error tokens_fill(struct tokens *tokens, const char *path, char *fault)
{
    char *service;
    enum error error = service_take(&service, fault);

    if (error == error_none) {
        error = entries_load(tokens, path, service, fault);
        service_drop(service);
    }
    return error;
}

enum error tokens_load(struct tokens **out, const char *path, char *fault)
{
    struct tokens *tokens = calloc(1, sizeof *tokens);
    enum error error;

    if (tokens == NULL) {
        return fail(fault, error_no_memory, "tokens", 0, error_text(error_no_memory));
    }
    fault[0] = '\0';
    error = tokens_fill(tokens, path, fault);
    if (error != error_none) {
        if (fault[0] == '\0') {
            fail(fault, error, "tokens", 0, error_text(error));
        }
        tokens_free(&tokens);
        return error;
    }
    *out = tokens;
    return error_none;
}

void tokens_free(struct tokens **tokens)
{
    struct tokens *own = *tokens;

    if (own == NULL) {
        return;
    }
    for (size_t i = 0; i < own->count; i++) {
        buffer_fini(&own->entries[i].roles);
    }
    free(own->entries);
    secret_pages_free(own->text, own->text_size);
    explicit_bzero(own, sizeof *own);
    free(own);
    *tokens = NULL;
}

/* ---- checking ---- */

bool tokens_required(const struct tokens *tokens)
{
    return tokens->required;
}

/* Takes the same time wherever the first difference is. */
static bool token_equal(struct slice a, struct slice b)
{
    uint8_t difference = 0;

    if (a.size != b.size) {
        return false;
    }
    for (size_t i = 0; i < a.size; i++) {
        difference |= a.data[i] ^ b.data[i];
    }
    return difference == 0;
}

enum error tokens_check(const struct tokens *tokens, struct slice token, struct principal *out)
{
    const struct token_entry *entry;
    struct token_entry wanted;

    if (token.size == 0) {
        if (tokens->required) {
            return error_bad_token;
        }
        *out = tokens->anonymous;
        return error_none;
    }
    wanted.hash = token_hash(tokens, token);
    entry = tokens->count == 0
                ? NULL
                : bsearch(&wanted, tokens->entries, tokens->count, sizeof *tokens->entries, entry_compare);
    if (entry == NULL || !token_equal(entry->token, token)) {
        return error_bad_token;
    }
    *out = entry->principal;
    return error_none;
}
