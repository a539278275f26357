/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where the services of `fluvius up` listen, and how they are reached: see plan.h. */
#include "services/cli/plan.h"

#include <stdio.h>

static bool address_take(struct ports *ports, const char *option, const char *address, char *out)
{
    char fault[ADDRESS_SIZE];
    enum error error = ports_take(ports, address, out, fault);

    if (error == error_none) {
        return true;
    }
    if (error == error_address_in_use) {
        fprintf(stderr, "fluvius up: %s is in use by another program; choose another with %s\n", address, option);
    } else {
        fprintf(stderr, "fluvius up: %s %s: %s\n", option, address, fault);
    }
    return false;
}

/* An address to connect to, for one to listen on: loopback, where that means every address of the machine. */
static void address_reachable(const char *listen, char out[ADDRESS_SIZE])
{
    static const char *const all[][2] = {{"*", "127.0.0.1"}, {"0.0.0.0", "127.0.0.1"}, {"[::]", "[::1]"}};
    const char *scheme_end = strstr(listen, "://");
    const char *host = scheme_end == NULL ? listen : scheme_end + 3;

    snprintf(out, ADDRESS_SIZE, "%s", listen);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t size = strlen(all[i][0]);

        if (strncmp(host, all[i][0], size) == 0 && host[size] == ':') {
            snprintf(out, ADDRESS_SIZE, "%.*s%s%s", (int)(host - listen), listen, all[i][1], host + size);
        }
    }
}

static void list_add(char *list, size_t size, const char *address)
{
    size_t used = strlen(list);

    snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ",", address);
}

/* The same address with a port that is free. */
static void address_sibling(const char *address, char out[ADDRESS_SIZE])
{
    const char *colon = strrchr(address, ':');

    snprintf(out, ADDRESS_SIZE, "%.*s:0", colon == NULL ? 0 : (int)(colon - address), address);
}

/* A broker's URL for clients and shards, and the one for events, each added to its list. */
static bool broker_addresses(const struct up_settings *settings, struct ports *ports, int broker, struct platform *out)
{
    char bus[ADDRESS_SIZE], events[ADDRESS_SIZE], reachable[ADDRESS_SIZE];

    snprintf(bus, sizeof bus, "%s", settings->bus);
    snprintf(events, sizeof events, "%s", settings->events);
    if (broker > 0) {
        address_sibling(settings->bus, bus);
        address_sibling(settings->events, events);
    }
    if (!address_take(ports, "--bus", bus, out->listen_bus[broker]) ||
        !address_take(ports, "--events", events, out->listen_events[broker])) {
        return false;
    }
    address_reachable(out->listen_bus[broker], reachable);
    list_add(out->bus, sizeof out->bus, reachable);
    address_reachable(out->listen_events[broker], reachable);
    list_add(out->events, sizeof out->events, reachable);
    return true;
}

bool plan_addresses(const struct up_settings *settings, struct ports *ports, struct platform *out)
{
    char http[ADDRESS_SIZE];

    if (strstr(settings->http, "://") != NULL) {
        return plan_refuse(settings->http, "--http takes ADDR:PORT, not a URL");
    }
    for (int broker = 0; broker < settings->brokers; broker++) {
        if (!broker_addresses(settings, ports, broker, out)) {
            return false;
        }
    }
    if (!address_take(ports, "--http", settings->http, out->listen_http)) {
        return false;
    }
    address_reachable(out->listen_http, http);
    snprintf(out->http, sizeof out->http, "http://%.*s", (int)sizeof out->http - 8, http);
    return true;
}
