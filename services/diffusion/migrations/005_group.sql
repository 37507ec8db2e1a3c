-- Groups: several workers share one stream. Which instance has a group says the lease "group.NAME".
CREATE TABLE worker_group (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    filter TEXT NOT NULL,           -- JSON; never changes
    owner TEXT NOT NULL,            -- subject of who made it
    person TEXT NOT NULL,           -- what it may see: as this person, for this structure, with
    structure TEXT NOT NULL,        -- these roles (bits)
    rights BIGINT NOT NULL,
    pole TEXT NOT NULL,             -- whose people may join too; "": none
    roles BIGINT NOT NULL,          -- who else may join (bits)
    attempts BIGINT NOT NULL,       -- of an event; then its key parks
    created_at BIGINT NOT NULL,
    endpoint TEXT NOT NULL,         -- of the instance that has it or had it last
    journal_epoch BIGINT NOT NULL,  -- in which the following was written
    low_epoch BIGINT NOT NULL,      -- all up to this place is settled
    low_sequence BIGINT NOT NULL,
    low_chain BIGINT NOT NULL,
    upto BIGINT NOT NULL,           -- and from there to this, but the holes
    holes BYTEA NOT NULL,           -- group_state.h
    change BIGINT NOT NULL          -- grows with each decision on a parked key
);
CREATE INDEX worker_group_by_owner ON worker_group (owner);
-- Keys that go their own way, and keys with an event that has failed.
CREATE TABLE worker_group_key (
    worker_group BIGINT NOT NULL,
    key TEXT NOT NULL,
    state TEXT NOT NULL,            -- failing, aside, parked
    settled BIGINT NOT NULL,        -- aside, parked: its events up to here
    sequence BIGINT NOT NULL,       -- the event that failed; 0: none
    attempts BIGINT NOT NULL,
    error TEXT NOT NULL,
    since BIGINT NOT NULL,          -- ms
    change BIGINT NOT NULL,         -- of the last decision; 0: none
    PRIMARY KEY (worker_group, key)
);
CREATE INDEX worker_group_key_by_state ON worker_group_key (worker_group, state, key);
CREATE INDEX worker_group_key_by_change ON worker_group_key (worker_group, change);
