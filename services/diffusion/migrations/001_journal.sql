-- The journal: one row a commit batch, its head, its epochs, and who is there already.
CREATE TABLE journal_meta (
    id BIGINT PRIMARY KEY,          -- 1
    journal TEXT NOT NULL,          -- UUID
    dedup_key BYTEA NOT NULL        -- of the fingerprints
);
CREATE TABLE journal_epoch (
    epoch BIGINT PRIMARY KEY,
    first_sequence BIGINT NOT NULL,
    chain_before BYTEA NOT NULL,    -- after the event before the first
    began_at BIGINT NOT NULL        -- ms
);
CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY,          -- 1
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,       -- of the last event, 0: none
    chain BYTEA NOT NULL
);
CREATE TABLE journal_batch (
    first_sequence BIGINT PRIMARY KEY,
    count BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    chain_before BYTEA NOT NULL,
    attributes BYTEA NOT NULL,      -- what filters look at, see record.h
    bytes BYTEA NOT NULL,           -- records as they are sent
    row_check BIGINT NOT NULL,      -- of all but the bytes, see row_check.h
    bytes_check BIGINT NOT NULL     -- of the bytes
);
CREATE TABLE journal_dedup (
    fingerprint BYTEA PRIMARY KEY,  -- of (source, id), 16 bytes
    sequence BIGINT NOT NULL,
    hash BYTEA NOT NULL             -- first 16 bytes of the content's
);
