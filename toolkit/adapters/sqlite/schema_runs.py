"""Tables of runs, versions 1 and 2.

Rows are JSON as the step machine gives them; the columns beside are what we look rows up by.
``commands`` holds only what is not yet answered.

A finished run whose Workflow is deleted stays, as the archive: ``object`` is that Workflow without
its status (NULL: not in the archive), ``gone_at`` when it was deleted, ``size_bytes`` what all
rows of the run take, measured when its end was shown.
"""

RUNS = """
CREATE TABLE runs (
    uid TEXT PRIMARY KEY,
    cluster TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    finished_at TEXT,
    is_settled INTEGER NOT NULL DEFAULT 0,
    row TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_cluster ON runs (cluster, is_settled);

CREATE TABLE run_nodes (
    run_uid TEXT NOT NULL REFERENCES runs (uid) ON DELETE CASCADE,
    id TEXT NOT NULL,
    row TEXT NOT NULL,
    PRIMARY KEY (run_uid, id)
) WITHOUT ROWID;

CREATE TABLE run_commands (
    number INTEGER PRIMARY KEY,
    run_uid TEXT NOT NULL REFERENCES runs (uid) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    row TEXT NOT NULL
);
CREATE INDEX run_commands_by_run ON run_commands (run_uid);

CREATE TABLE run_audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_uid TEXT NOT NULL REFERENCES runs (uid) ON DELETE CASCADE,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    node_id TEXT NOT NULL
);
CREATE INDEX run_audit_by_run ON run_audit (run_uid);
"""

ARCHIVE = """
ALTER TABLE runs ADD COLUMN object TEXT;
ALTER TABLE runs ADD COLUMN gone_at TEXT;
ALTER TABLE runs ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_by_end ON runs (cluster, finished_at);
UPDATE runs SET size_bytes = length(row) + (
    SELECT coalesce(sum(length(run_nodes.row)), 0) FROM run_nodes WHERE run_uid = runs.uid
) WHERE finished_at IS NOT NULL;
UPDATE runs SET object = (
    SELECT json_remove(body, '$.status', '$.metadata.managedFields') FROM objects
    WHERE objects.cluster = runs.cluster AND kind = 'argoproj.io/Workflow'
    AND objects.namespace = runs.namespace AND objects.name = runs.name
    AND json_extract(body, '$.metadata.uid') = runs.uid
) WHERE is_settled = 1;
"""

RUN_LOCKS = """
CREATE TABLE run_locks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_uid TEXT NOT NULL REFERENCES runs (uid) ON DELETE CASCADE,
    node_id TEXT NOT NULL,
    row TEXT NOT NULL,
    UNIQUE (run_uid, node_id)
);
"""
"""What runs hold and wait for of locks; ``node_id`` is "" for a whole run."""
