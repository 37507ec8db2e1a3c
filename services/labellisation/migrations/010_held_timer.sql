-- Matters whose due timers cannot be applied, as they stood then: tried again ever more seldom. A row whose
-- matter has moved since says nothing any more.
CREATE TABLE held_timer (
    matter TEXT PRIMARY KEY REFERENCES matter (id),
    version BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    since BIGINT NOT NULL,
    why TEXT NOT NULL
);
