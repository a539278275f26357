/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Files of the source tree that tests compare with what the code says. */
#ifndef TESTS_UNIT_PROTO_FILES_H
#define TESTS_UNIT_PROTO_FILES_H

#include "proto/writer.h"

/* The contents of a file by its path from the source root; fails the test when it cannot be read. */
struct buffer read_source(const char *path);

#endif
