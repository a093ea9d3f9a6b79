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
SELECT key_version, count(*) FROM tokens WHERE namespace = :namespace GROUP BY key_version;

-- namespace: the number of a namespace
SELECT namespace FROM namespaces WHERE name = :name;

-- add_namespace: number a namespace, unless it has a number
INSERT INTO namespaces (name) VALUES (:name) ON CONFLICT DO NOTHING;

-- has_namespace: whether a number is that of a namespace
SELECT 1 FROM namespaces WHERE namespace = :namespace;

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
