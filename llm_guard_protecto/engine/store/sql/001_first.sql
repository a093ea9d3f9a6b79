-- The first schema. Names and policies are UTF-8 bytes, so that every string is legal.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE namespaces (
    namespace INTEGER PRIMARY KEY,
    name BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE keys (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    role TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('primary', 'active', 'retired', 'destroyed')),
    wrapped BLOB NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (namespace, role, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    name BLOB NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;

-- Rows are appended in order of arrival: with random keys that leaves full pages, where a table
-- kept in key order would leave a third of each empty.
CREATE TABLE tokens (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    alias INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    key_version INTEGER NOT NULL,
    day INTEGER NOT NULL,
    kind TEXT NOT NULL,
    token TEXT NOT NULL COLLATE NOCASE,
    blind_index BLOB NOT NULL,
    sealed BLOB NOT NULL,
    attributes BLOB
) STRICT;

CREATE UNIQUE INDEX tokens_by_index ON tokens (namespace, blind_index, alias);

CREATE UNIQUE INDEX tokens_by_token ON tokens (namespace, token);

ANALYZE;
