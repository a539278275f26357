/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The edge to libmicrohttpd: see server.h. */
#include "services/gateway/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "services/gateway/transfer.h"

#define CONNECTION_MEMORY 32768 /* request line, header fields and what the library notes about them */
#define LIBRARY_STRICT_FROM 0x01000000

/* ---- callbacks of the library ---- */

static void on_connection(void *context,
                          struct MHD_Connection *connection,
                          void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct gateway *gateway = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        peer_remove(&gateway->peers, (struct peer **)socket_context);
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = info == NULL ? NULL : peer_add(&gateway->peers, info->connect_fd, clock_monotonic_us());
}

/* The request line is there. The target is kept as it came: the library would decode it before it is split. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct gateway *gateway = context;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = info == NULL || info->socket_context == NULL ? NULL : exchange_new(&gateway->exchanges);
    if (exchange == NULL)
        return NULL;
    exchange->gateway = gateway;
    exchange->connection = connection;
    exchange->peer = info->socket_context;
    exchange->origin = (uintptr_t)target;
    exchange->call.target_size = strlen(target);
    if (exchange->call.target_size <= URL_MAX)
        memcpy(exchange->call.target, target, exchange->call.target_size);
    peer_enter(exchange->peer, PHASE_HEADER, clock_monotonic_us());
    return exchange;
}

static size_t on_unescape(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

static enum MHD_Result on_field(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    head_add(context, slice_of(name, name_size), slice_of(value == NULL ? "" : value, value_size));
    return MHD_YES;
}

/* Library versions before 1.0 cut the target at a NUL byte, which would name another aggregate than the client did. The
 * version stands right behind the target in the same request line, so a gap between them shows it. */
static bool target_cut(const struct exchange *exchange, const char *version)
{
    uintptr_t gap = (uintptr_t)version - exchange->origin;
    return MHD_VERSION < LIBRARY_STRICT_FROM && gap < CONNECTION_MEMORY && gap != exchange->call.target_size + 1;
}

static void exchange_read_head(struct exchange *exchange, const char *method, const char *version)
{
    struct call *call = &exchange->call;
    call->method = method_find(method);
    call->http_1_1 = strcmp(version, "HTTP/1.1") == 0;
    call->target_broken = target_cut(exchange, version);
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, on_field, &call->head);
}

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *path,
                                  const char *method,
                                  const char *version,
                                  const char *data,
                                  size_t *data_size,
                                  void **request_context)
{
    (void)connection, (void)path;
    struct exchange *exchange = *request_context;
    if (exchange == NULL)
        return MHD_NO;
    size_t size = *data_size;
    *data_size = 0;
    if (exchange->state == EXCHANGE_NEW) {
        exchange_read_head(exchange, method, version);
        return transfer_begin(context, exchange) ? MHD_YES : MHD_NO;
    }
    if (size > 0)
        return transfer_body(context, exchange, slice_of(data, size)) ? MHD_YES : MHD_NO;
    return transfer_end(context, exchange) ? MHD_YES : MHD_NO;
}

static void on_completed(void *context,
                         struct MHD_Connection *connection,
                         void **request_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct gateway *gateway = context;
    struct exchange *exchange = *request_context;
    *request_context = NULL;
    if (exchange == NULL)
        return;
    assert(exchange->state != EXCHANGE_WAITING);
    gateway->body_bytes -= exchange->body.size;
    buffer_clear(&exchange->body);
    peer_enter(exchange->peer, PHASE_IDLE, clock_monotonic_us());
    exchange_release(&gateway->exchanges, exchange);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *context, const char *format, va_list arguments)
{
    (void)context;
    char text[256];
    vsnprintf(text, sizeof text, format, arguments);
    LOG(debug, "libmicrohttpd says", LOG_TEXT("text", text));
}

/* ---- the daemon ---- */

/* Each connection takes a descriptor. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static unsigned connection_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit_connections + 128) {
        LOG(warning, "few descriptors", LOG_INTEGER("descriptors", limit.rlim_cur));
        return limit.rlim_cur > 256 ? (unsigned)limit.rlim_cur - 128 : 128;
    }
    return limit_connections;
}

enum error server_open(struct gateway *gateway)
{
    raise_descriptors();
    unsigned connections = connection_limit();
    unsigned per_address = connections < limit_connections_per_address ? connections : limit_connections_per_address;
    gateway->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
                                       0,
                                       NULL,
                                       NULL,
                                       on_request,
                                       gateway,
                                       MHD_OPTION_EXTERNAL_LOGGER,
                                       on_log,
                                       NULL,
                                       MHD_OPTION_LISTEN_SOCKET,
                                       gateway->listener.socket,
                                       MHD_OPTION_URI_LOG_CALLBACK,
                                       on_target,
                                       gateway,
                                       MHD_OPTION_UNESCAPE_CALLBACK,
                                       on_unescape,
                                       NULL,
                                       MHD_OPTION_NOTIFY_CONNECTION,
                                       on_connection,
                                       gateway,
                                       MHD_OPTION_NOTIFY_COMPLETED,
                                       on_completed,
                                       gateway,
                                       MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                       (size_t)CONNECTION_MEMORY,
                                       MHD_OPTION_CONNECTION_LIMIT,
                                       connections,
                                       MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                       per_address,
                                       MHD_OPTION_CONNECTION_TIMEOUT,
                                       limit_idle_ms / 1000,
                                       MHD_OPTION_END);
    return gateway->daemon == NULL ? error_io : error_none;
}

int server_descriptor(const struct gateway *gateway)
{
    return MHD_get_daemon_info(gateway->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int server_timeout_ms(const struct gateway *gateway, int limit_ms)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    if (MHD_get_timeout(gateway->daemon, &timeout) != MHD_YES || timeout > (MHD_UNSIGNED_LONG_LONG)limit_ms)
        return limit_ms;
    return (int)timeout;
}

void server_run(struct gateway *gateway)
{
    MHD_run(gateway->daemon);
}

void server_resume(struct gateway *gateway, struct exchange *exchange)
{
    (void)gateway;
    exchange->state = exchange->again ? EXCHANGE_BODY : EXCHANGE_ANSWERED;
    exchange->again = false;
    MHD_resume_connection(exchange->connection);
}

void server_quiesce(struct gateway *gateway)
{
    MHD_quiesce_daemon(gateway->daemon);
    close(gateway->listener.socket);
    gateway->listener.socket = -1;
}

void server_close(struct gateway *gateway)
{
    if (gateway->daemon != NULL)
        MHD_stop_daemon(gateway->daemon);
    gateway->daemon = NULL;
}
