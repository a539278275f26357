-- Format 2: which kinds of events the log holds, so that it is given only to processes whose modules read all of them.
-- Written in the transaction of the first event of a kind. The log is read once, to find those that are there.
CREATE TABLE kind (
    namespace TEXT NOT NULL,
    resource TEXT NOT NULL,
    event TEXT NOT NULL,
    schema INTEGER NOT NULL, -- its version
    PRIMARY KEY (namespace, resource, event, schema)
) STRICT, WITHOUT ROWID;

INSERT INTO kind (namespace, resource, event, schema)
SELECT DISTINCT namespace, resource, event, schema FROM log WHERE event IS NOT NULL;
