-- Members of a committee who have withdrawn, or were recused, from an item of a meeting: they do not read
-- the inside of its dossier.
CREATE TABLE recusal (
    dossier TEXT NOT NULL REFERENCES matter (id),
    person TEXT NOT NULL,
    session TEXT NOT NULL REFERENCES matter (id),
    PRIMARY KEY (dossier, person, session)
);
