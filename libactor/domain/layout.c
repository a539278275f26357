/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Making layouts of descriptors: names, shapes, places. Limits are in layout_limits.c. */
#include "libactor/domain/layout.h"
#include "libactor/domain/layout_limits.h"
#include "libactor/domain/print.h"
#include "proto/writer.h"

enum error layout_fault(struct layout_maker *maker, uint32_t line, const char *format, ...)
{
    char *text = maker->fault->text;
    size_t size = sizeof maker->fault->text;
    long at = 0;
    if (maker->file != NULL && line > 0)
        at = print_into(text, size, "%s:%u: ", maker->file, line);
    if (maker->owner != NULL)
        at += print_into(text + at, size - (size_t)at, "%s: ", maker->owner);
    va_list arguments;
    va_start(arguments, format);
    print_list(text + at, size - (size_t)at, format, arguments);
    va_end(arguments);
    return error_bad_module;
}

bool name_valid(struct slice name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '_' || c == '-')))
            return false;
    }
    return name.size > 0 && name.size <= NAME_BYTES_MAX;
}

static bool is_sound_type(const fluvius_type *type)
{
    static const uint32_t sizes[] = {[FLUVIUS_BOOL] = sizeof(bool),
                                     [FLUVIUS_INT64] = 8,
                                     [FLUVIUS_DOUBLE] = 8,
                                     [FLUVIUS_DECIMAL] = 8,
                                     [FLUVIUS_TEXT] = sizeof(fluvius_text),
                                     [FLUVIUS_BYTES] = sizeof(fluvius_bytes),
                                     [FLUVIUS_UUID] = 16,
                                     [FLUVIUS_TIMESTAMP] = 8,
                                     [FLUVIUS_DATE] = 4,
                                     [FLUVIUS_ENUM] = 4};
    if (type == NULL || type->kind < FLUVIUS_BOOL || type->kind > FLUVIUS_RECORD)
        return false;
    return type->kind == FLUVIUS_RECORD || type->size == sizes[type->kind];
}

static uint32_t aligned(uint32_t size)
{
    return (size + 7) & ~7u;
}

static enum error field_pack_key(struct layout_maker *maker, struct layout_field *field)
{
    struct buffer out = {0};
    write_text(&out, field->key);
    uint8_t *kept = out.failed ? NULL : arena_take_text(maker->arena, out.size);
    if (kept != NULL) {
        memcpy(kept, out.data, out.size);
        field->packed = slice_of(kept, out.size);
    }
    buffer_fini(&out);
    return kept == NULL ? error_no_memory : 0;
}

static enum error field_name(struct layout_maker *maker, const struct layout *layout, struct layout_field *field)
{
    const fluvius_field *source = field->source;
    const char *name = ((const fluvius_common_limits *)source->limits)->name;
    field->key = slice_text(name != NULL ? name : source->name);
    if (!name_valid(field->key))
        return layout_fault(maker,
                            source->line,
                            "field %s: a name must be 1 to %d letters, digits, '_' and '-', "
                            "a letter first",
                            source->name,
                            NAME_BYTES_MAX);
    for (const struct layout_field *other = layout->fields; other < field; other++)
        if (slice_equal(other->key, field->key))
            return layout_fault(maker,
                                source->line,
                                "field %s: the name %s stands twice",
                                source->name,
                                name != NULL ? name : source->name);
    return field_pack_key(maker, field);
}

