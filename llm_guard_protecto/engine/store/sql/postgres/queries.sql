-- set_up: what every session keeps to. The planner has no statistics of a young table, so that it
-- would read all of one; a commit waits for the disk, whatever the server's own setting
SELECT set_config('search_path', 'llm_guard_protecto, llm_guard_protecto_jobs, pg_temp', false),
       set_config('statement_timeout', %(patience)s, false),
       set_config('lock_timeout', %(patience)s, false),
       set_config('idle_in_transaction_session_timeout', '60000', false),
       set_config('enable_seqscan', 'off', false),
       set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false),
       set_config('jit', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                      WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false);

-- be_patient: let the statements of this transaction take longer, and read whole tables
SELECT set_config('statement_timeout', %(ms)s, true), set_config('lock_timeout', %(ms)s, true),
       set_config('enable_seqscan', 'on', true), set_config('enable_hashjoin', 'on', true),
       set_config('idle_in_transaction_session_timeout', '0', true);

-- be_patient_always: the same for the rest of a session
SELECT set_config('statement_timeout', %(ms)s, false), set_config('lock_timeout', %(ms)s, false),
       set_config('enable_seqscan', 'on', false), set_config('enable_hashjoin', 'on', false);

-- lock_schema: let only one process bring the schema up to date
SELECT pg_advisory_xact_lock(1818718257, 0);

-- has_schema: whether the schema of a vault exists, and whether it is one of ours; read from the
-- catalogue, as `to_regclass` may not know yet what was made while a lock was awaited
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'llm_guard_protecto'),
       EXISTS (SELECT FROM pg_tables
               WHERE schemaname = 'llm_guard_protecto' AND tablename = 'versions');

-- make_schema: the schema that holds all tables of a vault
CREATE SCHEMA IF NOT EXISTS llm_guard_protecto;

-- strangers: how many tables a schema has
SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('llm_guard_protecto');

-- make_versions: which migrations the schema has seen
CREATE TABLE versions (version integer PRIMARY KEY, made timestamptz NOT NULL DEFAULT now());

-- version: the version of the schema
SELECT coalesce(max(version), 0) FROM llm_guard_protecto.versions;

-- add_version: remember that a migration has run
INSERT INTO versions (version) VALUES (%(version)s);

-- share_namespace: keep a namespace from being dropped before this transaction has ended
SELECT pg_advisory_xact_lock_shared(1818718257, %(namespace)s);

-- own_namespace: wait until nobody else writes to a namespace
SELECT pg_advisory_xact_lock(1818718257, %(namespace)s);

-- share_keys: keep every key wrapped by the same root key until this transaction has ended
SELECT pg_advisory_xact_lock_shared(1818718257, -1);

-- own_keys: wait until nobody else writes a key of any namespace
SELECT pg_advisory_xact_lock(1818718257, -1);

-- generation: how often those who remember a namespace had to forget
SELECT generation FROM namespaces WHERE namespace = %(namespace)s AND NOT gone;

-- generations: the same for some namespaces
SELECT namespace, generation FROM namespaces
WHERE namespace = ANY (%(namespaces)s::integer[]) AND NOT gone;

-- bump: make those who remember a namespace forget
UPDATE namespaces SET generation = generation + 1 WHERE namespace = %(namespace)s;

-- rows_by_index: all rows of some values; of a namespace without such rows one empty one
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes, t.used
FROM namespaces AS n
LEFT JOIN tokens AS t
    ON t.namespace = n.namespace AND t.blind_index = ANY (%(wanted)b::bytea[])
WHERE n.namespace = %(namespace)s AND NOT n.gone;

-- rows_by_token: the rows of some tokens in lower case, ASCII case ignored
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes, t.used
FROM namespaces AS n
LEFT JOIN tokens AS t
    ON t.namespace = n.namespace AND lower(t.token) = ANY (%(wanted)b::text[])
WHERE n.namespace = %(namespace)s AND NOT n.gone;

-- add_rows: keep rows of namespaces that have not left a generation, in the order given, and say
-- which; no target after ON CONFLICT, so that either unique index may object
INSERT INTO tokens (namespace, blind_index, alias, kind, token, counter, key_version, sealed,
                    day, attributes, used)
