-- Dossiers that would renew a label: opened for its end `until` (its first day without, as it stood then).
CREATE TABLE renewal (
    dossier TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    label TEXT NOT NULL REFERENCES matter (id),
    until TEXT NOT NULL,
    UNIQUE (label, until)
);
CREATE INDEX label_number_by_label ON label_number (label);
