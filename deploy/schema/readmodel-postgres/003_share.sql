-- Format 3: slots are of builds, so that each projector gets those of what its modules can project; a lease is a
-- projector's, not a slot's; and the modules of a namespace have an order.
--
-- Who projects what:
--     SELECT s.build, s.slot, p.holder, to_timestamp(p.until_us / 1e6)
--       FROM fluvius_read.slot s LEFT JOIN fluvius_read.projector p ON p.boot = s.boot ORDER BY 1, 2;
-- Which modules there were, the newest last:
--     SELECT namespace, number, to_hex(fingerprint) FROM fluvius_read.module ORDER BY 1, 2;

DROP FUNCTION IF EXISTS fluvius_read.beat(bigint, text, bigint, boolean);
DROP FUNCTION IF EXISTS fluvius_read.fence(bigint, bigint[], bigint);
DROP TABLE IF EXISTS fluvius_read.slot;
DROP TABLE IF EXISTS fluvius_read.projector;

CREATE SEQUENCE fluvius_read.epoch;

-- The projectors that are there; each of their beats sets until_us anew, by this server's clock. Whoever takes from one
-- removes its row first. A projector that comes over another session gets another epoch. Every transaction that writes
-- rows calls fence, which holds the row.
CREATE TABLE fluvius_read.projector (
    boot bigint PRIMARY KEY,      -- random: tells a process from others of its name
    epoch bigint NOT NULL,
    holder text NOT NULL,
    until_us bigint NOT NULL,
    pid integer NOT NULL,         -- the backend over which it writes, and when that began
    started timestamptz NOT NULL,
    builds bigint[] NOT NULL,     -- those that its modules can project
    modules bigint[] NOT NULL     -- fingerprints of its modules
) WITH (fillfactor = 50);

-- Partition p of a build belongs to its slot p mod 16.
CREATE TABLE fluvius_read.slot (
    build bigint NOT NULL,
    slot bigint NOT NULL,
    boot bigint,                  -- its projector; NULL: nobody
    PRIMARY KEY (build, slot)
) WITH (fillfactor = 50);
INSERT INTO fluvius_read.slot (build, slot) SELECT b.id, s FROM fluvius_read.build b, generate_series(0, 15) s;

-- A module is known by the descriptions of all it has. Only the one of the highest number in its namespace makes builds.
CREATE TABLE fluvius_read.module (
    namespace text NOT NULL,
    fingerprint bigint NOT NULL,
    number bigint NOT NULL,       -- in the order in which they came; 0: only beside a later one
    PRIMARY KEY (namespace, fingerprint)
);

