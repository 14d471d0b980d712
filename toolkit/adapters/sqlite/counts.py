"""How many objects there are, by phase: for metrics, one look at the database each time."""

from __future__ import annotations

from toolkit.adapters.sqlite.database import Database

_WORKFLOWS = """
    SELECT objects.cluster, coalesce(value, 'Pending'), count(*) FROM objects
    LEFT JOIN object_labels ON object = id AND label = 'workflows.argoproj.io/phase'
    WHERE kind = 'argoproj.io/Workflow' GROUP BY 1, 2
"""
_PODS = """
    SELECT cluster, coalesce(json_extract(body, '$.status.phase'), 'Pending'), count(*)
    FROM objects WHERE kind = '/Pod' GROUP BY 1, 2
"""

Counts = dict[tuple[str, str], int]
"""By cluster and phase."""


def workflows_by_phase(database: Database) -> Counts:
    """All Workflows of all clusters."""
    return _counted(database, _WORKFLOWS)


def pods_by_phase(database: Database) -> Counts:
    """All Pods of all clusters."""
    return _counted(database, _PODS)


def _counted(database: Database, query: str) -> Counts:
    with database.read() as connection:
        return {(cluster, phase): n for cluster, phase, n in connection.execute(query)}
