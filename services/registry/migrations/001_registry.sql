-- What the registry remembers. Names are ordered by `sort`, a folded copy (fold.c) in bytes, so that
-- both engines order alike whatever their collation. Times are legal time, ms since 1970 UTC.

CREATE TABLE structure (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sort BYTEA NOT NULL,
    siren TEXT UNIQUE,
    siret TEXT UNIQUE,
    commune TEXT,
    departement TEXT,
    region TEXT,
    demonstration BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX structure_by_name ON structure (sort, id);

-- `state` is NULL where no source gives one; themes and sectors are codes joined by commas, in order.
CREATE TABLE pole (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sort BYTEA NOT NULL,
    full_name TEXT,
    structure TEXT REFERENCES structure (id),
    carrier TEXT,
    carrier_type TEXT,
    departement TEXT,
    region TEXT,
    city TEXT,
    themes TEXT NOT NULL,
    sectors TEXT NOT NULL,
    state TEXT,
    labelled_since TEXT,
    label_until TEXT,
    label TEXT UNIQUE,
    next_label TEXT UNIQUE, -- awarded: continues `label` where that one ends
    next_until TEXT,
    reason TEXT,
    demonstration BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX pole_by_name ON pole (sort, code);

-- How often what a list shows has changed: the version of the list in the cache.
CREATE TABLE list_version (
    list TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

-- The label is the only text about a person; it never leaves in events.
CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    label TEXT NOT NULL,
    roles BIGINT NOT NULL,
    structure TEXT REFERENCES structure (id),
    pole TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_by_structure ON person (structure, id);

-- `hash` is the BLAKE2b-256 of the key's text; the text itself is nowhere. `last_used` is a day since 1970.
CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    label TEXT NOT NULL,
    person TEXT REFERENCES person (id),
    service TEXT,
    roles BIGINT NOT NULL,
    structure TEXT REFERENCES structure (id),
    pole TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used BIGINT
);
CREATE INDEX api_key_by_person ON api_key (person, id);

-- Which key a file of the first start holds ("admin", "gateway" …).
CREATE TABLE key_slot (
    slot TEXT NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL REFERENCES api_key (id)
);

CREATE TABLE reference_item (
    list TEXT NOT NULL,
    code TEXT NOT NULL,
    position BIGINT NOT NULL,
    label TEXT NOT NULL,
    region TEXT,
    zone TEXT,
    grp TEXT,
    dated BIGINT,
    PRIMARY KEY (list, code)
);
CREATE INDEX reference_item_in_order ON reference_item (list, position);

CREATE TABLE commune (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    sort BYTEA NOT NULL,
    departement TEXT NOT NULL,
    region TEXT NOT NULL,
    epci TEXT,
    population BIGINT,
    postcodes TEXT NOT NULL
);
CREATE INDEX commune_by_name ON commune (sort, code);
CREATE INDEX commune_by_departement ON commune (departement, sort, code);

-- The content of each reference file that was loaded last.
CREATE TABLE reference_source (
    source TEXT NOT NULL PRIMARY KEY,
    hash BYTEA NOT NULL,
    loaded_at BIGINT NOT NULL
);

-- One row: held to commit by whoever makes a first start, so that two instances take turns.
CREATE TABLE first_start (
    id BIGINT NOT NULL PRIMARY KEY,
    turns BIGINT NOT NULL
);

CREATE TABLE clock (
    id BIGINT NOT NULL PRIMARY KEY,
    shift_ms BIGINT NOT NULL
);
INSERT INTO clock (id, shift_ms) VALUES (1, 0);

-- Events that the registry followed and could not apply: for the operator to look at.
CREATE TABLE refused_event (
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (source, event)
);
