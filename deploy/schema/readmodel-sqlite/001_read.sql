-- Format 1 of the read models' database, read.db. Made and changed by projectors alone; anybody may read it. All of it
-- can be made again from the log. services/readmodel/model.h says what the tables m<build>_<number> have.
--
-- How far each projection is:
--     SELECT b.projection, b.state, c.partition, c.seq, c.halted FROM build b JOIN checkpoint c ON c.build = b.id;

-- format; incarnation of the log that the live builds were made from; change: counts the changes of build.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (key, value) VALUES ('change', 0);

CREATE TABLE build (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: a reader may still ask for the tables of a dropped one
    projection TEXT NOT NULL,             -- a namespace, or NAMESPACE.NAME
    fingerprint INTEGER NOT NULL,         -- of what it is made by
    incarnation INTEGER NOT NULL,         -- of the log that it is made from
    state INTEGER NOT NULL,               -- 0 building, 1 live, 2 retired
    models BLOB NOT NULL,                 -- msgpack: what its tables look like
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL           -- when it came into its state
) STRICT;

-- Committed with the rows that it covers.
CREATE TABLE checkpoint (
    build INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    seq INTEGER NOT NULL,     -- every record up to it is in the rows
    time_us INTEGER NOT NULL, -- of that record
    halted INTEGER NOT NULL,  -- the record that cannot be projected; 0: none
    fault TEXT NOT NULL,      -- why
    PRIMARY KEY (build, partition)
) STRICT, WITHOUT ROWID;

-- Who may write here: a file has one slot. Opening it for writing raises the epoch.
CREATE TABLE slot (
    slot INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    until_us INTEGER NOT NULL
) STRICT;
INSERT INTO slot (slot, epoch, holder, until_us) VALUES (0, 0, '', 0);
