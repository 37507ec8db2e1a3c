-- Under which authority (a matter) a signature was given; NULL: by a role alone.
ALTER TABLE signature ADD COLUMN authority TEXT;

-- Signed minutes of meetings. `sha256` is of `pdf`, hexadecimal; `number` is that of the entry of the
-- meeting's history that has it; `authority`: of who established them, a matter. They change only where a
-- text in them is erased: `first_…` then say what was signed first.
CREATE TABLE minutes (
    session TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    pdf BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    public_key BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    signed_at BIGINT NOT NULL,
    number BIGINT NOT NULL,
    authority TEXT,
    first_sha256 TEXT,
    first_signed_at BIGINT
);
CREATE INDEX minutes_by_authority ON minutes (authority) WHERE authority IS NOT NULL;

-- Express decisions on dossiers; a row never changes. `number` is the decision's in the history,
-- `content` JSON, `text_hash` names its text.
CREATE TABLE decision (
    dossier TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    content TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    PRIMARY KEY (dossier, number)
);

-- What a batch of one asker has done: a repeat does not do it again. `number` is the history's.
CREATE TABLE batch (
    name TEXT NOT NULL,
    actor TEXT NOT NULL,
    dossier TEXT NOT NULL REFERENCES matter (id),
    transition TEXT NOT NULL,
    number BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    data_hash TEXT NOT NULL, -- BLAKE2b-256 of its data, hexadecimal
    PRIMARY KEY (name, actor, dossier)
);

-- On whose agenda a dossier waits. A row stays when the item is dealt with or the meeting is over: the
-- next meeting takes it over.
CREATE TABLE agenda (
    dossier TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    session TEXT NOT NULL REFERENCES matter (id)
);
