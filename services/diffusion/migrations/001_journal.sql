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
    began_at BIGINT NOT NULL,       -- ms
    reason TEXT NOT NULL            -- what was lost before it, in words
);
-- Epochs that a restore has undone: what their cursors surely have in common with this history.
CREATE TABLE journal_lost_epoch (
    epoch BIGINT PRIMARY KEY,
    common_sequence BIGINT NOT NULL
);
CREATE TABLE journal_head (
    id BIGINT PRIMARY KEY,          -- 1
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,       -- of the last event, 0: none
    chain BYTEA NOT NULL,
    turn BIGINT NOT NULL,           -- transactions that changed more than events, see journal.h
    damaged_after BIGINT,           -- what follows this event is known to be damaged; NULL: nothing
    damage TEXT                     -- what is wrong, in words
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
-- Backups that are complete, and where the journal ended when they began.
CREATE TABLE journal_backup (
    number BIGINT PRIMARY KEY,      -- 1, 2, 3 … as they were noted
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    chain BIGINT NOT NULL,          -- as in a cursor
    noted_at BIGINT NOT NULL        -- ms
);
CREATE INDEX journal_backup_sequence ON journal_backup (sequence);
-- Public keys that markers are signed with, see signer.h.
CREATE TABLE journal_key (
    public_key BYTEA PRIMARY KEY,
    noted_at BIGINT NOT NULL        -- ms
);
-- Rows that stood behind the end when an epoch began, as they were: damaged, or after damage.
CREATE TABLE journal_aside (
    before_epoch BIGINT NOT NULL,   -- the epoch that began then
    first_sequence BIGINT NOT NULL,
    count BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    chain_before BYTEA NOT NULL,
    attributes BYTEA NOT NULL,
    bytes BYTEA NOT NULL,
    row_check BIGINT NOT NULL,
    bytes_check BIGINT NOT NULL,
    PRIMARY KEY (before_epoch, first_sequence)
);
-- Which events are there already: runs of fingerprints, see dedup.h.
CREATE TABLE journal_run (
    run BIGINT PRIMARY KEY,         -- from last_sequence and level, see run.c
    first_sequence BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    level BIGINT NOT NULL           -- 0, 1, 2, 3
);
CREATE TABLE journal_run_page (
    place BIGINT PRIMARY KEY,       -- run * 2^20 + page
    bytes BYTEA NOT NULL            -- sorted: fingerprint 16, sequence - first_sequence 4; check 8
);
CREATE TABLE journal_keeper (
    id BIGINT PRIMARY KEY,          -- 1
    version BIGINT NOT NULL,        -- grows with each change of journal_run
    keeper TEXT NOT NULL            -- the instance that writes runs; ''
);
