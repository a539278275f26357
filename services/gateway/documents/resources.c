/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * See resources.h. The files are put into the program as they are. */
#include "services/gateway/documents/resources.h"

/* NAME is the text of FILE, and ends with a NUL that is not part of it. */
#define EMBED(NAME, FILE)                                                                                              \
    extern const char document_##NAME[];                                                                               \
    __asm__(".pushsection .rodata\ndocument_" #NAME ":\n.incbin \"" DOCUMENTS_DIRECTORY "/" FILE                       \
            "\"\n.byte 0\n.popsection\n");                                                                             \
    struct slice resource_##NAME(void) {                                                                               \
        return slice_text(document_##NAME);                                                                            \
    }

EMBED(openapi, "openapi.json")
EMBED(asyncapi, "asyncapi.json")
EMBED(page, "page.html")
EMBED(script, "page.js")
EMBED(style, "page.css")
