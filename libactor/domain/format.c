/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The formats that a text can be limited to. */
#include "libactor/domain/format.h"
#include "libactor/domain/scalar.h"

static const char *const names[] = {"", "email", "uri", "hostname", "uuid", "date", "date-time"};

bool text_format_find(const char *name, enum text_format *out)
{
    for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum text_format)i;
            return true;
        }
    }
    return false;
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_letter_or_digit(uint8_t c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* One label of a host's name: letters, digits and inner hyphens, at most 63. */
static bool label_fits(struct slice label)
{
    if (label.size == 0 || label.size > 63 || label.data[0] == '-' || label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++)
        if (!is_letter_or_digit(label.data[i]) && label.data[i] != '-')
            return false;
    return true;
}

static bool hostname_fits(struct slice text)
{
    size_t begin = 0;
    if (text.size > 253)
        return false;
    for (size_t i = 0; i <= text.size; i++) {
        if (i < text.size && text.data[i] != '.')
            continue;
        if (!label_fits(slice_of(text.data + begin, i - begin)))
            return false;
        begin = i + 1;
    }
    return true;
}

/* What RFC 5322 calls a dot-atom. */
static bool email_local_fits(struct slice local)
{
    if (local.size == 0 || local.size > 64 || local.data[0] == '.' || local.data[local.size - 1] == '.')
        return false;
    for (size_t i = 0; i < local.size; i++) {
        uint8_t c = local.data[i];
        if (c == '\0' || (!is_letter_or_digit(c) && strchr("!#$%&'*+-/=?^_`{|}~.", c) == NULL))
            return false;
        if (c == '.' && local.data[i - 1] == '.')
            return false;
    }
    return true;
}

static bool email_fits(struct slice text)
{
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, '@', text.size);
    if (at == NULL || text.size > 254)
        return false;
    size_t local = (size_t)(at - text.data);
    return email_local_fits(slice_of(text.data, local)) && hostname_fits(slice_of(at + 1, text.size - local - 1));
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool uri_rest_fits(struct slice rest)
{
    for (size_t i = 0; i < rest.size; i++) {
        uint8_t c = rest.data[i];
        if (c == '%') {
            if (i + 2 >= rest.size || !is_hex(rest.data[i + 1]) || !is_hex(rest.data[i + 2]))
                return false;
        } else if (c == '\0' || (!is_letter_or_digit(c) && strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL)) {
            return false;
        }
    }
    return rest.size > 0;
}

static bool uri_fits(struct slice text)
{
    size_t at = 0;
    if (text.size == 0 || !is_letter(text.data[0]))
        return false;
    while (at < text.size &&
           (is_letter_or_digit(text.data[at]) || (text.data[at] != '\0' && strchr("+-.", text.data[at]))))
        at++;
    return at < text.size && text.data[at] == ':' && uri_rest_fits(slice_of(text.data + at + 1, text.size - at - 1));
}

bool text_format_fits(enum text_format format, struct slice text)
{
    uint8_t uuid[16];
    int32_t days;
    int64_t microseconds;
    switch (format) {
    case TEXT_EMAIL:
        return email_fits(text);
    case TEXT_URI:
        return uri_fits(text);
    case TEXT_HOSTNAME:
        return hostname_fits(text);
    case TEXT_UUID:
        return uuid_text_parse(text, uuid) == SCALAR_OK;
    case TEXT_DATE:
        return date_parse(text, &days) == SCALAR_OK;
    case TEXT_DATE_TIME:
        return timestamp_parse(text, &microseconds) == SCALAR_OK;
    case TEXT_ANY:
        break;
    }
    return true;
}
