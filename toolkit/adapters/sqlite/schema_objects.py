"""Tables of objects, version 1.

An object's present text stands in ``objects`` only. Its event has no text until a later version
takes its place, and then gets the old one: nothing is stored twice, and the log can answer for
any version since the last compaction. A Secret's old text enters the log without its values.
"""

OBJECTS = """
CREATE TABLE objects (
  id INTEGER PRIMARY KEY,
  cluster TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (cluster, kind, namespace, name)
);
CREATE INDEX objects_by_namespace ON objects (cluster, namespace);

CREATE TABLE object_labels (
  object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  label TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (object, label)
) WITHOUT ROWID;
CREATE INDEX object_labels_by_value ON object_labels (label, value, object);

CREATE TABLE object_owners (
  object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
  owner TEXT NOT NULL,
  PRIMARY KEY (object, owner)
) WITHOUT ROWID;
CREATE INDEX object_owners_by_owner ON object_owners (owner, object);

CREATE TABLE object_events (
  version INTEGER PRIMARY KEY AUTOINCREMENT,
  cluster TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT
);
CREATE INDEX object_events_by_kind ON object_events (cluster, kind, version);
CREATE INDEX object_events_by_object ON object_events (cluster, kind, namespace, name, version);

CREATE TABLE object_compaction (version INTEGER NOT NULL);
INSERT INTO object_compaction VALUES (0);
"""
