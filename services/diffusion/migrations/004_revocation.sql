-- Who lost its rights lately: tokens made before are refused, also after a restart. A token lives for a
-- minute, so rows are soon removed.
CREATE TABLE revocation (
    subject TEXT PRIMARY KEY,       -- /persons/UUID, /services/NAME
    revoked_at BIGINT NOT NULL      -- ms, wall clock
);
