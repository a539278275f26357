/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prints vectors.json. After a deliberate change of the protocol: proto_vectors > proto/vectors/vectors.json */
#include "proto/vectors/vectors.h"

#include <stdio.h>

int main(void)
{
    struct buffer out = {0};
    vectors_write(&out);
    bool written = !out.failed && fwrite(out.data, 1, out.size, stdout) == out.size;
    buffer_fini(&out);
    return written && fflush(stdout) == 0 ? 0 : 1;
}
