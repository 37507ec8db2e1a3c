-- What is known of reviewers beyond the registry: `content` is JSON (proto's reviewer: themes, sectors,
-- load_max, away, links).
CREATE TABLE reviewer (
    person TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- The candidate's answer to the reports; `closed`: of an earlier round.
CREATE TABLE review_answer (
    matter TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    text_hash TEXT NOT NULL,
    answered_at BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    PRIMARY KEY (matter, number)
);

-- A report that is being written: its reviewer's alone, JSON (proto's review_draft_content); gone once the
-- report is filed.
CREATE TABLE review_draft (
    review TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    saved_at BIGINT NOT NULL
);
