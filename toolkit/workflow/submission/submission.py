"""From what a person asks to run to the Workflow that is created. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from toolkit.errors import UsageError
from toolkit.resource.copying import copy_json
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

GROUP: Final = "argoproj.io"
WORKFLOW: Final = GroupVersionKind(GROUP, "v1alpha1", "Workflow")
WORKFLOW_TEMPLATE: Final = GroupVersionKind(GROUP, "v1alpha1", "WorkflowTemplate")
CLUSTER_WORKFLOW_TEMPLATE: Final = GroupVersionKind(GROUP, "v1alpha1", "ClusterWorkflowTemplate")
CRON_WORKFLOW: Final = GroupVersionKind(GROUP, "v1alpha1", "CronWorkflow")

SHORT_NAMES: Final[Mapping[str, GroupVersionKind]] = {
    **dict.fromkeys(("workflow", "workflows", "wf"), WORKFLOW),
    **dict.fromkeys(
        ("workflowtemplate", "workflowtemplates", "template", "wftmpl"), WORKFLOW_TEMPLATE
    ),
    **dict.fromkeys(
        ("clusterworkflowtemplate", "clusterworkflowtemplates", "clustertemplate", "cwft"),
        CLUSTER_WORKFLOW_TEMPLATE,
    ),
    **dict.fromkeys(("cronworkflow", "cronworkflows", "cron", "cwf", "cronwf"), CRON_WORKFLOW),
}
"""Kinds as the command line takes them, in lower case."""

FINISHED_PHASES: Final = frozenset({"Succeeded", "Failed", "Error"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line adds. "", None and empty mappings add nothing."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    entrypoint: str = ""
    priority: int | None = None


def parse_target(text: str) -> tuple[GroupVersionKind, str]:
    """``cron/nightly`` → the kind and the name. Raises UsageError with what is close."""
    kind, slash, name = text.partition("/")
    gvk = SHORT_NAMES.get(kind.lower())
    if not slash or not name:
        raise UsageError(f"{text!r} is no file, and not KIND/NAME")
    if gvk is None:
        close = get_close_matches(kind.lower(), SHORT_NAMES, n=1)
        hint = f"did you mean {close[0]}/{name}?" if close else "kinds: cron, template, workflow"
        raise UsageError(f"no kind {kind!r} that runs", hints=(hint,))
    return gvk, name


def parse_pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """``("day=1", …)`` → a dict; a later one wins. Raises UsageError."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{text!r} is not NAME=VALUE")
        pairs[name] = value
    return pairs


def fit(workflow: Body, namespace: str, wishes: Wishes) -> Body:
    """A copy in ``namespace`` with the wishes in it. Raises UsageError for a parameter that the
    workflow neither declares nor mentions.
    """
    result: Body = copy_json(workflow)
    result.pop("status", None)
    metadata: dict[str, Any] = result.setdefault("metadata", {})
    metadata["namespace"] = namespace
    if wishes.name:
        metadata["name"] = wishes.name
        metadata.pop("generateName", None)
    if wishes.labels:
        metadata["labels"] = {**(metadata.get("labels") or {}), **wishes.labels}
    spec: dict[str, Any] = result.setdefault("spec", {})
    if wishes.entrypoint:
        spec["entrypoint"] = wishes.entrypoint
    if wishes.priority is not None:
        spec["priority"] = wishes.priority
    if wishes.parameters:
        refuse_unknown(result, wishes.parameters)
        spec["arguments"] = _with_parameters(spec.get("arguments") or {}, wishes.parameters)
    return result


def is_finished(workflow: Mapping[str, Any]) -> bool:
    """Ended for good, exit handlers and all."""
    return (workflow.get("status") or {}).get("phase") in FINISHED_PHASES


def _with_parameters(arguments: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The declared ones keep their place; others follow."""
    declared = list(arguments.get("parameters") or ())
    names = {one.get("name") for one in declared}
    changed = [
        {**_without_source(one), "value": values[one["name"]]} if one.get("name") in values else one
        for one in declared
    ]
    added = [{"name": name, "value": value} for name, value in values.items() if name not in names]
    return {**arguments, "parameters": [*changed, *added]}


def _without_source(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameter.items() if key != "valueFrom"}


def refuse_unknown(workflow: Body, values: Mapping[str, str]) -> None:
    """Raises UsageError for a parameter that the workflow neither declares nor mentions."""
    spec = workflow.get("spec") or {}
    if spec.get("workflowTemplateRef"):
        return  # the template declares them
    declared = [
        str(one.get("name")) for one in (spec.get("arguments") or {}).get("parameters") or ()
    ]
    text = json.dumps(spec)
    for name in values:
        mention = rf"workflow\.parameters\.{re.escape(name)}(?![\w-])"
        if name not in declared and not re.search(mention, text):
            close = get_close_matches(name, declared, n=1)
            known = f"it has {', '.join(declared)}" if declared else "it has none"
            hint = f"did you mean {close[0]!r}?" if close else known
            raise UsageError(f"the workflow has no parameter {name!r}", hints=(hint,))