/* Where the value lies in the record, and that it lies inside. */
static enum error field_place(struct layout_maker *maker, const struct layout *layout, struct layout_field *field)
{
    const fluvius_field *source = field->source;
    uint32_t size = source->type->size, needed = size;
    field->kind = (uint8_t)source->type->kind;
    field->shape = (uint8_t)source->shape;
    field->type = source->type;
    field->offset = source->offset;
    field->size = field->stride = size;
    if (source->shape == FLUVIUS_LIST || source->shape == FLUVIUS_MAP)
        needed = sizeof(fluvius_list);
    if (source->shape == FLUVIUS_MAP)
        field->stride = (uint32_t)sizeof(fluvius_text) + aligned(size);
    if (source->shape == FLUVIUS_OPTIONAL && !kind_has_absence(field->kind)) {
        field->inner = source->size - size;
        needed = source->size;
    }
    if (source->shape < FLUVIUS_ONE || source->shape > FLUVIUS_MAP || source->size < needed || field->inner > 8 ||
        source->offset > layout->size || source->size > layout->size - source->offset)
        return layout_fault(maker, source->line, "field %s: a descriptor that makes no sense", source->name);
    return 0;
}

static enum error field_make(struct layout_maker *maker, struct layout *layout, uint32_t index)
{
    const fluvius_field *source = &layout->type->fields[index];
    struct layout_field *field = &layout->fields[index];
    field->source = source;
    if (source->name == NULL || source->limits == NULL || !is_sound_type(source->type))
        return layout_fault(maker, source->line, "a descriptor that makes no sense");
    enum error error = field_place(maker, layout, field);
    if (error == 0)
        error = field_name(maker, layout, field);
    if (error == 0 && field->kind == FLUVIUS_RECORD)
        error = layout_make(maker, source->type, &field->record);
    if (error == 0 && field->kind == FLUVIUS_ENUM)
        error = enum_check(maker, field);
    if (error == 0)
        error = field_limits(maker, field);
    return error;
}

static void layout_finish_field(struct layout *layout, uint32_t index)
{
    const struct layout_field *field = &layout->fields[index];
    bool items = field->shape == FLUVIUS_LIST || field->shape == FLUVIUS_MAP;
    if (field->shape == FLUVIUS_ONE || (items && field->min_items > 0))
        layout->needed |= UINT64_C(1) << index;
    if (items || field->kind == FLUVIUS_TEXT || field->kind == FLUVIUS_BYTES ||
        (field->kind == FLUVIUS_RECORD && field->record->variable))
        layout->variable = true;
}

static enum error layout_fill(struct layout_maker *maker, struct layout *layout)
{
    for (uint32_t i = 0; i < layout->count; i++) {
        enum error error = field_make(maker, layout, i);
        if (error != 0)
            return error;
        layout_finish_field(layout, i);
    }
    return 0;
}

static enum error layout_check_nesting(struct layout_maker *maker, const fluvius_type *type)
{
    if (type->kind != FLUVIUS_RECORD || type->count > 64 || (type->count > 0 && type->fields == NULL))
        return layout_fault(maker, 0, "%s: a descriptor that makes no sense", type->name);
    for (uint32_t i = 0; i < maker->depth; i++)
        if (maker->stack[i]->type == type)
            return layout_fault(maker, type->count > 0 ? type->fields[0].line : 0, "%s holds itself", type->name);
    if (maker->depth == NESTING_MAX)
        return layout_fault(maker, 0, "records nested more than %d deep", NESTING_MAX);
    return 0;
}

enum error layout_make(struct layout_maker *maker, const fluvius_type *type, const struct layout **out)
{
    for (const struct layout *made = maker->made; made != NULL; made = made->next) {
        if (made->type == type) {
            *out = made;
            return 0;
        }
    }
    enum error error = layout_check_nesting(maker, type);
    if (error != 0)
        return error;
    struct layout *layout = arena_take_zeroed(maker->arena, sizeof *layout);
    if (layout == NULL)
        return error_no_memory;
    *layout = (struct layout){.type = type, .count = type->count, .size = type->size};
    layout->fields = arena_take_zeroed(maker->arena, (type->count + 1) * sizeof *layout->fields);
    if (layout->fields == NULL)
        return error_no_memory;
    maker->stack[maker->depth++] = layout;
    error = layout_fill(maker, layout);
    maker->depth--;
    if (error != 0)
        return error;
    layout->next = maker->made;
    maker->made = layout;
    *out = layout;
    return 0;
}
