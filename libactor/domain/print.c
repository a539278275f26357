/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The small printf. */
#include "libactor/domain/print.h"
#include "proto/utf8.h"

struct printer {
    char *out;
    size_t size, used; /* used never passes size */
};

static void put(struct printer *to, const char *data, size_t size)
{
    size_t room = to->size - to->used;
    if (size > room)
        size = room;
    if (size > 0)
        memcpy(to->out + to->used, data, size);
    to->used += size;
}

static void put_unsigned(struct printer *to, uint64_t value, unsigned base)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[value % base];
    while ((value /= base) > 0);
    put(to, digits + at, sizeof digits - at);
}

static void put_signed(struct printer *to, int64_t value)
{
    if (value < 0)
        put(to, "-", 1);
    put_unsigned(to, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

struct conversion {
    int length;     /* 0 int, 1 long, 2 long long, 3 size_t */
    long precision; /* -1: none */
};

static int64_t take_signed(int length, va_list *from)
{
    if (length == 1)
        return va_arg(*from, long);
    if (length == 2)
        return va_arg(*from, long long);
    return length == 3 ? va_arg(*from, ptrdiff_t) : va_arg(*from, int);
}

static uint64_t take_unsigned(int length, va_list *from)
{
    if (length == 1)
        return va_arg(*from, unsigned long);
    if (length == 2)
        return va_arg(*from, unsigned long long);
    return length == 3 ? va_arg(*from, size_t) : va_arg(*from, unsigned);
}

static void put_text(struct printer *to, long precision, const char *text)
{
    size_t size = 0;
    if (text == NULL)
        text = "";
    while ((precision < 0 || size < (size_t)precision) && text[size] != '\0')
        size++;
    put(to, text, size);
}

static const char *read_conversion(const char *at, struct conversion *out, va_list *from)
{
    *out = (struct conversion){.precision = -1};
    if (*at == '.') {
        at++;
        out->precision = 0;
        if (*at == '*')
            out->precision = va_arg(*from, int), at++;
        for (; *at >= '0' && *at <= '9' && out->precision < 100000; at++)
            out->precision = out->precision * 10 + (*at - '0');
    }
    for (; *at == 'l' && out->length < 2; at++)
        out->length++;
    if (*at == 'z')
        out->length = 3, at++;
    return at;
}

static bool put_conversion(struct printer *to, char letter, const struct conversion *how, va_list *from)
{
    char character;
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(to, take_signed(how->length, from));
        return how->precision < 0;
    case 'u':
    case 'x':
        put_unsigned(to, take_unsigned(how->length, from), letter == 'x' ? 16 : 10);
        return how->precision < 0;
    case 's':
        put_text(to, how->precision, va_arg(*from, const char *));
        return how->length == 0;
    case 'c':
        character = (char)va_arg(*from, int);
        put(to, &character, 1);
        return how->length == 0;
    case '%':
        put(to, "%", 1);
        return true;
    default:
        return false;
    }
}

static bool print_all(struct printer *to, const char *format, va_list *from)
{
    for (const char *at = format; *at != '\0'; at++) {
        struct conversion how;
        if (*at != '%') {
            put(to, at, 1);
            continue;
        }
        at = read_conversion(at + 1, &how, from);
        if (!put_conversion(to, *at, &how, from))
            return false;
    }
    return true;
}

long print_list(char *out, size_t size, const char *format, va_list arguments)
{
    struct printer to = {.out = out, .size = size - 1};
    va_list from;
    va_copy(from, arguments);
    bool good = print_all(&to, format, &from);
    va_end(from);
    size_t used = good ? utf8_valid_size(slice_of(out, to.used)) : 0;
    out[used] = '\0';
    return good ? (long)used : -1;
}

long print_into(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    long used = print_list(out, size, format, arguments);
    va_end(arguments);
    return used;
}

size_t print_integer(char *out, int64_t value)
{
    struct printer to = {.out = out, .size = 20};
    put_signed(&to, value);
    return to.used;
}
