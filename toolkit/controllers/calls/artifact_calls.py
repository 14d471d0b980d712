"""Calls that look at artifacts: the keys of a data template, the manifest of a resource."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from toolkit.controllers.calls.resource_actions import Owner
from toolkit.controllers.steps.environment import credentials_of
from toolkit.controllers.steps.lookup import Lookup
from toolkit.errors import ExecutionError, ToolkitError
from toolkit.resource.cluster import Cluster
from toolkit.workflow.commands import CallResource, ListArtifacts
from toolkit.workflow.events import TaskAnswered
from toolkit.workflow.nodes import FAILED, SUCCEEDED, Row
from toolkit.workflow.outputs.artifact_gc import Doomed
from toolkit.workflow.ports import Artifacts
from toolkit.workflow.templates.data_template import transformed


def opened(place: Row, artifacts: Artifacts, cluster: Cluster, namespace: str) -> Artifacts:
    """The artifacts of somebody who has the Secrets that a place refers to. Raises ExecutionError
    where one is missing.
    """
    return artifacts.using(credentials_of([place], Lookup(cluster, namespace)))


def list_keys(
    call: ListArtifacts, artifacts: Artifacts, cluster: Cluster, owner: Owner, now: datetime
) -> TaskAnswered:
    """Lists and transforms. Doing it again after a crash does no harm."""
    try:
        keys = opened(call.location, artifacts, cluster, owner.namespace).keys(
            call.location, call.key
        )
        result = transformed(keys, call.expressions)
    except ExecutionError as error:
        source = "unable to process data source: unable to source artifact paths"
        return _failed(call, f"{source}: {error}", now)
    except ToolkitError as error:
        return _failed(call, str(error), now)
    outputs = {"result": result, "exitCode": "0"}
    return TaskAnswered(call.id, call.node_id, SUCCEEDED, "", now, outputs)


def _failed(call: ListArtifacts, reason: str, now: datetime) -> TaskAnswered:
    message = f"unable to process data template: {reason}"
    return TaskAnswered(call.id, call.node_id, FAILED, message, now)


def with_manifest(
    call: CallResource, artifacts: Artifacts, cluster: Cluster, owner: Owner
) -> CallResource:
    """The call with the manifest that its artifact holds. Raises ExecutionError."""
    source = call.manifest_from
    if source is None:
        return call
    content = opened(source.location, artifacts, cluster, owner.namespace).read(source)
    return replace(call, manifest=content.decode("utf-8", "replace"))


def deleted(one: Doomed, artifacts: Artifacts, cluster: Cluster, namespace: str) -> str:
    """Deletes an artifact; why it could not be, or ""."""
    try:
        opened(one.location, artifacts, cluster, namespace).delete(one.location, one.key)
    except ToolkitError as error:
        return f"failed to delete artifact {one.name}: {error}"
    return ""
