-- The log over all histories: its name, how many entries it has, and the complete subtrees of its
-- Merkle tree (SHA-256), the largest first.
CREATE TABLE evidence_head (
    id BIGINT NOT NULL PRIMARY KEY, -- 1
    log TEXT NOT NULL,
    size BIGINT NOT NULL,
    peaks BYTEA NOT NULL
);

-- Public keys that heads were signed with, Ed25519.
CREATE TABLE evidence_key (
    public_key BYTEA NOT NULL PRIMARY KEY
);

-- Heads that were signed while the log grew.
CREATE TABLE evidence_kept (
    size BIGINT NOT NULL PRIMARY KEY,
    root BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    kept_at BIGINT NOT NULL -- wall clock
);

-- Texts that were erased: the entry that named the text, and the entry that says so.
CREATE TABLE erasure (
    hash TEXT NOT NULL PRIMARY KEY,
    matter TEXT NOT NULL,
    number BIGINT NOT NULL,
    erased_by BIGINT NOT NULL,
    erased_at BIGINT NOT NULL
);

-- The last number of a year's labels, and which label has which number.
CREATE TABLE label_serial (
    year BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
CREATE TABLE label_number (
    number TEXT NOT NULL PRIMARY KEY,
    label TEXT NOT NULL
);
