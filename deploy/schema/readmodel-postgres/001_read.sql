-- Format 1 of the read models on PostgreSQL: everything in the schema fluvius_read of one database. Made and changed by
-- projectors (and by `fluvius migrate`) alone; anybody may read it. All of it can be made again from the log.
-- services/readmodel/model.h says what the tables m<build>_<number> have.
--
-- How far each projection is:
--     SELECT b.projection, b.state, c.partition, c.seq, c.halted
--       FROM fluvius_read.build b JOIN fluvius_read.checkpoint c ON c.build = b.id ORDER BY 1, 3;
-- Who projects what:
--     SELECT slot, epoch, holder, to_timestamp(until_us / 1e6) FROM fluvius_read.slot ORDER BY slot;

CREATE SCHEMA IF NOT EXISTS fluvius_read;

CREATE TABLE fluvius_read.migration (
    number bigint PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- incarnation of the log that the live builds were made from; change: counts the changes of build.
CREATE TABLE fluvius_read.meta (
    key text PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO fluvius_read.meta (key, value) VALUES ('change', 0);

CREATE TABLE fluvius_read.build (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projection text NOT NULL,     -- a namespace, or NAMESPACE.NAME
    fingerprint bigint NOT NULL,  -- of what it is made by
    incarnation bigint NOT NULL,  -- of the log that it is made from
    state bigint NOT NULL,        -- 0 building, 1 live, 2 retired
    models bytea NOT NULL,        -- msgpack: what its tables look like
    created_us bigint NOT NULL,
    changed_us bigint NOT NULL    -- when it came into its state
);

-- Committed with the rows that it covers.
CREATE TABLE fluvius_read.checkpoint (
    build bigint NOT NULL,
    partition bigint NOT NULL,
    seq bigint NOT NULL,          -- every record up to it is in the rows
    time_us bigint NOT NULL,      -- of that record
    halted bigint NOT NULL,       -- the record that cannot be projected; 0: none
    fault text NOT NULL,          -- why
    PRIMARY KEY (build, partition)
) WITH (fillfactor = 50);

-- The projectors that are there; each of their beats sets until_us anew, by this server's clock.
CREATE TABLE fluvius_read.projector (
    boot bigint PRIMARY KEY,      -- random: tells a process from others of its name
    holder text NOT NULL,
    until_us bigint NOT NULL
) WITH (fillfactor = 50);

-- Partition p belongs to slot p mod 16. Taking a slot raises its epoch; every transaction that writes rows calls fence.
CREATE TABLE fluvius_read.slot (
    slot bigint PRIMARY KEY,
    epoch bigint NOT NULL,
    boot bigint,                  -- its projector; NULL: nobody
    holder text NOT NULL,         -- the same, for people
    until_us bigint NOT NULL,
    pid integer,                  -- the backend over which it writes, and when that began
    started timestamptz
) WITH (fillfactor = 50);
INSERT INTO fluvius_read.slot (slot, epoch, holder, until_us) SELECT s, 0, '', 0 FROM generate_series(0, 15) s;

-- Projections that are to be built anew, as `fluvius rebuild` asks.
CREATE TABLE fluvius_read.request (
    projection text PRIMARY KEY
);

CREATE FUNCTION fluvius_read.now_us() RETURNS bigint LANGUAGE sql AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

-- Holds slots for their projector until the transaction ends, or ends the transaction. of_slots: bit s is slot s.
CREATE FUNCTION fluvius_read.fence(of_slots bigint, at_epochs bigint[], by_boot bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
    wanted bigint;
BEGIN
    SELECT count(*) INTO wanted FROM generate_series(0, 15) n WHERE of_slots >> n & 1 = 1;
    SELECT count(*) INTO held FROM
        (SELECT 1 FROM fluvius_read.slot s
          WHERE of_slots >> s.slot::integer & 1 = 1 AND s.epoch = at_epochs[s.slot + 1] AND s.boot = by_boot
          ORDER BY s.slot FOR SHARE) h;
    IF held <> wanted THEN
        RAISE EXCEPTION '% of % slots are another projector''s', wanted - held, wanted USING ERRCODE = 'FL001';
    END IF;
END
$$;

-- Ends the transaction unless so many checkpoints were moved: another projector has been there.
CREATE FUNCTION fluvius_read.moved(rows bigint, wanted bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF rows <> wanted THEN
        RAISE EXCEPTION '% of % checkpoints were not where this projector left them', wanted - rows, wanted
            USING ERRCODE = 'FL001';
    END IF;
END
$$;

-- Says that a projector is there, renews its slots, gives back what is more than its share and takes what it lacks, of
-- those that are nobody's or whose lease has run out. What the projector before still does over the backend that it
-- recorded is ended first: rows that it holds would block ours, and it may have been stopped for long. Gives the slots
-- that it has after that.
CREATE FUNCTION fluvius_read.beat(by_boot bigint, by_holder text, lease_us bigint, is_leaving boolean)
RETURNS TABLE (slot bigint, epoch bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    sample bigint;
    others bigint;
    share bigint;
    mine bigint;
    began timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(7307498463);
    sample := fluvius_read.now_us();
    SELECT a.backend_start INTO began FROM pg_stat_activity a WHERE a.pid = pg_backend_pid();
    DELETE FROM fluvius_read.projector p WHERE p.until_us < sample - 60000000 AND p.boot <> by_boot;
    IF is_leaving THEN
        DELETE FROM fluvius_read.projector p WHERE p.boot = by_boot;
        UPDATE fluvius_read.slot s SET boot = NULL, holder = '', until_us = 0, pid = NULL WHERE s.boot = by_boot;
        RETURN;
    END IF;
    INSERT INTO fluvius_read.projector AS p (boot, holder, until_us) VALUES (by_boot, by_holder, sample + lease_us)
        ON CONFLICT (boot) DO UPDATE SET until_us = excluded.until_us;
    SELECT count(*) INTO others FROM fluvius_read.projector p WHERE p.until_us > sample AND p.boot <> by_boot;
    share := ceil(16.0 / (others + 1));
    UPDATE fluvius_read.slot s SET until_us = sample + lease_us, pid = pg_backend_pid(), started = began
     WHERE s.boot = by_boot;
    GET DIAGNOSTICS mine = ROW_COUNT;
    IF mine > share THEN
        UPDATE fluvius_read.slot s SET boot = NULL, holder = '', until_us = 0, pid = NULL
         WHERE s.slot IN (SELECT g.slot FROM fluvius_read.slot g WHERE g.boot = by_boot
                           ORDER BY g.slot LIMIT mine - share);
    ELSIF mine < share THEN
        PERFORM set_config('client_min_messages', 'error', true);
        PERFORM pg_terminate_backend(a.pid, 5000)
           FROM fluvius_read.slot s JOIN pg_stat_activity a ON a.pid = s.pid AND a.backend_start = s.started
          WHERE s.boot IS DISTINCT FROM by_boot AND s.until_us <= sample AND a.pid <> pg_backend_pid();
        UPDATE fluvius_read.slot s
           SET epoch = s.epoch + 1, boot = by_boot, holder = by_holder, until_us = sample + lease_us,
               pid = pg_backend_pid(), started = began
         WHERE s.slot IN (SELECT g.slot FROM fluvius_read.slot g
                           WHERE g.boot IS DISTINCT FROM by_boot AND g.until_us <= sample
                           ORDER BY g.slot LIMIT share - mine);
    END IF;
    RETURN QUERY SELECT s.slot, s.epoch FROM fluvius_read.slot s WHERE s.boot = by_boot ORDER BY s.slot;
END
$$;
