-- begin: start a transaction that may write, waiting for the writer of another process
BEGIN IMMEDIATE;

-- begin_alone: start a transaction that nobody may read beside
BEGIN EXCLUSIVE;

-- commit: make a transaction durable
COMMIT;

-- rollback: forget a transaction
ROLLBACK;

-- rows_by_index: all rows of some values; without the named index a planner that has no
-- statistics reads the whole namespace
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes
FROM carray(:wanted) AS wanted
CROSS JOIN tokens AS t INDEXED BY tokens_by_index
    ON t.namespace = :namespace AND t.blind_index = wanted.value;

-- rows_by_token: the rows of some tokens, ASCII case ignored
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes
FROM carray(:wanted) AS wanted
CROSS JOIN tokens AS t INDEXED BY tokens_by_token
    ON t.namespace = :namespace AND t.token = wanted.value;

-- add_row: keep one row; no target after ON CONFLICT, so that either unique index may object
INSERT INTO tokens (namespace, blind_index, alias, kind, token, counter, key_version, sealed,
                    day, attributes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- usage: how many rows each version of the data key has sealed
SELECT key_version, count(*) FROM (
    SELECT key_version FROM tokens WHERE namespace = :namespace
    UNION ALL
    SELECT key_version FROM kept WHERE namespace = :namespace
    UNION ALL
    SELECT key_version FROM jobs WHERE namespace = :namespace
) GROUP BY key_version;

-- kept: everything kept at some places, in order of arrival
SELECT k.place, k.part, k.key_version, k.sealed, k.day
FROM carray(:wanted) AS wanted
CROSS JOIN kept AS k INDEXED BY kept_by_place
    ON k.namespace = :namespace AND k.place = wanted.value
ORDER BY k.rowid;

-- keep: keep one thing; what is there stays, as young as the younger of the two
INSERT INTO kept (namespace, place, part, key_version, sealed, day) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, place, part) DO UPDATE SET day = excluded.day WHERE excluded.day > day;

-- is_old: whether anything was last used before a day
SELECT 1 FROM kept WHERE namespace = :namespace AND day < :before LIMIT 1;

-- forget: drop what was last used before a day
DELETE FROM kept WHERE namespace = :namespace AND day < :before;

-- namespace: the number of a namespace
SELECT namespace FROM namespaces WHERE name = :name;

-- add_namespace: number a namespace, unless it has a number
INSERT INTO namespaces (name) VALUES (:name) ON CONFLICT DO NOTHING;

-- has_namespace: whether a number is that of a namespace
SELECT 1 FROM namespaces WHERE namespace = :namespace AND gone = 0;

-- meta: what the vault says about itself
SELECT value FROM meta WHERE name = :name;

-- set_meta: say something, unless it has been said
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING;

-- keys: the keys of a namespace
SELECT role, version, state, wrapped, day FROM keys
WHERE namespace = :namespace
ORDER BY role, version;

-- add_key: keep one key, unless its version exists
INSERT INTO keys (namespace, role, version, state, wrapped, day)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- policies: the names of the policies of a namespace
SELECT name FROM policies WHERE namespace = :namespace ORDER BY name;

-- policy: one policy
SELECT document FROM policies WHERE namespace = :namespace AND name = :name;

-- put_policy: keep a policy, in place of one of the same name
INSERT INTO policies (namespace, name, document) VALUES (:namespace, :name, :document)
ON CONFLICT (namespace, name) DO UPDATE SET document = excluded.document;

-- delete_policy: forget a policy
DELETE FROM policies WHERE namespace = :namespace AND name = :name;

-- namespaces: every namespace that lives
SELECT name, namespace FROM namespaces WHERE gone = 0 ORDER BY namespace;

-- name_of: the name of a namespace that lives
SELECT name FROM namespaces WHERE namespace = :namespace AND gone = 0;

