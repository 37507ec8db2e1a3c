-- What the common loop keeps in every service's database.

-- Answers to commands that carried an idempotency key, with the hash of the command's body.
-- answer is NULL only inside the transaction that makes the row.
CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    number BIGINT NOT NULL,
    key TEXT NOT NULL,
    hash BYTEA NOT NULL,
    version BIGINT,
    answer TEXT,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (principal, number, key)
);
CREATE INDEX idempotency_made_at ON idempotency (made_at);

-- Announcements, numbered from a head row that is held to the commit: so numbers are consecutive and
-- in the order of commits. state: 0 waiting, 1 in the journal (at epoch, sequence, chain), 2 refused.
CREATE TABLE outbox_head (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);
INSERT INTO outbox_head (id, last) VALUES (1, 0);
CREATE TABLE outbox (
    number BIGINT PRIMARY KEY,
    aggregate TEXT NOT NULL,
    event TEXT NOT NULL,
    state BIGINT NOT NULL,
    epoch BIGINT,
    sequence BIGINT,
    chain TEXT,
    problem TEXT
);
CREATE INDEX outbox_waiting ON outbox (number) WHERE state = 0;
CREATE INDEX outbox_refused ON outbox (aggregate) WHERE state = 2;
CREATE INDEX outbox_position ON outbox (epoch, sequence) WHERE state = 1;
-- Up to which place in the journal announcements have been removed, since two backups held them.
CREATE TABLE outbox_purged (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL
);
INSERT INTO outbox_purged (id, epoch, sequence) VALUES (1, 0, 0);

-- Who does what only one instance may do: "relay" (and follow), others of the service's own. term is the fencing token: it grows with each new holder; beat grows while
-- the holder lives, and who sees it stand still for long enough on his own clock may take over.
CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    term BIGINT NOT NULL,
    beat BIGINT NOT NULL
);
INSERT INTO lease (name, holder, term, beat) VALUES ('relay', '', 0, 0);

-- How far the journal was followed, written with the effects of its events.
CREATE TABLE consumer_cursor (
    name TEXT PRIMARY KEY,
    cursor TEXT NOT NULL
);

-- Facts about the database itself: epoch, clock_shift.
CREATE TABLE store_meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