-- Says that a module is there, in a projector that has none later of its namespace (is_current), or has. A new one
-- overtakes those before it. One that was overtaken overtakes in turn if it is to (is_asked) and no projector has the
-- newest.
CREATE FUNCTION fluvius_read.enter(of_namespace text, of_fingerprint bigint, is_current boolean, is_asked boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    newest fluvius_read.module;
    there boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(7307498463);
    SELECT * INTO newest FROM fluvius_read.module m WHERE m.namespace = of_namespace ORDER BY m.number DESC LIMIT 1;
    there := EXISTS (SELECT 1 FROM fluvius_read.projector p WHERE p.until_us > fluvius_read.now_us()
                        AND newest.fingerprint = ANY (p.modules));
    INSERT INTO fluvius_read.module (namespace, fingerprint, number)
        VALUES (of_namespace, of_fingerprint, CASE WHEN is_current THEN coalesce(newest.number, 0) + 1 ELSE 0 END)
        ON CONFLICT (namespace, fingerprint) DO NOTHING;
    IF is_asked AND NOT there THEN
        UPDATE fluvius_read.module m SET number = newest.number + 1
         WHERE m.namespace = of_namespace AND m.fingerprint = of_fingerprint AND m.number < newest.number;
    END IF;
END
$$;

-- Holds off who would take from a projector until the transaction ends, or ends the transaction.
CREATE FUNCTION fluvius_read.fence(by_boot bigint, at_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM fluvius_read.projector p WHERE p.boot = by_boot AND p.epoch = at_epoch FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another projector has the slots by now' USING ERRCODE = 'FL001';
    END IF;
END
$$;

-- A build's slots: a projector takes its share of those that are nobody's, or gives back what is more than that; slots
-- of the numbers that it has in other builds stay together, so that a partition's log is read once for all builds.
CREATE FUNCTION fluvius_read.share(by_boot bigint, of_build bigint, at_us bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    hands bigint;
    mine bigint;
    lacks bigint;
BEGIN
    SELECT count(*) INTO hands FROM fluvius_read.projector p WHERE p.until_us > at_us AND of_build = ANY (p.builds);
    SELECT count(*) INTO mine FROM fluvius_read.slot s WHERE s.build = of_build AND s.boot = by_boot;
    lacks := ceil(16.0 / hands) - mine;
    IF lacks > 0 THEN
        UPDATE fluvius_read.slot s SET boot = by_boot WHERE s.build = of_build AND s.slot IN
            (SELECT g.slot FROM fluvius_read.slot g WHERE g.build = of_build AND g.boot IS NULL
              ORDER BY (SELECT count(*) FROM fluvius_read.slot o WHERE o.boot = by_boot AND o.slot = g.slot) DESC, g.slot
              LIMIT lacks);
    ELSIF lacks < 0 THEN
        UPDATE fluvius_read.slot s SET boot = NULL WHERE s.build = of_build AND s.slot IN
            (SELECT g.slot FROM fluvius_read.slot g WHERE g.build = of_build AND g.boot = by_boot
              ORDER BY (SELECT count(*) FROM fluvius_read.slot o WHERE o.boot = by_boot AND o.slot = g.slot), g.slot
              LIMIT -lacks);
    END IF;
END
$$;

-- Says that a projector is there, with these builds and modules; gives the slots that it has from now on, bit s for slot
-- s, and its epoch. Whose lease has run out loses all. What a projector has under way over another session (one that was
-- stopped, or that lost its connection) is ended first, or has ended when its row can be changed: whoever reads
-- checkpoints afterwards sees what became of it.
CREATE FUNCTION fluvius_read.beat(by_boot bigint, by_holder text, lease_us bigint, of_builds bigint[], of_modules bigint[])
RETURNS TABLE (build bigint, slots bigint, epoch bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    sample bigint;
    began timestamptz;
    one bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7307498463);
    sample := fluvius_read.now_us();
    SELECT a.backend_start INTO began FROM pg_stat_activity a WHERE a.pid = pg_backend_pid();
    PERFORM set_config('client_min_messages', 'error', true);
    PERFORM pg_terminate_backend(a.pid, 5000)
       FROM fluvius_read.projector p JOIN pg_stat_activity a ON a.pid = p.pid AND a.backend_start = p.started
      WHERE (p.boot = by_boot OR p.until_us <= sample) AND a.pid <> pg_backend_pid();
    WITH gone AS (DELETE FROM fluvius_read.projector p WHERE p.until_us <= sample AND p.boot <> by_boot RETURNING p.boot)
    UPDATE fluvius_read.slot s SET boot = NULL FROM gone g WHERE s.boot = g.boot;
    UPDATE fluvius_read.projector p SET until_us = sample + lease_us, builds = of_builds, modules = of_modules
     WHERE p.boot = by_boot AND p.pid = pg_backend_pid() AND p.started = began;
    IF NOT FOUND THEN
        INSERT INTO fluvius_read.projector AS p (boot, epoch, holder, until_us, pid, started, builds, modules)
            VALUES (by_boot, nextval('fluvius_read.epoch'), by_holder, sample + lease_us, pg_backend_pid(), began,
                    of_builds, of_modules)
            ON CONFLICT (boot) DO UPDATE SET epoch = excluded.epoch, until_us = excluded.until_us, pid = excluded.pid,
                    started = excluded.started, builds = excluded.builds, modules = excluded.modules;
    END IF;
    UPDATE fluvius_read.slot s SET boot = NULL WHERE s.boot = by_boot AND s.build <> ALL (of_builds);
    FOREACH one IN ARRAY of_builds LOOP
        PERFORM fluvius_read.share(by_boot, one, sample);
    END LOOP;
    RETURN QUERY SELECT s.build, sum(1::bigint << s.slot::integer)::bigint, p.epoch
                   FROM fluvius_read.projector p LEFT JOIN fluvius_read.slot s ON s.boot = p.boot
                  WHERE p.boot = by_boot GROUP BY s.build, p.epoch;
END
$$;

-- A projector gives back all it has.
CREATE FUNCTION fluvius_read.leave(by_boot bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7307498463);
    UPDATE fluvius_read.slot s SET boot = NULL WHERE s.boot = by_boot;
    DELETE FROM fluvius_read.projector p WHERE p.boot = by_boot;
END
$$;
