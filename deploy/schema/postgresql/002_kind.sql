-- Format 2: which kinds of events each unit holds, so that it is given only to processes whose modules read all of them.
-- Written before the first event of a kind. The log is read once, to find those that are there. Processes of the version
-- before, which the pool may still have, go on: what they call is unchanged.
CREATE TABLE fluvius.kind (
    unit bigint NOT NULL,
    namespace text NOT NULL,
    resource text NOT NULL,
    event text NOT NULL,
    schema bigint NOT NULL,      -- its version
    PRIMARY KEY (unit, namespace, resource, event, schema)
);

INSERT INTO fluvius.kind (unit, namespace, resource, event, schema)
SELECT DISTINCT (l.position >> 40) % m.units, l.namespace, l.resource, l.event, l.schema
  FROM fluvius.log l, fluvius.meta m WHERE l.event IS NOT NULL;

ALTER TABLE fluvius.member ADD COLUMN unreadable bigint NOT NULL DEFAULT 0; -- bit u: it cannot read unit u

-- The beat of 001, of a process that also tells which units it cannot read. Besides, each row has how many kinds this
-- server knows of: when there are more than it has looked at, a process looks again.
CREATE FUNCTION fluvius.beat(by_boot bigint, by_name text, of_lease_ms bigint, of_load bigint, is_leaving boolean,
                             of_loads bigint[], cannot_read bigint)
RETURNS TABLE (number bigint, boot bigint, name text, load bigint, leaving boolean, epoch bigint, unreadable bigint,
               kinds bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    kinds_here bigint := (SELECT count(*) FROM fluvius.kind);
BEGIN
    RETURN QUERY
    WITH beats AS MATERIALIZED (
        SELECT * FROM fluvius.beat(by_boot, by_name, of_lease_ms, of_load, is_leaving, of_loads))
    SELECT b.number, b.boot, b.name, b.load, b.leaving, b.epoch,
           CASE WHEN b.boot = by_boot THEN cannot_read ELSE coalesce(m.unreadable, 0) END, kinds_here
      FROM beats b LEFT JOIN fluvius.member m ON m.boot = b.boot;
    UPDATE fluvius.member m SET unreadable = cannot_read WHERE m.boot = by_boot AND m.unreadable <> cannot_read;
END
$$;
