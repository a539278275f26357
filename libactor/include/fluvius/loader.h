/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loads a domain module from a shared object. Before any of its code runs the file is read as ELF and refused, by name,
 * when it imports a symbol outside the allow-list or has writable globals; then ABI number and strides are checked.
 * Modules are never unloaded while the process lives. */
#ifndef FLUVIUS_LOADER_H
#define FLUVIUS_LOADER_H

#include "fluvius/host.h"

/* error_bad_module, error_not_found, error_no_memory; fault->text names file and reason. */
enum error domain_load(struct domain **out, const char *path, struct domain_fault *fault);

#endif
