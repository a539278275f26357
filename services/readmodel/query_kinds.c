/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which operators a kind of field takes, and fields by their names. */
#include "services/readmodel/query.h"

const char *const query_operator_names[QUERY_OPERATORS] = {
    [QUERY_EQ] = "eq",
    [QUERY_NE] = "ne",
    [QUERY_GT] = "gt",
    [QUERY_GTE] = "gte",
    [QUERY_LT] = "lt",
    [QUERY_LTE] = "lte",
    [QUERY_IN] = "in",
    [QUERY_NOTIN] = "notin",
    [QUERY_HAS] = "has",
    [QUERY_ILIKE] = "ilike",
    [QUERY_CS] = "cs",
    [QUERY_OV] = "ov",
    [QUERY_BETWEEN] = "between",
};

#define BIT(NAME) (1u << QUERY_##NAME)
#define EQUALITY (BIT(EQ) | BIT(NE))
#define CHOICE (EQUALITY | BIT(IN) | BIT(NOTIN))
#define ORDER (CHOICE | BIT(GT) | BIT(GTE) | BIT(LT) | BIT(LTE) | BIT(BETWEEN))

uint32_t kind_operators(enum model_kind kind)
{
    switch (kind) {
    case MODEL_INT64:
    case MODEL_DOUBLE:
    case MODEL_DECIMAL:
    case MODEL_TIMESTAMP:
    case MODEL_DATE:
        return ORDER;
    case MODEL_TEXT:
        return ORDER | BIT(HAS) | BIT(ILIKE);
    case MODEL_BOOL:
    case MODEL_BYTES:
    case MODEL_UUID:
    case MODEL_ENUM:
        return CHOICE;
    case MODEL_LIST:
        return EQUALITY | BIT(CS) | BIT(OV);
    case MODEL_MAP:
        return EQUALITY | BIT(CS);
    }
    return 0;
}

enum query_operator kind_default(enum model_kind kind)
{
    return kind == MODEL_TEXT ? QUERY_HAS : QUERY_EQ;
}

bool kind_sorts(enum model_kind kind)
{
    return kind != MODEL_BYTES && kind != MODEL_LIST && kind != MODEL_MAP;
}

const struct model_field *query_field(const struct model *model, uint32_t field)
{
    return field < FIELD_AUDIT ? &model->fields[field] : &model_audit_fields[field - FIELD_AUDIT];
}

bool query_field_find(const struct model *model, struct slice name, uint32_t *out)
{
    uint32_t guess = 0;
    int32_t number = model_find(model, name, &guess);
    if (number >= 0) {
        *out = (uint32_t)number;
        return true;
    }
    for (uint32_t i = 0; i < AUDIT_COUNT; i++)
        if (slice_equal(model_audit_fields[i].name, name)) {
            *out = FIELD_AUDIT + i;
            return true;
        }
    return false;
}
