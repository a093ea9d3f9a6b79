-- What calls masked, kept for whoever reads the answer later. A place is a blind index: of a name
-- that a provider gave, whose sealed parts list places of texts, or of a text.

CREATE TABLE kept (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    key_version INTEGER NOT NULL,
    day INTEGER NOT NULL,
    place BLOB NOT NULL,
    part BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX kept_by_place ON kept (namespace, place, part);

CREATE INDEX kept_by_day ON kept (namespace, day);
