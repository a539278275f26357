/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prints what live actors say of themselves, in the form of `fluvius replay --states`: stream, version, hash of the
 * state's bytes, a line each.
 *
 *   live_states BUS COUNT      accounts kill-0 ... kill-(COUNT-1) of the bank */
#include "proto/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

static int print_state(struct client *client, const char *identifier)
{
    struct buffer memory = {0};
    struct reply reply;
    struct request request = {.operation = operation_state,
                              .namespace = slice_text("bank"),
                              .resource = slice_text("account"),
                              .identifier = slice_text(identifier),
                              .deadline_ms = limit_deadline_max_ms,
                              .at_version = -1,
                              .partition = -1};
    enum error error = client_call(client, &request, &reply, &memory);
    int failed = error != error_none || reply.status != status_ok;
    if (!failed) {
        XXH128_canonical_t hash;
        XXH128_canonicalFromHash(&hash, XXH3_128bits(reply.data.data, reply.data.size));
        printf("bank.account/%s %llu ", identifier, (unsigned long long)reply.version);
        for (size_t i = 0; i < sizeof hash.digest; i++)
            printf("%02x", hash.digest[i]);
        printf("\n");
    }
    buffer_fini(&memory);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: live_states BUS COUNT\n");
        return 2;
    }
    struct client *client;
    struct client_config config = {.urls = argv[1]};
    if (client_open(&client, &config) != error_none)
        return 2;
    int failed = 0;
    for (int i = 0; i < atoi(argv[2]); i++) {
        char identifier[32];
        snprintf(identifier, sizeof identifier, "kill-%d", i);
        failed += print_state(client, identifier);
    }
    client_close(&client);
    return failed == 0 ? 0 : 1;
}
