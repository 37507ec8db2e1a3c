-- What the labellisation remembers. Times are legal time, ms since 1970 UTC; hashes are hexadecimal.

-- Versions of procedures, byte for byte; a row never changes.
CREATE TABLE process (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    hash TEXT NOT NULL,
    content TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);

-- Dossiers, labels and other kinds (kind.h). `version` counts the transitions; `card`, `facts` and
-- `clocks` are JSON objects; `parent` is what it belongs to (a label's dossier), `person` whose task it
-- is (a review's); structure and pole are '' where it has none; `due_at` is the next timer, NULL if
-- none runs.
CREATE TABLE matter (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    parent TEXT REFERENCES matter (id),
    parent_kind TEXT,
    person TEXT,
    structure TEXT NOT NULL,
    pole TEXT NOT NULL,
    process_name TEXT NOT NULL,
    process_version BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    card TEXT NOT NULL,
    demonstration BIGINT NOT NULL,
    facts TEXT NOT NULL,
    clocks TEXT NOT NULL,
    chain TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    due_at BIGINT,
    FOREIGN KEY (process_name, process_version) REFERENCES process (name, version)
);
CREATE INDEX matter_by_kind ON matter (kind, id);
CREATE INDEX matter_by_state ON matter (kind, state, id);
CREATE INDEX matter_by_structure ON matter (structure, kind, id);
CREATE INDEX matter_by_pole ON matter (pole, kind, id);
CREATE INDEX matter_by_parent ON matter (parent, kind, id);
CREATE INDEX matter_by_person ON matter (person, kind, id) WHERE person IS NOT NULL;
CREATE INDEX matter_by_due ON matter (due_at, id) WHERE due_at IS NOT NULL;

-- What happened, append-only: `chain` is a hash over the chain before and this row with its random
-- `salt`; `position` in the one log over all matters, from 0; `nodes` of its tree that this entry
-- completes, 32 bytes each.
CREATE TABLE history (
    matter TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    transition TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    actor TEXT NOT NULL,
    effective_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    salt BYTEA NOT NULL,
    chain TEXT NOT NULL,
    position BIGINT NOT NULL UNIQUE,
    nodes BYTEA NOT NULL,
    PRIMARY KEY (matter, number)
);

-- Texts that people wrote, named by a hash over a random salt and the text: deleting a row erases
-- the text, and the history's hash stays but can no longer be guessed at.
CREATE TABLE text (
    hash TEXT NOT NULL PRIMARY KEY,
    matter TEXT NOT NULL REFERENCES matter (id),
    salt BYTEA NOT NULL,
    content TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE INDEX text_by_matter ON text (matter);

-- A review of a dossier (`matter`), beside the matter of its own that `id` names: what its reviewer may
-- read, and the report in its last version. `interested`: ended because of an interest; `closed`: of an
-- earlier round, or ended; `points`: of the grid, a numerator; `scores`: JSON, justifications by their hash.
CREATE TABLE review (
    id TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    matter TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    reviewer TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    declared_at BIGINT,
    accepted_at BIGINT,
    filed_at BIGINT,
    shown_at BIGINT,
    interested BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    opinion TEXT,
    points BIGINT,
    scores TEXT,
    text_hash TEXT,
    UNIQUE (matter, number)
);
CREATE INDEX review_by_reviewer ON review (reviewer, matter);

-- Signatures of what is proposed now; those of an earlier proposal stand in the history.
CREATE TABLE signature (
    matter TEXT NOT NULL REFERENCES matter (id),
    capacity TEXT NOT NULL,
    signer TEXT NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (matter, capacity)
);

-- What is known from the registry's events.
CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    roles BIGINT NOT NULL,
    structure TEXT
);
CREATE TABLE structure (
    id TEXT NOT NULL PRIMARY KEY,
    demonstration BIGINT NOT NULL,
    name TEXT
);
CREATE TABLE pole (
    code TEXT NOT NULL PRIMARY KEY,
    structure TEXT
);

-- How far those events have been followed: the time in the id of the newest one, wall clock.
CREATE TABLE followed (
    id BIGINT NOT NULL PRIMARY KEY,
    newest_ms BIGINT NOT NULL
);
