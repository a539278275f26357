/* Copyright 2026 The Fluvius Authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The statements. Every one of them finds its rows by a key; sessions are told not to plan otherwise, because plans are
 * made once, when tables may still be empty. */
#include "services/store/postgres_statements.h"

#define BY_KEY " WHERE hash = $1 AND key = $2"

const char *const statement_sql[PG_STATEMENTS] = {
    [PG_FENCE] = "SELECT fluvius.fence($1, $2, $3)",
    [PG_PARTITIONS] =
        "SELECT c.partition, c.streams, c.receipts, l.* FROM fluvius.covered c LEFT JOIN LATERAL"
        " (SELECT " LOG_COLUMNS " FROM fluvius.log WHERE position > c.partition << 40"
        " AND position < (c.partition + 1) << 40 ORDER BY position DESC LIMIT 1) l ON true WHERE c.partition % $1 = $2",
    [PG_MARKS] = "SELECT coalesce((SELECT run FROM fluvius.receipt_run WHERE unit = $1 ORDER BY run DESC LIMIT 1), 0),"
                 " (SELECT max_ms FROM fluvius.receipt_run WHERE unit = $1 ORDER BY run DESC LIMIT 1),"
                 " late_ms, expired_ms FROM fluvius.receipt_mark WHERE unit = $1",
    [PG_SCAN] = "SELECT " LOG_COLUMNS " FROM fluvius.log WHERE position > $1 AND position <= $2"
                " ORDER BY position LIMIT $3",
    [PG_RUNS] = "SELECT run, max_ms, count FROM fluvius.receipt_run WHERE unit = $1 AND run < $2"
                " ORDER BY run DESC LIMIT $3",
    [PG_PAGES] = "SELECT entries FROM fluvius.receipt_page WHERE unit = $1 AND page BETWEEN $2 AND $3 ORDER BY page",
    [PG_RECORDS] = "SELECT " LOG_COLUMNS " FROM fluvius.log WHERE position = ANY($1) ORDER BY position",
    [PG_STREAM] = "INSERT INTO fluvius.stream (hash, key, partition, head, version) VALUES ($1, $2, $3, $4, $5)"
                  " ON CONFLICT (hash, key) DO UPDATE SET head = excluded.head, version = excluded.version",
    [PG_COVER_STREAMS] = "UPDATE fluvius.covered SET streams = $2 WHERE partition = $1",
    [PG_COVER_RECEIPTS] = "UPDATE fluvius.covered SET receipts = $2 WHERE partition = $1",
    [PG_SNAPSHOT] = "INSERT INTO fluvius.snapshot AS s (hash, key, version, seq, time_us, fingerprint, checksum, state)"
                    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash, key) DO UPDATE SET"
                    " version = excluded.version, seq = excluded.seq, time_us = excluded.time_us,"
                    " fingerprint = excluded.fingerprint, checksum = excluded.checksum, state = excluded.state"
                    " WHERE excluded.version >= s.version",
    [PG_RUN] = "INSERT INTO fluvius.receipt_run (unit, run, min_ms, max_ms, count, pages)"
               " VALUES ($1, $2, $3, $4, $5, $6)",
    [PG_PAGE] = "INSERT INTO fluvius.receipt_page (unit, page, first, entries) VALUES ($1, $2, $3, $4)",
    [PG_OTHER] = "INSERT INTO fluvius.receipt_other (unit, day, id, stream_hash, position) VALUES ($1, $2, $3, $4, $5)"
                 " ON CONFLICT DO NOTHING",
    [PG_MARK_LATE] = "UPDATE fluvius.receipt_mark SET late_ms = $2 WHERE unit = $1",
    [PG_MARK_EXPIRED] = "UPDATE fluvius.receipt_mark SET expired_ms = $2 WHERE unit = $1",
    [PG_MODULE] = "INSERT INTO fluvius.module (fingerprint, description) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    [PG_KIND] = "INSERT INTO fluvius.kind (unit, namespace, resource, event, schema) VALUES ($1, $2, $3, $4, $5)"
                " ON CONFLICT DO NOTHING",
    [PG_KINDS] = "SELECT namespace, resource, event, schema FROM fluvius.kind WHERE unit = $1",
    [PG_ALL_KINDS] = "SELECT namespace, resource, event, schema, unit FROM fluvius.kind ORDER BY unit",
    [PG_OLDEST_RUN] = "SELECT run, max_ms FROM fluvius.receipt_run WHERE unit = $1 ORDER BY run LIMIT 1",
    [PG_DELETE_PAGES] = "DELETE FROM fluvius.receipt_page WHERE unit = $1 AND page BETWEEN $2 AND $3",
    [PG_DELETE_RUN] = "DELETE FROM fluvius.receipt_run WHERE unit = $1 AND run = $2",
    [PG_OLDEST_DAY] = "SELECT day FROM fluvius.receipt_other WHERE unit = $1 ORDER BY day LIMIT 1",
    [PG_DELETE_DAY] = "DELETE FROM fluvius.receipt_other o USING (SELECT unit, day, id, stream_hash"
                      " FROM fluvius.receipt_other WHERE unit = $1 AND day = $2 LIMIT 1024) d"
                      " WHERE o.unit = d.unit AND o.day = d.day AND o.id = d.id AND o.stream_hash = d.stream_hash",
    /* One row: what the stream table says, what the snapshot table says; either may be NULL. */
    [PG_LOOK] = "SELECT s.head, s.version, p.version, p.seq, p.time_us, p.fingerprint, p.checksum, p.state"
                " FROM (SELECT) one LEFT JOIN (SELECT head, version FROM fluvius.stream" BY_KEY
                " AND $3::bigint <> 0) s ON true"
                " LEFT JOIN (SELECT version, seq, time_us, fingerprint, checksum, state FROM fluvius.snapshot" BY_KEY
                " AND $4::bigint <> 0) p ON true",
    [PG_COVERED] = "SELECT streams FROM fluvius.covered WHERE partition = $1",
    [PG_HEADS] = "SELECT c.partition, l.position, l.time_us FROM fluvius.covered c CROSS JOIN LATERAL"
                 " (SELECT position, time_us FROM fluvius.log WHERE position > c.partition << 40"
                 " AND position < (c.partition + 1) << 40 ORDER BY position DESC LIMIT 1) l",
    [PG_WALK] =
        "WITH RECURSIVE walk AS (SELECT position, version, previous, 1::bigint AS number FROM fluvius.log"
        " WHERE position = $1 UNION ALL SELECT l.position, l.version, l.previous, w.number + 1 FROM walk w"
        " JOIN fluvius.log l ON l.position = ((w.position >> 40) << 40 | w.previous)"
        " WHERE w.previous <> 0 AND w.number < $2) SELECT position, version, previous FROM walk ORDER BY number",
    /* The pages that can hold an id of a time, and the position if it is among the others. Runs are looked at in the
     * order of max_ms up to the first that is so far ahead that no later one reaches back; a run's page is the last
     * that does not begin after the key. */
    [PG_FIND_RECEIPT] =
        "SELECT p.entries, NULL::bigint FROM fluvius.receipt_run r, LATERAL (SELECT entries FROM fluvius.receipt_page"
        " WHERE unit = r.unit AND page >= r.run << 20 AND page < r.run << 20 | r.pages AND first <= $4"
        " ORDER BY page DESC LIMIT 1) p WHERE r.unit = $1 AND r.max_ms >= $5 AND r.min_ms <= $5 AND r.max_ms <="
        " coalesce((SELECT max_ms FROM fluvius.receipt_run WHERE unit = $1 AND max_ms > $6 ORDER BY max_ms LIMIT 1),"
        " 9223372036854775807) UNION ALL"
        " SELECT NULL, o.position FROM generate_series("
        "(SELECT day FROM fluvius.receipt_other WHERE unit = $1 ORDER BY day LIMIT 1),"
        "(SELECT day FROM fluvius.receipt_other WHERE unit = $1 ORDER BY day DESC LIMIT 1)) d, LATERAL"
        " (SELECT position FROM fluvius.receipt_other WHERE unit = $1 AND day = d AND id = $2 AND stream_hash = $3"
        " LIMIT 1) o",
    [PG_CLAIM] = "SELECT new_epoch, refused FROM fluvius.claim($1, $2, $3)",
    [PG_RELEASE] = "UPDATE fluvius.unit SET boot = NULL, holder = '', pid = NULL, started = NULL"
                   " WHERE number = $1 AND epoch = $2 AND boot = $3",
    [PG_BEAT] = "SELECT number, boot, name, load, leaving, epoch, unreadable, kinds, " PG_SERVER_SETTINGS
                " FROM fluvius.beat($1, $2, $3, $4, $5::bigint <> 0, $6, $7)",
    [PG_LEAVE] = "DELETE FROM fluvius.member m WHERE boot = $1"
                 " AND NOT EXISTS (SELECT 1 FROM fluvius.unit u WHERE u.boot = m.boot)",
};
