-- Milestones of a préfiguration: what is to be reached, by when. The label is a text named by its hash.
CREATE TABLE milestone (
    matter TEXT NOT NULL REFERENCES matter (id),
    number BIGINT NOT NULL,
    text_hash TEXT NOT NULL,
    due_day TEXT NOT NULL,
    reached_at BIGINT,
    PRIMARY KEY (matter, number)
);
