"""Artifact garbage collection: which artifacts of a run are to go, when, and what became of them.

A run whose artifacts are to go carries Argo's finalizer, so that its Workflow is there until they
are gone. A strategy is followed once: what could not be deleted is a condition of the Workflow and
an Event, and keeps the finalizer, unless ``forceFinalizerRemoval``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.workflow.nodes import POD, Node, Row
from toolkit.workflow.outputs.artifacts import Archive, key_of, place_of
from toolkit.workflow.run import AuditEvent, Run, Transition
from toolkit.workflow.spec.definition import Definition
from toolkit.workflow.substitution.scope import Scope

FINALIZER: Final = "workflows.argoproj.io/artifact-gc"
ON_COMPLETION: Final = "OnWorkflowCompletion"
ON_DELETION: Final = "OnWorkflowDeletion"
_NEVER: Final = frozenset({"", "Never"})
_ROW: Final = "artifactGC"


@dataclass(frozen=True, slots=True)
class Doomed:
    """One artifact to be deleted."""

    node_id: str
    name: str
    location: Row
    key: str


def doomed(run: Run, *, is_deleted: bool) -> tuple[Doomed, ...]:
    """What is to be deleted now that the run has ended, or its Workflow is being deleted."""
    due = due_strategies(run, is_deleted=is_deleted)
    return tuple(
        Doomed(node.id, str(artifact["name"]), _place(run, node, artifact), key_of(artifact))
        for node, artifact in _kept(run)
        if _strategy(run.definition, artifact) in due
    )


def due_strategies(run: Run, *, is_deleted: bool) -> tuple[str, ...]:
    """The strategies whose time has come, and which were not yet followed."""
    if not has_gc(run.definition):
        return ()
    reached = (ON_COMPLETION, ON_DELETION) if is_deleted else (ON_COMPLETION,)
    return tuple(one for one in reached if one not in _followed(run))


def has_gc(definition: Definition) -> bool:
    """Whether any template's outputs, the workflow's or a referred one's, are ever to go."""
    return any(
        _strategy(definition, artifact) not in _NEVER
        for templates in definition.templates.values()
        for template in templates.values()
        for artifact in (template.get("outputs") or {}).get("artifacts") or ()
    )


def holds_finalizer(run: Run) -> bool:
    """Whether the Workflow must not go yet."""
    if not has_gc(run.definition):
        return False
    if not run.is_finished:
        return True
    if (run.definition.spec.get("artifactGC") or {}).get("forceFinalizerRemoval"):
        return ON_DELETION not in _followed(run) and _is_left(run)
    return _is_left(run)


def collected(
    run: Run, strategies: Iterable[str], results: Mapping[tuple[str, str], str]
) -> Transition:
    """What the deletions came to: ``results`` are errors, "" where there was none, by node and
    artifact.
    """
    errors = [error for error in results.values() if error]
    known: Row = run.row.get(_ROW) or {}
    followed = [*known.get("followed", ()), *strategies]
    noted = {"followed": followed, "error": errors[-1] if errors else known.get("error", "")}
    nodes = tuple(
        (node_id, _without(run.nodes[node_id], results).to_row())
        for node_id in dict.fromkeys(node_id for node_id, _ in results)
    )
    told = f"Artifact Garbage Collection failed for strategy {', '.join(strategies)}, err:"
    audit = AuditEvent("Warning", "ArtifactGCFailed", f"{told}{errors[0]}") if errors else None
    return Transition(
        run={**run.row, _ROW: noted}, nodes=nodes, audit=() if audit is None else (audit,)
    )


def condition(run: Run) -> Row | None:
    """ArtifactGCError, where something could not be deleted."""
    error = (run.row.get(_ROW) or {}).get("error")
    return {"type": "ArtifactGCError", "status": "True", "message": error} if error else None


def status(run: Run) -> Row | None:
    """``status.artifactGCStatus``."""
    if not has_gc(run.definition):
        return None
    return {"strategiesProcessed": dict.fromkeys(_followed(run), True)} if _followed(run) else {}


def _kept(run: Run) -> Iterator[tuple[Node, Row]]:
    for node in run.nodes.values():
        if node.type == POD:
            for artifact in (node.outputs or {}).get("artifacts") or ():
                if not artifact.get("deleted"):
                    yield node, artifact


def _is_left(run: Run) -> bool:
    return any(_strategy(run.definition, one) not in _NEVER for _, one in _kept(run))


def _strategy(definition: Definition, artifact: Row) -> str:
    own = (artifact.get("artifactGC") or {}).get("strategy")
    return str(own or (definition.spec.get("artifactGC") or {}).get("strategy") or "")


def _followed(run: Run) -> list[str]:
    return list((run.row.get(_ROW) or {}).get("followed", ()))


def _place(run: Run, node: Node, artifact: Row) -> Row:
    try:
        holder = node.engine["holder"]
        template, _ = run.definition.resolve(holder, node.status["templateScope"])
        return place_of(artifact, Archive(run, template, "", Scope()))
    except ExpressionError:
        return place_of(artifact, Archive(run, {}, "", Scope()))


def _without(node: Node, results: Mapping[tuple[str, str], str]) -> Node:
    """The node with those marked that are gone."""
    changed = node.copy()
    outputs = dict(changed.status["outputs"])
    outputs["artifacts"] = [
        {**artifact, "deleted": True}
        if results.get((node.id, str(artifact["name"]))) == ""
        else artifact
        for artifact in outputs["artifacts"]
    ]
    changed.status["outputs"] = outputs
    return changed
