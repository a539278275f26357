-- Format 1 of a log on PostgreSQL: everything in the schema fluvius of one database, or of several that share the units
-- of one log. Made and changed by the store alone; anybody may read it. The log's columns are those of the SQLite
-- schema, and a row has the same checksum in both.
--
-- Look at the last records of a partition:
--     SELECT position >> 40 AS partition, position & (1::bigint << 40) - 1 AS seq, * FROM fluvius.log
--      WHERE position BETWEEN 3::bigint << 40 AND (4::bigint << 40) - 1 ORDER BY position DESC LIMIT 10;
-- Who is there, and who owns what:
--     SELECT name, expires_at > clock_timestamp() AS alive, load, leaving FROM fluvius.member ORDER BY name;
--     SELECT number, epoch, holder FROM fluvius.unit ORDER BY number;

CREATE SCHEMA IF NOT EXISTS fluvius;

-- Which of these files this database has seen.
CREATE TABLE fluvius.migration (
    number bigint PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row: what is fixed for ever, and which of the log's servers this is.
CREATE TABLE fluvius.meta (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    incarnation bigint NOT NULL, -- names this log; one that was restored from a backup gets another
    partitions bigint NOT NULL,
    units bigint NOT NULL,
    server bigint NOT NULL,      -- from 0: unit u is on server u mod servers
    servers bigint NOT NULL
);

-- The processes that share the log. A process is alive until expires_at; each of its beats sets that anew.
CREATE TABLE fluvius.member (
    boot bigint PRIMARY KEY,     -- random: tells a process from others of its name
    name text NOT NULL,
    load bigint NOT NULL,        -- commands a second, as it says of itself
    loads bigint[] NOT NULL,     -- the same by unit
    leaving boolean NOT NULL,    -- gives its units up and takes none
    lease_ms bigint NOT NULL,
    beat_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Who may write in which unit. A claim raises the epoch; every transaction of an owner calls fence, which holds the row
-- until its commit and fails when the epoch is no longer the owner's.
CREATE TABLE fluvius.unit (
    number bigint PRIMARY KEY,
    epoch bigint NOT NULL,
    boot bigint,                 -- the owner; NULL: nobody
    holder text NOT NULL,        -- the owner, for people
    pid integer,                 -- the backend over which the owner writes, and when that began
    started timestamptz
) WITH (fillfactor = 50);

-- The log. It is only ever appended to. The tables below, except module, can all be derived from it.
CREATE TABLE fluvius.log (
    position bigint PRIMARY KEY, -- partition << 40 | seq; seq is dense from 1
    time_us bigint NOT NULL,     -- since 1970 UTC
    epoch bigint NOT NULL,       -- of the owner that wrote it
    version bigint NOT NULL,     -- of the aggregate after this record
    previous bigint NOT NULL,    -- seq of the stream's event before; 0: none
    checksum bigint NOT NULL,    -- XXH3-64 of the row; services/store/checksum.h says of which bytes
    schema bigint NOT NULL,      -- of the event's data
    status smallint,             -- receipt, on the last record of its command: how it ended
    command_id uuid NOT NULL,
    hash bytea,                  -- receipt: of the command's payload, 16 bytes
    realm text NOT NULL,
    namespace text NOT NULL,
    resource text NOT NULL,
    identifier text NOT NULL,
    event text,                  -- NULL: a command that was answered without an event
    command text NOT NULL,
    "user" text NOT NULL,
    traceparent text,
    data bytea NOT NULL          -- msgpack: the event's data, or the answer's body
);

-- Where each stream's last event is; hash and key are XXH3-64 and the stream's four parts, each with a 16-bit big-endian
-- length before. True for records up to what covered says; later ones are found by scanning the log from there.
CREATE TABLE fluvius.stream (
    hash bigint NOT NULL,
    key bytea NOT NULL,
    partition bigint NOT NULL,
    head bigint NOT NULL,        -- seq
    version bigint NOT NULL,
    PRIMARY KEY (hash, key)
) WITH (fillfactor = 80);

CREATE TABLE fluvius.covered (
    partition bigint PRIMARY KEY,
    streams bigint NOT NULL,     -- the stream table holds every event up to this seq
    receipts bigint NOT NULL     -- the receipt tables hold every receipt up to this seq
) WITH (fillfactor = 50);

-- The newest snapshot of a stream. One whose checksum fails is ignored.
CREATE TABLE fluvius.snapshot (
    hash bigint NOT NULL,
    key bytea NOT NULL,
    version bigint NOT NULL,
    seq bigint NOT NULL,
    time_us bigint NOT NULL,
    fingerprint bigint NOT NULL, -- of the module that made it
    checksum bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (hash, key)
) WITH (fillfactor = 80);

-- Receipts whose command id is of version 7 and not much older than those before: a unit's run is written at a time,
-- sorted by id and cut into pages. An entry is id (16 bytes), stream hash (8), position (8), big-endian; the XXH3-64 of
-- its entries ends a page. max_ms never decreases from run to run and min_ms is at most 15 minutes below the max_ms of
-- the run before, so few runs can hold an id.
CREATE TABLE fluvius.receipt_run (
    unit bigint NOT NULL,
    run bigint NOT NULL,
    min_ms bigint NOT NULL,      -- of the ids' times
    max_ms bigint NOT NULL,      -- of the ids' times in this run and all before
    count bigint NOT NULL,
    pages bigint NOT NULL,
    PRIMARY KEY (unit, run)
);
CREATE INDEX receipt_run_max ON fluvius.receipt_run (unit, max_ms);

CREATE TABLE fluvius.receipt_page (
    unit bigint NOT NULL,
    page bigint NOT NULL,        -- run << 20 | number from 0
    first bytea NOT NULL,        -- id and stream hash of the page's first entry
    entries bytea NOT NULL,
    PRIMARY KEY (unit, page)
);
ALTER TABLE fluvius.receipt_page ALTER COLUMN entries SET STORAGE EXTERNAL;

-- All other receipts. Times say nothing of these ids, so they are kept by the day of their record.
CREATE TABLE fluvius.receipt_other (
    unit bigint NOT NULL,
    day bigint NOT NULL,         -- since 1970 UTC
    id uuid NOT NULL,
    stream_hash bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (unit, day, id, stream_hash)
);

-- What the receipts' index needs to remember, by unit.
CREATE TABLE fluvius.receipt_mark (
    unit bigint PRIMARY KEY,
    late_ms bigint NOT NULL,     -- the newest version 7 id's time in receipt_other
    expired_ms bigint NOT NULL   -- receipts of older ids are gone
);

-- What the domains' modules say of themselves, by the fingerprint of what they say.
CREATE TABLE fluvius.module (
    fingerprint bigint PRIMARY KEY,
    description bytea NOT NULL
);

-- Holds the unit for the owner until the transaction ends, or ends the transaction.
CREATE FUNCTION fluvius.fence(of_unit bigint, at_epoch bigint, by_boot bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    seen fluvius.unit;
BEGIN
    SELECT * INTO seen FROM fluvius.unit u WHERE u.number = of_unit FOR SHARE;
    IF seen.epoch IS DISTINCT FROM at_epoch OR seen.boot IS DISTINCT FROM by_boot THEN
        RAISE EXCEPTION 'unit % is at epoch %, ours was %', of_unit, seen.epoch, at_epoch USING ERRCODE = 'FL001';
    END IF;
END
$$;

-- Makes the caller the owner of a unit and raises its epoch; epoch is NULL, and refused says why, when it cannot be.
-- What the owner before still does over the backend that it recorded is ended first, without holding anything: rows that
-- it has copied would block ours until its transaction ends, and its client may have been stopped for long. The member
-- row is locked before the last look at its lease, so that a beat of that owner comes either before the look or after the
-- claim. One sample of the clock judges both leases: a clock that was set ahead ends the caller's own too.
CREATE FUNCTION fluvius.claim(of_unit bigint, by_boot bigint, by_holder text, OUT new_epoch bigint, OUT refused text)
LANGUAGE plpgsql AS $$
DECLARE
    seen fluvius.unit;
    locked fluvius.unit;
    ours timestamptz;
    theirs timestamptz;
    sample timestamptz;
BEGIN
    SELECT * INTO seen FROM fluvius.unit u WHERE u.number = of_unit;
    IF seen.number IS NULL THEN
        refused := 'it is not on this server';
        RETURN;
    END IF;
    SELECT m.expires_at INTO theirs FROM fluvius.member m WHERE m.boot = seen.boot AND m.boot <> by_boot;
    SELECT m.expires_at INTO ours FROM fluvius.member m WHERE m.boot = by_boot;
    sample := clock_timestamp();
    IF ours IS NULL OR ours <= sample THEN
        refused := 'the lease of the claimer has run out, or it has not sent a beat yet';
        RETURN;
    END IF;
    IF theirs > sample THEN
        refused := 'held by ' || seen.holder;
        RETURN;
    END IF;
    PERFORM set_config('client_min_messages', 'error', true);
    PERFORM pg_terminate_backend(a.pid, 5000) FROM pg_stat_activity a
      WHERE a.pid = seen.pid AND a.backend_start = seen.started AND a.pid <> pg_backend_pid();
    PERFORM set_config('client_min_messages', 'warning', true);
    PERFORM pg_stat_clear_snapshot();
    IF EXISTS (SELECT 1 FROM pg_stat_activity a
                WHERE a.pid = seen.pid AND a.backend_start = seen.started AND a.pid <> pg_backend_pid()) THEN
        refused := 'the backend ' || seen.pid || ' of ' || seen.holder || ' does not end';
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '2000', true);
    SELECT * INTO locked FROM fluvius.unit u WHERE u.number = of_unit FOR UPDATE;
    IF locked.epoch <> seen.epoch THEN
        refused := 'held by ' || locked.holder;
        RETURN;
    END IF;
    SELECT m.expires_at INTO theirs FROM fluvius.member m WHERE m.boot = locked.boot AND m.boot <> by_boot FOR UPDATE;
    SELECT m.expires_at INTO ours FROM fluvius.member m WHERE m.boot = by_boot;
    sample := clock_timestamp();
    IF ours IS NULL OR ours <= sample OR theirs > sample THEN
        refused := 'held by ' || locked.holder || ', or the lease of the claimer has run out';
        RETURN;
    END IF;
    UPDATE fluvius.unit u
       SET epoch = u.epoch + 1, boot = by_boot, holder = by_holder, pid = pg_backend_pid(),
           started = (SELECT a.backend_start FROM pg_stat_activity a WHERE a.pid = pg_backend_pid())
     WHERE u.number = of_unit RETURNING u.epoch INTO new_epoch;
END
$$;

-- Says that a process is alive and gives the pool as it is after that: a row with number NULL for each member whose lease
-- runs, one with its number for each unit of this server, with the owner's boot if that one's lease runs.
--
-- Leases are of this server's clock, which may be set. When nobody has sent a beat for longer than a lease, either all
-- were gone, or this server was, or its clock was set ahead: those who were there last get a lease from now on before
-- anybody can be taken for dead. A lease that ends later than from now on, after the clock was set back, is cut to that.
CREATE FUNCTION fluvius.beat(by_boot bigint, by_name text, of_lease_ms bigint, of_load bigint, is_leaving boolean,
                             of_loads bigint[])
RETURNS TABLE (number bigint, boot bigint, name text, load bigint, leaving boolean, epoch bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    sample timestamptz := clock_timestamp();
    lease interval := of_lease_ms * interval '1 millisecond';
    last timestamptz;
BEGIN
    SELECT max(m.beat_at) INTO last FROM fluvius.member m;
    UPDATE fluvius.member m SET expires_at = sample + m.lease_ms * interval '1 millisecond'
     WHERE m.boot IN (SELECT o.boot FROM fluvius.member o
                       WHERE o.boot <> by_boot
                         AND (o.expires_at > sample + o.lease_ms * interval '1 millisecond'
                              OR (last < sample - lease AND o.beat_at > last - lease
                                  AND o.expires_at < sample + o.lease_ms * interval '1 millisecond'))
                         FOR UPDATE SKIP LOCKED);
    DELETE FROM fluvius.member m
     WHERE m.boot IN (SELECT o.boot FROM fluvius.member o
                       WHERE o.boot <> by_boot AND o.expires_at < sample - interval '10 minutes'
                         AND NOT EXISTS (SELECT 1 FROM fluvius.unit u WHERE u.boot = o.boot)
                         FOR UPDATE SKIP LOCKED);
    INSERT INTO fluvius.member AS m (boot, name, load, loads, leaving, lease_ms, beat_at, expires_at)
    VALUES (by_boot, by_name, of_load, of_loads, is_leaving, of_lease_ms, sample, sample + lease)
    ON CONFLICT (boot) DO UPDATE
       SET name = excluded.name, load = excluded.load, loads = excluded.loads, leaving = excluded.leaving,
           lease_ms = excluded.lease_ms, beat_at = excluded.beat_at, expires_at = excluded.expires_at;
    RETURN QUERY
    SELECT NULL::bigint, m.boot, m.name, m.load, m.leaving, NULL::bigint
      FROM fluvius.member m WHERE m.expires_at > sample
    UNION ALL
    SELECT u.number, m.boot, NULL::text, coalesce(m.loads[u.number + 1], 0), NULL::boolean, u.epoch
      FROM fluvius.unit u LEFT JOIN fluvius.member m ON m.boot = u.boot AND m.expires_at > sample;
END
$$;
