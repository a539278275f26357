/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the HTTP library makes of an empty answer, as a process of its own. */
#include "services/cli/bench_http_load.h"

#include <microhttpd.h>
#include <unistd.h>

static enum MHD_Result answer_empty(void *context,
                                    struct MHD_Connection *connection,
                                    const char *url,
                                    const char *method,
                                    const char *version,
                                    const char *upload,
                                    size_t *upload_size,
                                    void **state)
{
    (void)url, (void)method, (void)version, (void)upload;
    static int seen;
    if (*state == NULL) {
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

/* Serves until it is killed; tells its port through the pipe. */
static void serve_empty(int out)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer_empty, response, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = daemon == NULL ? NULL : MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    uint16_t port = info == NULL ? 0 : info->port;
    if (write(out, &port, sizeof port) != sizeof port || port == 0)
        _exit(1);
    for (;;)
        pause();
}

pid_t bench_empty_start(uint16_t *port)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        serve_empty(ends[1]);
    close(ends[1]);
    if (read(ends[0], port, sizeof *port) != sizeof *port)
        *port = 0;
    close(ends[0]);
    return pid;
}