SELECT n.namespace, u.blind_index, u.alias, u.kind, u.token, u.counter, u.key_version, u.sealed,
       u.day, u.attributes, u.used
FROM unnest(
    %(namespace)b::integer[], %(generation)b::bigint[], %(blind_index)b::bytea[],
    %(alias)b::integer[], %(kind)b::text[], %(token)b::text[], %(counter)b::integer[],
    %(key_version)b::integer[], %(sealed)b::bytea[], %(day)b::integer[], %(attributes)b::bytea[],
    %(used)b::integer[]
) WITH ORDINALITY AS u (namespace, generation, blind_index, alias, kind, token, counter,
                        key_version, sealed, day, attributes, used, place)
JOIN namespaces AS n ON n.namespace = u.namespace AND NOT n.gone
                    AND coalesce(u.generation, n.generation) = n.generation
ORDER BY u.place
ON CONFLICT DO NOTHING
RETURNING namespace, blind_index, alias, token;

-- usage: how many rows each version of the data key has sealed
SELECT key_version, count(*) FROM (
    SELECT key_version FROM tokens WHERE namespace = %(namespace)s
    UNION ALL
    SELECT key_version FROM kept WHERE namespace = %(namespace)s
    UNION ALL
    SELECT key_version FROM jobs WHERE namespace = %(namespace)s
) AS sealed GROUP BY key_version;

-- kept: everything kept at some places, in order of arrival
SELECT k.place, k.part, k.key_version, k.sealed, k.day
FROM namespaces AS n
LEFT JOIN kept AS k ON k.namespace = n.namespace AND k.place = ANY (%(wanted)b::bytea[])
WHERE n.namespace = %(namespace)s AND NOT n.gone
ORDER BY k.arrival;

-- keep: keep one thing; what is there stays, as young as the younger of the two
INSERT INTO kept AS k (namespace, place, part, key_version, sealed, day)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (namespace, place, part) DO UPDATE SET day = excluded.day WHERE excluded.day > k.day;

-- is_old: whether anything was last used before a day
SELECT 1 FROM kept WHERE namespace = %(namespace)s AND day < %(before)s LIMIT 1;

-- forget: drop what was last used before a day
DELETE FROM kept WHERE namespace = %(namespace)s AND day < %(before)s;

-- namespace: the number of a namespace
SELECT namespace FROM namespaces WHERE name = %(name)s;

-- add_namespace: number a namespace, unless it has a number
INSERT INTO namespaces (name) VALUES (%(name)s) ON CONFLICT DO NOTHING;

-- meta: what the vault says about itself
SELECT value FROM meta WHERE name = %(name)s;

