-- Who may publish, and what is published: projections of the journal; drafts are rows only.
CREATE TABLE publisher (
    pole TEXT PRIMARY KEY,
    state TEXT NOT NULL,            -- active, suspended, ended
    region TEXT,
    departement TEXT
);
CREATE TABLE publication (
    id TEXT PRIMARY KEY,            -- UUID
    pole TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,            -- draft, published, cancelled
    visibility TEXT NOT NULL,       -- public, network
    version BIGINT NOT NULL,
    listed_at BIGINT NOT NULL,      -- ms: first published, or made
    themes TEXT NOT NULL,           -- ",a,b," or ""
    sectors TEXT NOT NULL,
    regions TEXT NOT NULL,          -- that it touches: named, or of a named département
    territories TEXT NOT NULL,      -- that cover a département: "d54" named, "r44" named région
    scope TEXT NOT NULL,            -- national, regional
    sequence BIGINT NOT NULL,       -- of the event that has made it so; 0: a draft
    body TEXT NOT NULL              -- the resource, JSON
);
CREATE INDEX publication_by_time ON publication (state, listed_at, id);
CREATE INDEX publication_by_event ON publication (sequence);
CREATE INDEX publication_by_pole ON publication (pole, state, listed_at, id);
