-- What dossiers hold. Times are legal time in ms, but for touched_at, stored_at and unused_since: the
-- wall clock.

-- Versions of sections; the highest is the present one. `text_hash` names a row of `text`.
CREATE TABLE section (
    dossier TEXT NOT NULL REFERENCES matter (id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    text_hash TEXT NOT NULL,
    size BIGINT NOT NULL,
    author TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    filed BIGINT NOT NULL,
    PRIMARY KEY (dossier, name, version)
);

-- Files on their way. `hashing` is the state of SHA-256 over the `held` bytes.
CREATE TABLE upload (
    id TEXT NOT NULL PRIMARY KEY,
    dossier TEXT NOT NULL REFERENCES matter (id),
    piece TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT,
    held BIGINT NOT NULL,
    hashing BYTEA NOT NULL,
    touched_at BIGINT NOT NULL
);
CREATE INDEX upload_by_dossier ON upload (dossier);
CREATE INDEX upload_by_touched ON upload (touched_at);

-- Bytes by their SHA-256, in files beside a SQLite database or in blob_chunk; several attachments
-- may have the same. Removed some time after the last of them.
CREATE TABLE blob (
    hash TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    unused_since BIGINT
);
CREATE INDEX blob_unused ON blob (unused_since) WHERE unused_since IS NOT NULL;

-- PostgreSQL: bytes of an upload (its id) or a blob (its hash), from `start` on.
CREATE TABLE blob_chunk (
    owner TEXT NOT NULL,
    start BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (owner, start)
);

-- Files of a dossier's pieces. `filed`: the number in the history with which it was filed; 0: not yet.
CREATE TABLE attachment (
    id TEXT NOT NULL PRIMARY KEY,
    dossier TEXT NOT NULL REFERENCES matter (id),
    piece TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    hash TEXT NOT NULL REFERENCES blob (hash),
    added_at BIGINT NOT NULL,
    filed BIGINT NOT NULL
);
CREATE INDEX attachment_by_dossier ON attachment (dossier, id);
CREATE INDEX attachment_by_hash ON attachment (hash);

-- Requests to complete a dossier. `items` is JSON; days count from 1970-01-01; one without an end is
-- pending, and there is at most one.
CREATE TABLE completion (
    dossier TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    requested_at BIGINT NOT NULL,
    requested_day BIGINT NOT NULL,
    until_day BIGINT NOT NULL,
    indispensable BIGINT NOT NULL,
    items TEXT NOT NULL,
    closed_day BIGINT,
    outcome TEXT,
    PRIMARY KEY (dossier, number)
);
CREATE UNIQUE INDEX completion_pending ON completion (dossier) WHERE closed_day IS NULL;

-- Letters: messages between the candidate and the secretariat, and notes that the candidate never
-- sees. `side` is who wrote it; `read_at`: when the other side first read it.
CREATE TABLE letter (
    dossier TEXT NOT NULL REFERENCES matter (id),
    kind TEXT NOT NULL,
    number BIGINT NOT NULL,
    side TEXT NOT NULL,
    author TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    read_at BIGINT,
    PRIMARY KEY (dossier, kind, number)
);

-- Receipts of filings; a row never changes. `number` is the filing's in the history, `content` JSON.
CREATE TABLE receipt (
    dossier TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    content TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    PRIMARY KEY (dossier, number)
);

-- The service that a receipt names, as configured.
CREATE TABLE office (
    id BIGINT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
);
