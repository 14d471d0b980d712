"""What is known of past runs: from an environment's cluster, or from a file."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import ExpressionError, UsageError
from toolkit.repository.settings import Environment
from toolkit.source import Location
from toolkit.wiring.clusters import open_cluster
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.rehearsal.experience import Experience, experience_of, read_experience
from toolkit.workflow.submission.submission import WORKFLOW, is_finished
from toolkit.yaml import SETTINGS, load_all

HISTORY = "history"


def past(workspace: Workspace, environment: Environment, source: str) -> Experience:
    """``history``: the finished runs in the environment's cluster, none where there is no state
    yet. Anything else is a file. Raises UsageError, YamlError, ExpressionError.
    """
    if source != HISTORY:
        return _from_file(source)
    if environment.destination.is_embedded and not (workspace.state / "state.db").exists():
        return Experience()
    with open_cluster(workspace, environment, write=False) as cluster:
        found = cluster.list(WORKFLOW, environment.namespace).items
    ended = [workflow for workflow in found if is_finished(workflow)]
    return experience_of(sorted(ended, key=lambda one: str(one["status"].get("finishedAt"))))


def _from_file(path: str) -> Experience:
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    documents = load_all(text, path, dialect=SETTINGS)
    try:
        return read_experience(documents[0] if documents else {})
    except ExpressionError as error:
        raise ExpressionError(error.message, location=Location(path, 1, 1)) from error
