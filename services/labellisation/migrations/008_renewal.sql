-- Dossiers that would renew a label: one at a time is open.
CREATE TABLE renewal (
    dossier TEXT NOT NULL PRIMARY KEY REFERENCES matter (id),
    label TEXT NOT NULL REFERENCES matter (id)
);
CREATE INDEX renewal_by_label ON renewal (label);
CREATE INDEX label_number_by_label ON label_number (label);
