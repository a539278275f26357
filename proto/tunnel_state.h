/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the tunnel share. Everything belongs to the tunnel's thread, but for what stands below `lock`.
 *
 *   server: SHAKING -> JOINING (to nng) -> OPEN -> ENDING     the peer is led to nng once we know it
 *   client: WAITING -> REACHING (the server) -> SHAKING -> OPEN -> ENDING
 *
 * ENDING reads and drops for a moment what the peer still sends: closing at once would reset the connection, and the
 * peer would lose what it was told last, such as why it was refused. Any state may end at once: passage_close. */
#ifndef PROTO_TUNNEL_STATE_H
#define PROTO_TUNNEL_STATE_H

#include "proto/tls_session.h"
#include "proto/tunnel.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>

enum {
    REACH_MS = 4000,  /* for one address of the server */
    SHAKE_MS = 10000, /* from there until the connection is open */
    END_MS = 1000,
    FLOW_BYTES = 2 * TLS_RECORD_BYTES,
};

enum passage_state {
    PASSAGE_WAITING = 1,
    PASSAGE_REACHING,
    PASSAGE_SHAKING,
    PASSAGE_JOINING,
    PASSAGE_OPEN,
    PASSAGE_ENDING,
    PASSAGE_CLOSED, /* freed when this round of events is over */
};

/* Bytes on their way in one direction: bytes[begin..end). */
struct flow {
    uint8_t *bytes;
    size_t begin, end;
    bool ended; /* the source gives no more */
};

struct side {
    struct passage *passage;
    int socket;      /* -1: none */
    uint32_t events; /* that epoll watches; 0: not registered */
};

/* A connection of a peer and the one to nng that belongs to it. */
struct passage {
    struct tunnel *tunnel;
    struct passage *next; /* of those that are closed */
    enum passage_state state;
    int64_t until_ms; /* monotonic; it ends then; 0: never */
    struct side outer, inner;
    struct tls_session *session;
    enum tls_progress reading, writing; /* what the session said last */
    struct flow in, out;                /* to nng, to the peer */
    bool heard;                         /* the peer has sent something */
    struct addrinfo *found, *untried;   /* of the server */

    /* written and read by others under the tunnel's lock */
    struct sockaddr_storage peer;
    uint16_t inner_port; /* ours, towards nng; 0: not yet */
    bool checked;
};

struct tunnel {
    bool server;
    struct tls *tls;
    int epoll, wake, listener;
    bool listening;          /* epoll watches the listener */
    int64_t listen_at_ms;    /* when it does again */
    char host[256], port[8]; /* of the URL */
    char url[TUNNEL_URL_SIZE], outer_url[TUNNEL_URL_SIZE];
    uint16_t inner_port; /* where nng listens */
    uint32_t max, max_per_address;
    struct passage *closed;
    uint32_t timed; /* connections with until_ms */
    int64_t swept_ms;
    tunnel_refused refused;
    void *context;
    int64_t told_ms; /* when the present second of telling began */
    uint32_t told;
    uint64_t unsaid;
    int64_t pause_ms, reach_at_ms; /* a client's, after failures */
    pthread_t thread;
    bool runs;
    _Atomic bool shut;         /* a hint: one connection more does no harm */
    _Atomic bool stopping;     /* only ends the loop, which `wake` makes look */
    _Atomic uint64_t refusals; /* only counted */

    pthread_mutex_t lock;
    uint32_t count;
    struct passage **items;     /* of max; changed by the tunnel's thread alone, so it reads them without the lock */
    char fault[TLS_FAULT_SIZE]; /* a client's last; a server's thread keeps there what it told last */
};

/* tunnel.c */
int64_t tunnel_now_ms(void);
enum error tunnel_start(struct tunnel *tunnel);
/* Zeroed but for what config says; error_no_memory. */
enum error tunnel_new(struct tunnel **out, struct tls *tls, uint32_t max);
void side_watch(struct tunnel *tunnel, struct side *side, uint32_t events);

/* tunnel_address.c */
/* HOST and PORT of a URL that begins with scheme ("tcp://"); false when it is none. */
bool address_split(const char *url, const char *scheme, char host[256], char port[8]);
void address_print(const struct sockaddr_storage *address, char out[64]);
uint16_t address_port(const struct sockaddr_storage *address);
/* A listening socket; *url gets the URL with its port. */
enum error address_listen(const char *host, const char *port, int *out, uint16_t *out_port);
void socket_prepare(int socket);

/* tunnel_accept.c */
void tunnel_accept(struct tunnel *tunnel);

/* tunnel_passage.c */
struct passage *passage_new(struct tunnel *tunnel, const struct sockaddr_storage *peer);
/* Looks for the server, now or when it is time after a failure. */
void passage_wait(struct passage *passage);
void passage_shake(struct passage *passage);
void passage_event(struct side *side);
/* When its time has passed. */
void passage_late(struct passage *passage);
void passage_close(struct passage *passage);
/* Tells why and ends it. */
void passage_refuse(struct passage *passage, const char *why);
void passage_end(struct passage *passage);
void passage_until(struct passage *passage, int64_t until_ms);

/* tunnel_flow.c */
bool flows_open(struct passage *passage);
void flows_free(struct passage *passage);
void flows_move(struct passage *passage);

#endif