-- drop_namespace: mark a namespace as gone; its name is free again, its number is not
UPDATE namespaces SET gone = 1, name = randomblob(24) WHERE namespace = :namespace AND gone = 0;

-- drop_tokens: forget every token of a namespace
DELETE FROM tokens WHERE namespace = :namespace;

-- drop_kept: forget all that a namespace keeps for a while
DELETE FROM kept WHERE namespace = :namespace;

-- drop_keys: forget the keys of a namespace, without which nothing of it can be read
DELETE FROM keys WHERE namespace = :namespace;

-- drop_policies: forget the policies of a namespace
DELETE FROM policies WHERE namespace = :namespace;

-- drop_bearers: forget the bearers of a namespace
DELETE FROM bearers WHERE namespace = :namespace;

-- drop_jobs: forget the jobs of a namespace
DELETE FROM jobs WHERE namespace = :namespace;

-- bearer: one bearer by the digest of its token
SELECT digest, namespace, owner, permissions, first_day, last_day, made, revoked
FROM bearers WHERE digest = :digest;

-- bearers: the bearers of a namespace; of none: the master keys
SELECT digest, namespace, owner, permissions, first_day, last_day, made, revoked
FROM bearers WHERE namespace IS :namespace ORDER BY made, digest;

-- add_bearer: keep one bearer
INSERT INTO bearers (digest, namespace, owner, permissions, first_day, last_day, made, revoked)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- revoke: revoke one bearer
UPDATE bearers SET revoked = :at WHERE digest = :digest AND revoked IS NULL;

-- add_job: keep one job
INSERT INTO jobs (tracking_id, namespace, call, owner, status, submitted, started, ended,
                  key_version, payload, outcome)
VALUES (:tracking_id, :namespace, :call, :owner, :status, :submitted, :started, :ended,
        :key_version, :payload, :outcome);

-- jobs: some jobs of a namespace
SELECT j.tracking_id, j.namespace, j.call, j.owner, j.status, j.submitted, j.key_version,
       j.payload, j.outcome, j.started, j.ended, j.lease, j.tries
FROM carray(:wanted) AS wanted
CROSS JOIN jobs AS j ON j.tracking_id = wanted.value AND j.namespace = :namespace;

-- has_job: whether a job can be taken
SELECT 1 FROM jobs
WHERE status IN ('PENDING', 'IN-PROGRESS') AND (status = 'PENDING' OR lease < :now) LIMIT 1;

-- claim: take the oldest job that can be taken
UPDATE jobs SET status = 'IN-PROGRESS', started = coalesce(started, :now), lease = :lease,
                tries = tries + 1
WHERE rowid = (
    SELECT rowid FROM jobs
    WHERE status IN ('PENDING', 'IN-PROGRESS') AND (status = 'PENDING' OR lease < :now)
    ORDER BY submitted, rowid LIMIT 1
)
RETURNING tracking_id, namespace, call, owner, status, submitted, key_version, payload, outcome,
          started, ended, lease, tries;

-- renew: hold a job longer
UPDATE jobs SET lease = :lease
WHERE tracking_id = :id AND tries = :tries AND status = 'IN-PROGRESS';

-- end_job: what became of a job, said by the latest to take it
UPDATE jobs SET status = :status, ended = :ended, outcome = :outcome
WHERE tracking_id = :id AND tries = :tries AND status = 'IN-PROGRESS';

-- is_full: whether a job ended before a time and still has its payload
SELECT 1 FROM jobs WHERE ended IS NOT NULL AND payload IS NOT NULL AND ended < :before LIMIT 1;

-- purge: drop payloads and results; why something failed stays
UPDATE jobs SET payload = NULL,
                outcome = CASE status WHEN 'SUCCESS' THEN NULL ELSE outcome END,
                status = CASE status WHEN 'SUCCESS' THEN 'PURGED' ELSE status END
WHERE ended IS NOT NULL AND payload IS NOT NULL AND ended < :before;
