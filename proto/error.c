/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names and texts of errors, from errors.def. */
#include "proto/error.h"

static const char *const names[] = {
    [error_none] = "none",
#define ERROR(NAME, TEXT) [error_##NAME] = #NAME,
#include "proto/errors.def"
#undef ERROR
};

static const char *const texts[] = {
    [error_none] = "no error",
#define ERROR(NAME, TEXT) [error_##NAME] = TEXT,
#include "proto/errors.def"
#undef ERROR
};

const char *error_name(enum error error)
{
    return (unsigned)error < error_count ? names[error] : "unknown";
}

const char *error_text(enum error error)
{
    return (unsigned)error < error_count ? texts[error] : "an error that has no name";
}
