/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files that are part of the program: what is the same in every document, and the page at /docs. */
#ifndef GATEWAY_DOCUMENTS_RESOURCES_H
#define GATEWAY_DOCUMENTS_RESOURCES_H

#include "proto/slice.h"

struct slice resource_openapi(void);  /* openapi.json */
struct slice resource_asyncapi(void); /* asyncapi.json */
struct slice resource_page(void);     /* page.html */
struct slice resource_script(void);   /* page.js */
struct slice resource_style(void);    /* page.css */

#endif
