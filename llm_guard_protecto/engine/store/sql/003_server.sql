-- What a server keeps beside the values: who may call it, and what it was asked to do later.

-- A namespace that was deleted keeps its number, so that no new one is ever mistaken for it.
ALTER TABLE namespaces ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;

-- A bearer token is kept as its SHA-256 only. No namespace: a master key. Days count from
-- 1970-01-01, `made` and `revoked` are seconds since then.
CREATE TABLE bearers (
    digest BLOB PRIMARY KEY,
    namespace INTEGER REFERENCES namespaces,
    owner BLOB NOT NULL,
    permissions TEXT NOT NULL,
    first_day INTEGER,
    last_day INTEGER,
    made INTEGER NOT NULL,
    revoked INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX bearers_by_namespace ON bearers (namespace, made);

-- Payload and outcome are sealed. `tries` counts how often a worker has taken the job, `lease`
-- says until when its worker holds it. Times are seconds since 1970.
CREATE TABLE jobs (
    tracking_id TEXT PRIMARY KEY,
    namespace INTEGER NOT NULL REFERENCES namespaces,
    call TEXT NOT NULL,
    owner BLOB NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('PENDING', 'IN-PROGRESS', 'SUCCESS', 'FAILED', 'PURGED')),
    submitted INTEGER NOT NULL,
    started INTEGER,
    ended INTEGER,
    lease INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    key_version INTEGER NOT NULL,
    payload BLOB,
    outcome BLOB
) STRICT;

CREATE INDEX jobs_open ON jobs (submitted) WHERE status IN ('PENDING', 'IN-PROGRESS');

CREATE INDEX jobs_full ON jobs (ended) WHERE ended IS NOT NULL AND payload IS NOT NULL;

CREATE INDEX jobs_by_namespace ON jobs (namespace);
