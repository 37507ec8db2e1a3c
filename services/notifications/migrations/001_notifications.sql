-- What the notifications service remembers. Times are ms since 1970 UTC: legal time for what people
-- see, the wall clock for leases and retries (next_at, lease_until), which no shift may move.

-- Whom the registry knows, from its person.* events: opaque ids, no names. `roles` is a set of bits.
CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    roles BIGINT NOT NULL,
    structure TEXT
);
CREATE INDEX person_by_structure ON person (structure);

-- How a pôle is called, and whether it is fictitious, from the registry's pole.* events.
CREATE TABLE pole (
    code TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    demonstration BIGINT NOT NULL
);

-- `state`: active, removed (the address is erased), gone (a webhook answered 410).
CREATE TABLE contact (
    id TEXT NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT,
    secret BYTEA,
    person TEXT,
    language TEXT NOT NULL,
    state TEXT NOT NULL,
    consent_basis TEXT NOT NULL,
    consent_at BIGINT NOT NULL,
    consent_by TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX contact_by_person ON contact (person, id);

-- An event that someone is told of, once, whoever they are; `link` is a path on the site.
CREATE TABLE notice (
    id TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    type TEXT NOT NULL,
    event TEXT NOT NULL,
    link TEXT,
    recorded_at BIGINT NOT NULL
);

-- The journal's subscribers are told page by page: `after` is where the next page begins, moved in
-- the transaction that stores a page's deliveries. `token` counts leases: an older holder is refused.
CREATE TABLE campaign (
    notice TEXT NOT NULL PRIMARY KEY REFERENCES notice (id),
    template TEXT NOT NULL,
    channels BIGINT NOT NULL,
    after TEXT NOT NULL,
    state TEXT NOT NULL,
    token BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    next_at BIGINT NOT NULL
);
CREATE INDEX campaign_due ON campaign (next_at) WHERE state = 'open';

-- One message to one addressee by one channel. `attempts` counts leases and fences them.
CREATE TABLE delivery (
    id TEXT NOT NULL PRIMARY KEY,
    notice TEXT NOT NULL REFERENCES notice (id),
    channel TEXT NOT NULL,
    template TEXT NOT NULL,
    contact TEXT,
    person TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    lease_until BIGINT,
    problem TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX delivery_due ON delivery (channel, next_at, id) WHERE state = 'pending';
CREATE INDEX delivery_in_flight ON delivery (contact) WHERE state = 'leased';
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE state = 'leased';
CREATE INDEX delivery_by_contact ON delivery (contact, created_at, id);
CREATE INDEX delivery_by_age ON delivery (created_at, id);
CREATE INDEX delivery_by_notice ON delivery (notice);

-- What a person reads on the site: rendered when it was put there.
CREATE TABLE inbox (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    at BIGINT NOT NULL,
    type TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT,
    read_at BIGINT
);
CREATE INDEX inbox_by_person ON inbox (person, at, id);
CREATE INDEX inbox_unread ON inbox (person) WHERE read_at IS NULL;

-- One row: when this database was made (what was recorded long before is history, nobody is told
-- of it), and the key that signs unsubscription links.
CREATE TABLE origin (
    id BIGINT NOT NULL PRIMARY KEY,
    born_at BIGINT NOT NULL,
    link_key BYTEA NOT NULL
);
