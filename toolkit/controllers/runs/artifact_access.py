"""Reading the artifacts of a run, for people and for Argo's clients."""

from __future__ import annotations

from typing import Any

from toolkit.controllers.runs.template_library import fetch_library
from toolkit.controllers.steps.environment import credentials_of
from toolkit.controllers.steps.lookup import Lookup
from toolkit.errors import ExpressionError
from toolkit.resource.cluster import Cluster
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import Row
from toolkit.workflow.spec.repositories import repository_of


def repository_for(cluster: Cluster, workflow: Body) -> Row:
    """The artifact repository of a Workflow, as its namespace has it now; {} is the default
    store, also where the one it asks for is gone.
    """
    library = fetch_library(cluster, workflow)
    stored = (workflow.get("status") or {}).get("storedWorkflowTemplateSpec") or {}
    try:
        return repository_of({**stored, **(workflow.get("spec") or {})}, library)
    except ExpressionError:
        return {}


def credentials_for(cluster: Cluster, namespace: str, location: Any) -> dict[str, str]:
    """The Secrets that a place refers to. Raises ExecutionError where one is missing."""
    return credentials_of([location], Lookup(cluster, namespace))
