-- Format 2: _row is the row as its readers get it, JSON text (services/readmodel/row_text.h). Rows that are there have it
-- as msgpack: their builds are retired, and projectors make them again from the log.
UPDATE build SET state = 2, changed_us = CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) WHERE state <> 2;
UPDATE meta SET value = value + 1 WHERE key = 'change';
