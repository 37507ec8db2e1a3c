-- Specifications (cahiers des charges), by name and version; a row never changes. `content` is proto's
-- specification as JSON.
CREATE TABLE specification (
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (name, version)
);
