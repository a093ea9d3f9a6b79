-- What rotation, erasure and retention need. A day of 0 means never.

-- Counted up whenever keys, policies or what is stored of a namespace are changed under those who
-- remember them; `swept` is the last day on which what had aged was looked for.
ALTER TABLE namespaces ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

ALTER TABLE namespaces ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;

-- How often a data key may have sealed something: reserved in blocks, so never too low.
ALTER TABLE keys ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;

UPDATE keys SET uses = (
    SELECT count(*) FROM tokens
    WHERE tokens.namespace = keys.namespace AND tokens.key_version = keys.version
) WHERE role = 'data';

ALTER TABLE tokens ADD COLUMN used INTEGER NOT NULL DEFAULT 0;

-- Whose values they are: a subject is a blind index by the index key of that version.
CREATE TABLE subjects (
    namespace INTEGER NOT NULL,
    subject BLOB NOT NULL,
    token TEXT NOT NULL COLLATE NOCASE,
    index_version INTEGER NOT NULL,
    PRIMARY KEY (namespace, subject, token),
    FOREIGN KEY (namespace, token) REFERENCES tokens (namespace, token) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX subjects_by_token ON subjects (namespace, token);
