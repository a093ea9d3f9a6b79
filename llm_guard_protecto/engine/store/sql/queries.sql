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
       t.attributes, t.used
FROM carray(:wanted) AS wanted
CROSS JOIN tokens AS t INDEXED BY tokens_by_index
    ON t.namespace = :namespace AND t.blind_index = wanted.value;

-- rows_by_token: the rows of some tokens, ASCII case ignored
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes, t.used
FROM carray(:wanted) AS wanted
CROSS JOIN tokens AS t INDEXED BY tokens_by_token
    ON t.namespace = :namespace AND t.token = wanted.value;

-- add_row: keep one row, and say that it was kept; no target after ON CONFLICT, so that either
-- unique index may object
INSERT INTO tokens (namespace, blind_index, alias, kind, token, counter, key_version, sealed,
                    day, attributes, used)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
RETURNING blind_index, alias, token;

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

-- meta: what the vault says about itself
SELECT value FROM meta WHERE name = :name;

-- set_meta: say something, unless it has been said
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING;

-- keys: the keys of a namespace
SELECT role, version, state, wrapped, day, uses FROM keys
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

-- is_open: whether a job has yet to end
SELECT 1 FROM jobs WHERE tracking_id = :id AND status IN ('PENDING', 'IN-PROGRESS');

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
WHERE tracking_id = :tracking_id AND tries = :tries AND status = 'IN-PROGRESS';

-- is_full: whether a job ended before a time and still has its payload
SELECT 1 FROM jobs WHERE ended IS NOT NULL AND payload IS NOT NULL AND ended < :before LIMIT 1;

-- purge: drop payloads and results; why something failed stays
UPDATE jobs SET payload = NULL,
                outcome = CASE status WHEN 'SUCCESS' THEN NULL ELSE outcome END,
                status = CASE status WHEN 'SUCCESS' THEN 'PURGED' ELSE status END
WHERE ended IS NOT NULL AND payload IS NOT NULL AND ended < :before;

-- audit_head: where a chain stands
SELECT base, base_code, number, code FROM audit_heads WHERE namespace = :namespace;

-- put_audit_head: say where a chain stands now
INSERT INTO audit_heads (namespace, base, base_code, number, code) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (namespace) DO UPDATE SET base = excluded.base, base_code = excluded.base_code,
                                      number = excluded.number, code = excluded.code;

-- add_audit: put one entry in its place, which nobody else can have
INSERT INTO audit (namespace, number, moment, entry, tokens, code) VALUES (?, ?, ?, ?, ?, ?);

-- audit_rows: entries in order, between two moments
SELECT number, moment, entry, tokens, code FROM audit
WHERE namespace = :namespace AND number > :after AND moment BETWEEN :first AND :last
ORDER BY number LIMIT :limit;

-- audit_count: how many entries there are between two moments
SELECT count(*) FROM audit WHERE namespace = :namespace AND moment BETWEEN :first AND :last;

-- audit_first_kept: the first entry that is not old
SELECT min(number) FROM audit WHERE namespace = :namespace AND moment >= :before;

-- audit_code: the code of one entry
SELECT code FROM audit WHERE namespace = :namespace AND number = :number;

-- audit_cut: forget the beginning of a chain
DELETE FROM audit WHERE namespace = :namespace AND number <= :through;

-- drop_audit: forget the chain of a namespace
DELETE FROM audit WHERE namespace = :namespace;

-- drop_audit_heads: forget where the chain of a namespace stood
DELETE FROM audit_heads WHERE namespace = :namespace;

-- add_hit: count calls of one kind
INSERT INTO hits (namespace, day, api, status, user, count, last) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, day, api, status, user) DO UPDATE
SET count = count + excluded.count, last = max(last, excluded.last);

-- hits: the counts of some days
SELECT day, api, status, user, count, last FROM hits
WHERE namespace = :namespace AND day BETWEEN :first AND :last
ORDER BY day, api, status, user;

-- drop_hits: forget the counts of a namespace
DELETE FROM hits WHERE namespace = :namespace;

-- generation: how often those who remember a namespace had to forget
SELECT generation FROM namespaces WHERE namespace = :namespace AND gone = 0;

-- bump: make those who remember a namespace forget
UPDATE namespaces SET generation = generation + 1 WHERE namespace = :namespace;

-- page_of_rows: the rows behind a token, in order of their tokens
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes, t.used
FROM tokens AS t INDEXED BY tokens_by_token
WHERE t.namespace = :namespace AND t.token > :after
ORDER BY t.token LIMIT :limit;

