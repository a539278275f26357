/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deriving one stream's state again from its events alone, and comparing it with its snapshot on the way. */
#ifndef CLI_DERIVE_H
#define CLI_DERIVE_H

#include "fluvius/host.h"
#include "services/store/store.h"

enum derive_snapshot {
    DERIVE_NO_SNAPSHOT,
    DERIVE_EQUAL,
    DERIVE_DIFFERENT,
    DERIVE_STALE, /* written by another version of the module, so shards do not use it either */
};

struct derived {
    uint64_t version;
    uint64_t snapshot_version;
    enum derive_snapshot snapshot;
    struct buffer state; /* aggregate_encode's bytes; the caller's to buffer_fini */
};

#define DERIVE_FAULT_SIZE 600

/* Zero *out first. On failure fault (at least DERIVE_FAULT_SIZE bytes) says why. */
enum error derive(struct store *store,
                  uint32_t unit,
                  const struct stream *stream,
                  const struct domain *domain,
                  const struct domain_resource *resource,
                  struct derived *out,
                  char *fault);

#endif
