-- What is known of reviewers beyond the registry: `content` is JSON (proto's reviewer: themes, sectors,
-- load_max, away, links).
CREATE TABLE reviewer (
    person TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