-- set_meta: say something, unless it has been said
INSERT INTO meta (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT DO NOTHING;

-- keys: the keys of a namespace
SELECT k.role, k.version, k.state, k.wrapped, k.day, k.uses
FROM namespaces AS n LEFT JOIN keys AS k ON k.namespace = n.namespace
WHERE n.namespace = %(namespace)s AND NOT n.gone
ORDER BY k.role, k.version;

-- add_key: keep one key, unless its version exists
INSERT INTO keys (namespace, role, version, state, wrapped, day)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING;

-- policies: the names of the policies of a namespace
SELECT p.name
FROM namespaces AS n LEFT JOIN policies AS p ON p.namespace = n.namespace
WHERE n.namespace = %(namespace)s AND NOT n.gone
ORDER BY p.name;

-- policy: one policy
SELECT p.document
FROM namespaces AS n LEFT JOIN policies AS p ON p.namespace = n.namespace AND p.name = %(name)s
WHERE n.namespace = %(namespace)s AND NOT n.gone;

-- put_policy: keep a policy, in place of one of the same name
INSERT INTO policies (namespace, name, document)
VALUES (%(namespace)s, %(name)s, %(document)s)
ON CONFLICT (namespace, name) DO UPDATE SET document = excluded.document;

-- delete_policy: forget a policy
DELETE FROM policies WHERE namespace = %(namespace)s AND name = %(name)s;

-- namespaces: every namespace that lives
SELECT name, namespace FROM namespaces WHERE NOT gone ORDER BY namespace;

-- name_of: the name of a namespace that lives
SELECT name FROM namespaces WHERE namespace = %(namespace)s AND NOT gone;

-- drop_namespace: mark a namespace as gone; its name is free again, its number is not
UPDATE namespaces SET gone = true, name = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
WHERE namespace = %(namespace)s AND NOT gone;

-- drop_tokens: forget every token of a namespace
DELETE FROM tokens WHERE namespace = %(namespace)s;

-- drop_subjects: forget whose values a namespace has
DELETE FROM subjects WHERE namespace = %(namespace)s;

-- drop_audit: forget the chain of a namespace
DELETE FROM audit WHERE namespace = %(namespace)s;

-- drop_audit_heads: forget where the chain of a namespace stood
DELETE FROM audit_heads WHERE namespace = %(namespace)s;

-- drop_hits: forget the counts of a namespace
DELETE FROM hits WHERE namespace = %(namespace)s;

-- drop_kept: forget all that a namespace keeps for a while
DELETE FROM kept WHERE namespace = %(namespace)s;

-- drop_keys: forget the keys of a namespace, without which nothing of it can be read
DELETE FROM keys WHERE namespace = %(namespace)s;

-- drop_policies: forget the policies of a namespace
DELETE FROM policies WHERE namespace = %(namespace)s;

-- drop_bearers: forget the bearers of a namespace
DELETE FROM bearers WHERE namespace = %(namespace)s;

-- drop_jobs: forget the jobs of a namespace
DELETE FROM jobs WHERE namespace = %(namespace)s;

-- bearer: one bearer by the digest of its token
SELECT digest, namespace, owner, permissions, first_day, last_day, made, revoked
FROM bearers WHERE digest = %(digest)s;

-- bearers: the bearers of a namespace; of none: the master keys
SELECT digest, namespace, owner, permissions, first_day, last_day, made, revoked
FROM bearers WHERE namespace IS NOT DISTINCT FROM %(namespace)s::integer ORDER BY made, digest;

-- add_bearer: keep one bearer
INSERT INTO bearers (digest, namespace, owner, permissions, first_day, last_day, made, revoked)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING;

-- revoke: revoke one bearer
UPDATE bearers SET revoked = %(at)s WHERE digest = %(digest)s AND revoked IS NULL;

-- add_job: keep one job
INSERT INTO jobs (tracking_id, namespace, call, owner, status, submitted, started, ended,
                  key_version, payload, outcome)
VALUES (%(tracking_id)s, %(namespace)s, %(call)s, %(owner)s, %(status)s, %(submitted)s,
        %(started)s, %(ended)s, %(key_version)s, %(payload)s, %(outcome)s)
RETURNING true;

-- jobs: some jobs of a namespace
SELECT tracking_id, namespace, call, owner, status, submitted, key_version, payload, outcome,
       started, ended, lease, tries
FROM jobs WHERE tracking_id = ANY (%(wanted)s::text[]) AND namespace = %(namespace)s;

-- claim: take the oldest job that can be taken and that nobody else is just taking
UPDATE jobs SET status = 'IN-PROGRESS', started = coalesce(started, %(now)s), lease = %(lease)s,
                tries = tries + 1
WHERE tracking_id = (
    SELECT tracking_id FROM jobs
    WHERE status IN ('PENDING', 'IN-PROGRESS') AND (status = 'PENDING' OR lease < %(now)s)
    ORDER BY submitted, arrival LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING tracking_id, namespace, call, owner, status, submitted, key_version, payload, outcome,
          started, ended, lease, tries;

-- renew: hold a job longer
UPDATE jobs SET lease = %(lease)s
WHERE tracking_id = %(id)s AND tries = %(tries)s AND status = 'IN-PROGRESS';

-- end_job: what became of a job, said by the latest to take it; who handed it out forgets it, by
-- procrastinate's own statement
WITH ended AS (
    UPDATE jobs SET status = %(status)s, ended = %(ended)s, outcome = %(outcome)s
    WHERE tracking_id = %(tracking_id)s AND tries = %(tries)s AND status = 'IN-PROGRESS'
    RETURNING dispatch
)
SELECT CASE WHEN handed.id IS NOT NULL THEN {finish} END
FROM ended LEFT JOIN procrastinate_jobs AS handed
    ON handed.id = ended.dispatch AND handed.status IN ('todo', 'doing');

-- has_ended: whether a job has ended just so
SELECT 1 FROM jobs
WHERE tracking_id = %(tracking_id)s AND tries = %(tries)s AND status = %(status)s
    AND ended = %(ended)s AND outcome IS NOT DISTINCT FROM %(outcome)s;

-- has_added: whether a job was added just so
SELECT 1 FROM jobs
WHERE tracking_id = %(tracking_id)s AND payload IS NOT DISTINCT FROM %(payload)s
    AND outcome IS NOT DISTINCT FROM %(outcome)s;

-- is_open: whether a job has yet to end
SELECT 1 FROM jobs WHERE tracking_id = %(id)s AND status IN ('PENDING', 'IN-PROGRESS');

-- purge: drop payloads and results; why something failed stays
UPDATE jobs SET payload = NULL,
                outcome = CASE status WHEN 'SUCCESS' THEN NULL ELSE outcome END,
                status = CASE status WHEN 'SUCCESS' THEN 'PURGED' ELSE status END
WHERE ended IS NOT NULL AND payload IS NOT NULL AND ended < %(before)s;

-- dispatch_seen: the newest migration that procrastinate's schema has seen, if that is there; read
-- from the catalogue, as `to_regnamespace` may not know yet what was made while a lock was awaited
SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace
WHERE nspname = 'llm_guard_protecto_jobs';

-- dispatch_schema: the schema of procrastinate's tables
CREATE SCHEMA IF NOT EXISTS llm_guard_protecto_jobs;

-- dispatch_path: make and change tables there in this transaction
SELECT set_config('search_path', 'llm_guard_protecto_jobs, pg_temp', true);

-- dispatch_set_up: what a session of a dispatcher does not wait for: when the server loses what it
-- has handed out, it hands it out again
SELECT set_config('synchronous_commit', 'off', false);

-- dispatch_fetch: take the next job by procrastinate's own statement, and with it our own, unless
-- it has ended, somebody else has it, or is just ending it
WITH fetched AS MATERIALIZED (
    {fetch}
),
free AS MATERIALIZED (
    SELECT j.tracking_id FROM fetched JOIN jobs AS j ON j.tracking_id = fetched.args ->> 'tracking_id'
    WHERE j.status = 'PENDING' OR (j.status = 'IN-PROGRESS' AND j.lease < %(now)s)
    FOR UPDATE OF j SKIP LOCKED
),
taken AS (
    UPDATE jobs AS j SET status = 'IN-PROGRESS', started = coalesce(j.started, %(now)s),
                         lease = %(lease)s, tries = j.tries + 1, dispatch = fetched.id
    FROM free CROSS JOIN fetched WHERE j.tracking_id = free.tracking_id
    RETURNING j.*
)
SELECT f.id, f.status, f.task_name, f.priority, f.lock, f.queueing_lock, f.args, f.scheduled_at,
       f.queue_name, f.attempts, f.worker_id, t.tracking_id, t.namespace, t.call, t.owner,
       t.submitted, t.key_version, t.payload, t.started, t.lease, t.tries
FROM fetched AS f LEFT JOIN taken AS t ON true;

-- page_of_rows: the rows behind a token, in order of their tokens
SELECT t.blind_index, t.alias, t.kind, t.token, t.counter, t.key_version, t.sealed, t.day,
       t.attributes, t.used
FROM tokens AS t
WHERE t.namespace = %(namespace)s AND lower(t.token) > lower(%(after)s)
ORDER BY lower(t.token) LIMIT %(limit)s;

-- page_of_kept: what is kept behind a place and part, in order of both
SELECT k.place, k.part, k.key_version, k.sealed, k.day
FROM kept AS k
WHERE k.namespace = %(namespace)s AND (k.place, k.part) > (%(place)s, %(part)s)
ORDER BY k.place, k.part LIMIT %(limit)s;

-- page_of_jobs: the jobs behind a tracking id, in order of their ids
SELECT j.tracking_id, j.namespace, j.call, j.owner, j.status, j.submitted, j.key_version,
       j.payload, j.outcome, j.started, j.ended, j.lease, j.tries
FROM jobs AS j
WHERE j.namespace = %(namespace)s AND j.tracking_id > %(after)s
ORDER BY j.tracking_id LIMIT %(limit)s;

-- kinds: the kinds of tokens that a namespace has
SELECT kind FROM tokens WHERE namespace = %(namespace)s GROUP BY kind ORDER BY kind COLLATE "C";

-- replace_row: write a row anew, if nobody has since it was read
UPDATE tokens SET blind_index = %s, key_version = %s, sealed = %s, attributes = %s
WHERE namespace = %s AND lower(token) = lower(%s) AND sealed = %s;

-- replace_kept: write something kept anew, if nobody has since it was read
UPDATE kept SET key_version = %s, sealed = %s
WHERE namespace = %s AND place = %s AND part = %s AND sealed = %s;

-- replace_job: write a job anew, if nobody has since it was read
UPDATE jobs SET status = %s, key_version = %s, payload = %s, outcome = %s, ended = %s
WHERE namespace = %s AND tracking_id = %s AND status = %s
  AND payload IS NOT DISTINCT FROM %s::bytea AND outcome IS NOT DISTINCT FROM %s::bytea;

-- remove_rows: forget some rows, with their links
WITH removed AS (
    DELETE FROM tokens
    WHERE namespace = %(namespace)s AND lower(token) = ANY (%(tokens)s::text[])
    RETURNING lower(token) AS token
), unlinked AS (
    DELETE FROM subjects AS s USING removed AS r
    WHERE s.namespace = %(namespace)s AND s.token = r.token
)
SELECT count(*) FROM removed;

-- remove_kept: forget one thing that was kept
DELETE FROM kept WHERE namespace = %s AND place = %s AND part = %s;

-- old_rows: tokens of rows that nobody has used since a day
SELECT lower(token) FROM tokens
WHERE namespace = %(namespace)s AND greatest(day, used) < %(before)s LIMIT %(limit)s;

-- remove_old: forget rows, unless they were used again
WITH removed AS (
    DELETE FROM tokens
    WHERE namespace = %(namespace)s AND lower(token) = ANY (%(tokens)s::text[])
      AND greatest(day, used) < %(before)s
    RETURNING lower(token) AS token
), unlinked AS (
    DELETE FROM subjects AS s USING removed AS r
    WHERE s.namespace = %(namespace)s AND s.token = r.token
)
SELECT count(*) FROM removed;

-- count_old: how many rows, and how much of what is kept, nobody has used since a day
SELECT (SELECT count(*) FROM tokens
        WHERE namespace = %(namespace)s AND greatest(day, used) < %(before)s),
       (SELECT count(*) FROM kept WHERE namespace = %(namespace)s AND day < %(before)s);

-- touch: say that rows were used on a day
UPDATE tokens SET used = %(day)s
WHERE namespace = %(namespace)s AND lower(token) = ANY (%(tokens)s::text[]) AND used < %(day)s;

-- sweep: be the one who looks on this day for what has aged
UPDATE namespaces SET swept = %(day)s WHERE namespace = %(namespace)s AND swept < %(day)s;

-- swept: the last day on which somebody looked for what had aged
SELECT swept FROM namespaces WHERE namespace = %(namespace)s;

-- link: say whose values some tokens stand for
INSERT INTO subjects (namespace, subject, token, index_version)
SELECT namespace, %(subject)s, lower(token), %(version)s FROM tokens
WHERE namespace = %(namespace)s AND lower(token) = ANY (%(tokens)s::text[])
ON CONFLICT DO NOTHING;

-- linked: the tokens of some subjects
SELECT DISTINCT t.token
FROM subjects AS s
JOIN tokens AS t ON t.namespace = s.namespace AND lower(t.token) = s.token
WHERE s.namespace = %(namespace)s AND s.subject = ANY (%(wanted)b::bytea[]);

-- links: how many links there are by each version of the index key
SELECT index_version, count(*) FROM subjects WHERE namespace = %(namespace)s
GROUP BY index_version;

-- put_key: write a key over the one of its version; how often it was used stays
INSERT INTO keys (namespace, role, version, state, wrapped, day) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (namespace, role, version) DO UPDATE
SET state = excluded.state, wrapped = excluded.wrapped;

-- every_key: the keys of all namespaces that live
SELECT n.namespace, n.name, k.role, k.version, k.state, k.wrapped, k.day, k.uses
FROM keys AS k JOIN namespaces AS n ON n.namespace = k.namespace AND NOT n.gone;

-- rewrap: wrap a key anew
UPDATE keys SET wrapped = %s WHERE namespace = %s AND role = %s AND version = %s;

-- change_meta: say something else
UPDATE meta SET value = %(value)s WHERE name = %(name)s;

-- reserve: count uses of a data key
UPDATE keys SET uses = uses + %(count)s
WHERE namespace = %(namespace)s AND role = 'data' AND version = %(version)s RETURNING uses;

-- tables: every table of a vault
SELECT relname FROM pg_class
WHERE relnamespace = 'llm_guard_protecto'::regnamespace AND relkind = 'r' ORDER BY relname;

-- broken_indexes: indexes that PostgreSQL itself does not trust
SELECT c.relname FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'llm_guard_protecto'::regnamespace AND NOT (i.indisvalid AND i.indisready)
ORDER BY c.relname;

-- own_audit: wait until nobody else writes to the chain of a namespace
SELECT pg_advisory_xact_lock(1818718258, %(namespace)s);

-- audit_head: where a chain stands
SELECT base, base_code, number, code FROM audit_heads WHERE namespace = %(namespace)s;

-- put_audit_head: say where a chain stands now
INSERT INTO audit_heads (namespace, base, base_code, number, code) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (namespace) DO UPDATE SET base = excluded.base, base_code = excluded.base_code,
                                      number = excluded.number, code = excluded.code;

-- add_audit: put entries in their places, which nobody else can have
INSERT INTO audit (namespace, number, moment, entry, tokens, code)
SELECT %(namespace)s::integer, u.* FROM unnest(
    %(number)s::bigint[], %(moment)s::bigint[], %(entry)b::bytea[], %(tokens)b::bytea[],
    %(code)b::bytea[]
) AS u;

-- audit_rows: entries in order, between two moments
SELECT number, moment, entry, tokens, code FROM audit
WHERE namespace = %(namespace)s AND number > %(after)s AND moment BETWEEN %(first)s AND %(last)s
ORDER BY number LIMIT %(limit)s;

-- audit_count: how many entries there are between two moments
SELECT count(*) FROM audit
WHERE namespace = %(namespace)s AND moment BETWEEN %(first)s AND %(last)s;

-- audit_first_kept: the first entry that is not old
SELECT min(number) FROM audit WHERE namespace = %(namespace)s AND moment >= %(before)s;

-- audit_code: the code of one entry
SELECT code FROM audit WHERE namespace = %(namespace)s AND number = %(number)s;

-- audit_cut: forget the beginning of a chain
DELETE FROM audit WHERE namespace = %(namespace)s AND number <= %(through)s;

-- add_hit: count calls of one kind
INSERT INTO hits AS h (namespace, day, api, status, caller, count, last)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (namespace, day, api, status, caller) DO UPDATE
SET count = h.count + excluded.count, last = greatest(h.last, excluded.last);

-- hits: the counts of some days
SELECT day, api, status, caller, count, last FROM hits
WHERE namespace = %(namespace)s AND day BETWEEN %(first)s AND %(last)s
ORDER BY day, api COLLATE "C", status COLLATE "C", caller;

-- dispatch_finish: let procrastinate forget a job, if it has not
SELECT {finish} FROM procrastinate_jobs AS handed
WHERE handed.id = %(id)s AND handed.status IN ('todo', 'doing');
