-- What was done and by whom, without a clear value: one chain of entries per namespace, each bound
-- to the one before by its code. `moment` is in milliseconds since 1970.
CREATE TABLE audit (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    number INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    entry BLOB NOT NULL,
    tokens BLOB NOT NULL,
    code BLOB NOT NULL,
    PRIMARY KEY (namespace, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_moment ON audit (namespace, moment);

-- Where a chain ends, and behind which entry it begins when older ones were deleted.
CREATE TABLE audit_heads (
    namespace INTEGER PRIMARY KEY REFERENCES namespaces,
    base INTEGER NOT NULL,
    base_code BLOB NOT NULL,
    number INTEGER NOT NULL,
    code BLOB NOT NULL
) STRICT;

-- How often each user made each call on each day; `last` is in seconds since 1970.
CREATE TABLE hits (
    namespace INTEGER NOT NULL REFERENCES namespaces,
    day INTEGER NOT NULL,
    api TEXT NOT NULL,
    status TEXT NOT NULL,
    user BLOB NOT NULL,
    count INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (namespace, day, api, status, user)
) STRICT, WITHOUT ROWID;
