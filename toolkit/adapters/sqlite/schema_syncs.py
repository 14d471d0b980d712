"""Tables of syncs, version 1.

``inventory`` holds the objects this installation applied, as a superset of the truth while a sync
is under way. Secret values stand in none of these rows.
"""

SYNCS = """
CREATE TABLE sync_installation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    id TEXT NOT NULL
);

CREATE TABLE sync_environments (
    environment TEXT PRIMARY KEY,
    cluster_uid TEXT NOT NULL,
    synced_commit TEXT NOT NULL,
    synced_at TEXT NOT NULL,
    health TEXT NOT NULL
);

CREATE TABLE syncs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    initiator TEXT NOT NULL,
    stage TEXT NOT NULL,
    outcome TEXT NOT NULL,
    plan_hash TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    counts TEXT NOT NULL DEFAULT '{}',
    health TEXT NOT NULL DEFAULT '',
    started_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX syncs_by_environment ON syncs (environment, id);

CREATE TABLE sync_tasks (
    sync_id INTEGER NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    resource_id TEXT NOT NULL,
    action TEXT NOT NULL,
    is_done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sync_id, position)
) WITHOUT ROWID;

CREATE TABLE sync_inventory (
    environment TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    api_version TEXT NOT NULL,
    target_sha256 TEXT NOT NULL DEFAULT '',
    live_sha256 TEXT NOT NULL DEFAULT '',
    commit_sha TEXT NOT NULL,
    PRIMARY KEY (environment, resource_id)
) WITHOUT ROWID;
"""