-- page_of_kept: what is kept behind a place and part, in order of both
SELECT k.place, k.part, k.key_version, k.sealed, k.day
FROM kept AS k INDEXED BY kept_by_place
WHERE k.namespace = :namespace AND (k.place, k.part) > (:place, :part)
ORDER BY k.place, k.part LIMIT :limit;

-- page_of_jobs: the jobs behind a tracking id, in order of their ids
SELECT j.tracking_id, j.namespace, j.call, j.owner, j.status, j.submitted, j.key_version,
       j.payload, j.outcome, j.started, j.ended, j.lease, j.tries
FROM jobs AS j
WHERE j.namespace = :namespace AND j.tracking_id > :after
ORDER BY j.tracking_id LIMIT :limit;

-- kinds: the kinds of tokens that a namespace has
SELECT DISTINCT kind FROM tokens WHERE namespace = :namespace ORDER BY kind;

-- replace_row: write a row anew, if nobody has since it was read
UPDATE tokens SET blind_index = ?, key_version = ?, sealed = ?, attributes = ?
WHERE namespace = ? AND token = ? AND sealed = ?;

-- replace_kept: write something kept anew, if nobody has since it was read
UPDATE kept SET key_version = ?, sealed = ?
WHERE namespace = ? AND place = ? AND part = ? AND sealed = ?;

-- replace_job: write a job anew, if nobody has since it was read
UPDATE jobs SET status = ?, key_version = ?, payload = ?, outcome = ?, ended = ?
WHERE namespace = ? AND tracking_id = ? AND status = ? AND payload IS ? AND outcome IS ?;

-- remove_row: forget one row
DELETE FROM tokens WHERE namespace = ? AND token = ?;

-- remove_kept: forget one thing that was kept
DELETE FROM kept WHERE namespace = ? AND place = ? AND part = ?;

-- old_rows: tokens of rows that nobody has used since a day
SELECT token FROM tokens
WHERE namespace = :namespace AND max(day, used) < :before LIMIT :limit;

-- remove_old: forget a row, unless it was used again
DELETE FROM tokens WHERE namespace = ? AND token = ? AND max(day, used) < ?;

-- count_old: how many rows nobody has used since a day
SELECT count(*) FROM tokens WHERE namespace = :namespace AND max(day, used) < :before;

-- count_old_kept: how much of what is kept nobody has used since a day
SELECT count(*) FROM kept WHERE namespace = :namespace AND day < :before;

-- touch: say that a row was used on a day
UPDATE tokens SET used = ? WHERE namespace = ? AND token = ? AND used < ?;

-- sweep: be the one who looks on this day for what has aged
UPDATE namespaces SET swept = :day WHERE namespace = :namespace AND swept < :day;

-- swept: the last day on which somebody looked for what had aged
SELECT swept FROM namespaces WHERE namespace = :namespace;

-- link: say whose value a token stands for
INSERT INTO subjects (namespace, subject, token, index_version)
SELECT namespace, ?, token, ? FROM tokens WHERE namespace = ? AND token = ?
ON CONFLICT DO NOTHING;

-- linked: the tokens of some subjects
SELECT DISTINCT s.token
FROM carray(:wanted) AS wanted
CROSS JOIN subjects AS s ON s.namespace = :namespace AND s.subject = wanted.value;

-- links: how many links there are by each version of the index key
SELECT index_version, count(*) FROM subjects WHERE namespace = :namespace GROUP BY index_version;

-- put_key: write a key over the one of its version; how often it was used stays
INSERT INTO keys (namespace, role, version, state, wrapped, day) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (namespace, role, version) DO UPDATE
SET state = excluded.state, wrapped = excluded.wrapped;

-- every_key: the keys of all namespaces that live
SELECT n.namespace, n.name, k.role, k.version, k.state, k.wrapped, k.day, k.uses
FROM keys AS k JOIN namespaces AS n ON n.namespace = k.namespace AND n.gone = 0;

-- rewrap: wrap a key anew
UPDATE keys SET wrapped = ? WHERE namespace = ? AND role = ? AND version = ?;

-- change_meta: say something else
UPDATE meta SET value = :value WHERE name = :name;

-- reserve: count uses of a data key
UPDATE keys SET uses = uses + :count
WHERE namespace = :namespace AND role = 'data' AND version = :version RETURNING uses;

-- vacuum: write the whole file anew, so that no page keeps a trace of what it once held
VACUUM;

-- checkpoint: bring everything from the log into the file, and empty the log
PRAGMA wal_checkpoint(TRUNCATE);

-- integrity: what is wrong with the file
PRAGMA integrity_check(20);
