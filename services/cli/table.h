/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows as a table for people. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "proto/slice.h"

/* Prints an array of maps to standard output: the keys of the first row above, then a line each, columns aligned.
 * Nothing when there is no row. Values that would break the table are JSON; long ones are cut. */
void table_show(struct slice rows);

#endif
