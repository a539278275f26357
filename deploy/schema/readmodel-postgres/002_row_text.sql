-- Format 2: _row is the row as its readers get it, JSON text (services/readmodel/row_text.h). Rows that are there have it
-- as msgpack: their builds are retired, and projectors make them again from the log.
UPDATE fluvius_read.build SET state = 2, changed_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
 WHERE state <> 2;
UPDATE fluvius_read.meta SET value = value + 1 WHERE key = 'change';
