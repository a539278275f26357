-- Format 1 of a log file, log-N.db. Made and changed by the store alone; anybody may read it.
--
-- Count the events of one kind of aggregate, and look at the last records of a partition:
--     SELECT count(*) FROM log WHERE event IS NOT NULL AND namespace = 'bank' AND resource = 'account';
--     SELECT position >> 40 AS partition, position & 0xffffffffff AS seq, * FROM log
--      WHERE position BETWEEN 3 << 40 AND (4 << 40) - 1 ORDER BY position DESC LIMIT 10;

-- format, incarnation, partitions, units, unit, and what the receipts' index needs to remember.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: who may write here. A claim raises the epoch; every transaction of an owner compares it with its own.
CREATE TABLE owner (
    unit INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL
) STRICT;

-- The log. It is only ever appended to. The tables below, except module, can all be derived from it.
CREATE TABLE log (
    position INTEGER PRIMARY KEY, -- partition << 40 | seq; seq is dense from 1
    time_us INTEGER NOT NULL,     -- since 1970 UTC
    epoch INTEGER NOT NULL,       -- of the owner that wrote it
    realm TEXT NOT NULL,
    namespace TEXT NOT NULL,
    resource TEXT NOT NULL,
    identifier TEXT NOT NULL,
    version INTEGER NOT NULL,  -- of the aggregate after this record
    previous INTEGER NOT NULL, -- seq of the stream's event before; 0: none
    event TEXT,                -- NULL: a command that was answered without an event
    schema INTEGER NOT NULL,   -- of the event's data
    data BLOB NOT NULL,        -- msgpack: the event's data, or the answer's body
    command_id BLOB NOT NULL,  -- 16 bytes
    command TEXT NOT NULL,
    user TEXT NOT NULL,
    traceparent TEXT,
    status INTEGER,            -- receipt, on the last record of its command: how it ended
    hash BLOB,                 -- receipt: of the command's payload, 16 bytes
    checksum INTEGER NOT NULL  -- XXH3-64 of the row; services/store/checksum.h says of which bytes
) STRICT;

-- Where each stream's last event is; hash and key are XXH3-64 and the stream's four parts, each with a 16-bit big-endian
-- length before. True for records up to what covered says; later ones are found by scanning the log from there.
CREATE TABLE stream (
    hash INTEGER NOT NULL,
    key BLOB NOT NULL,
    partition INTEGER NOT NULL,
    head INTEGER NOT NULL,    -- seq
    version INTEGER NOT NULL,
    PRIMARY KEY (hash, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE covered (
    partition INTEGER PRIMARY KEY,
    streams INTEGER NOT NULL, -- the stream table holds every event up to this seq
    receipts INTEGER NOT NULL -- the receipt tables hold every receipt up to this seq
) STRICT;

-- The newest snapshot of a stream. One whose checksum fails is ignored.
CREATE TABLE snapshot (
    hash INTEGER NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL, -- of the module that made it
    state BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (hash, key)
) STRICT, WITHOUT ROWID;

-- Receipts whose command id is of version 7 and not much older than those before: a run is written at a time, sorted by
-- id and cut into pages. An entry is id (16 bytes), stream hash (8), position (8), big-endian; the XXH3-64 of its entries
-- ends a page. max_ms never decreases from run to run and min_ms is at most 15 minutes below the max_ms of the run before,
-- so few runs can hold an id.
CREATE TABLE receipt_run (
    run INTEGER PRIMARY KEY,
    min_ms INTEGER NOT NULL, -- of the ids' times
    max_ms INTEGER NOT NULL, -- of the ids' times in this run and all before
    count INTEGER NOT NULL,
    pages INTEGER NOT NULL
) STRICT;

CREATE INDEX receipt_run_max ON receipt_run (max_ms);

CREATE TABLE receipt_page (
    page INTEGER PRIMARY KEY, -- run << 20 | number from 0
    entries BLOB NOT NULL
) STRICT;

-- All other receipts. Times say nothing of these ids, so they are kept by the day of their record.
CREATE TABLE receipt_other (
    day INTEGER NOT NULL, -- since 1970 UTC
    id BLOB NOT NULL,
    stream_hash INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (day, id, stream_hash)
) STRICT, WITHOUT ROWID;

-- What the domains' modules say of themselves, by the fingerprint of what they say.
CREATE TABLE module (
    fingerprint INTEGER PRIMARY KEY,
    description BLOB NOT NULL
) STRICT;
