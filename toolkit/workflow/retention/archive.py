"""The archive: finished runs as the Workflows they were, after the objects themselves are gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from toolkit.errors import RefusedError
from toolkit.resource.resource import Body
from toolkit.workflow import verbs
from toolkit.workflow.ports import ArchivedRun, StoredRun
from toolkit.workflow.run import Run, load
from toolkit.workflow.status.projection import GROUP, project_workflow, summary_status

ARCHIVING_LABEL: Final = f"{GROUP}/workflow-archiving-status"
ARCHIVED: Final = "Archived"
"""The status of a Workflow that has ended and is still there; its rows are the archive."""
PERSISTED: Final = "Persisted"
"""The status, as Argo shows it, of what was read from the archive."""
ADOPTS: Final = "gitops.toolkit/archived-run"
"""The annotation of a Workflow that goes on with the rows of an archived run: its uid."""
_OF_ITS_OWN: Final = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


def to_be_kept(workflow: Body) -> Body:
    """What the archive keeps of a Workflow: everything but the status, which its rows hold."""
    metadata = {k: v for k, v in workflow["metadata"].items() if k != "managedFields"}
    return {**{k: v for k, v in workflow.items() if k != "status"}, "metadata": metadata}


def archived_workflow(found: ArchivedRun) -> Body:
    """The Workflow as it ended, with all of its nodes."""
    shown = project_workflow(load(found.run, found.nodes), found.workflow)
    return _marked(shown)


def archived_summary(found: ArchivedRun) -> Body:
    """The Workflow without spec and nodes, for lists."""
    status = {key: value for key, value in summary_status(Run(found.run)).items() if value}
    body = {key: found.workflow[key] for key in ("apiVersion", "kind", "metadata")}
    return _marked({**body, "spec": {}, "status": status})


def retried(found: ArchivedRun, live: Body | None, *, now: datetime, **options: Any) -> Body:
    """A new Workflow that goes on where the archived one failed. ``live``: the Workflow of its name
    that is there. Raises RefusedError, also for such a one: it is to be retried itself.
    """
    name = str(found.workflow["metadata"]["name"])
    if live is not None:
        raise RefusedError(
            f"Workflow {name} already exists on cluster, use argo retry {name} instead",
            hints=[f"gitops retry {name}"],
        )
    changed, _ = verbs.retry(archived_workflow(found), now=now, **options)
    metadata = {k: v for k, v in changed["metadata"].items() if k not in _OF_ITS_OWN}
    annotations: Mapping[str, str] = metadata.get("annotations") or {}
    metadata["annotations"] = {**annotations, ADOPTS: found.uid}
    return {**changed, "metadata": metadata}


def is_of(stored: StoredRun, cluster: str, workflow: Body) -> bool:
    """Whether a run is one of this Workflow's: nobody goes on with what was another's."""
    metadata = workflow["metadata"]
    named = (stored.cluster, stored.run["namespace"], stored.run["name"])
    return named == (cluster, metadata["namespace"], metadata["name"])


def _marked(body: Body) -> Body:
    metadata = body["metadata"]
    labels = {**(metadata.get("labels") or {}), ARCHIVING_LABEL: PERSISTED}
    return {**body, "metadata": {**metadata, "labels": labels}}
