-- What people subscribe to. A row is made once and ended once; its filter never changes.
CREATE TABLE subscription (
    slot BIGINT PRIMARY KEY,        -- 1, 2, 3 …: the order of audiences
    id TEXT NOT NULL UNIQUE,
    contact TEXT NOT NULL,
    filter TEXT NOT NULL,           -- JSON
    from_sequence BIGINT NOT NULL,  -- holds over [from, to)
    to_sequence BIGINT,             -- NULL: still holds
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    change BIGINT NOT NULL UNIQUE   -- grows with each creation and ending: what to load anew
);
CREATE INDEX subscription_by_contact ON subscription (contact, slot);
CREATE TABLE subscription_head (
    id BIGINT PRIMARY KEY,          -- 1
    slot BIGINT NOT NULL,           -- last given
    change BIGINT NOT NULL
);
INSERT INTO subscription_head (id, slot, change) VALUES (1, 0, 0);
