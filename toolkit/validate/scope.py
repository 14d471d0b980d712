"""What a template tag may name at one place of a workflow spec.

A :class:`Scope` answers one question, ``problem(tag)``: why a tag stands for nothing here, or
None. Where it cannot be known before the run (a dynamic call, an argument that the caller
brings), the answer is None: a false alarm is worse than a miss.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from toolkit.validate.shapes import did_you_mean, listed

ROOTS: Final = ("inputs", "outputs", "steps", "tasks", "item", "workflow", "pod")
_OTHER_ROOTS: Final = (
    "retries",
    "lastRetry",
    "node",
    "duration",
    "status",
    "exitCode",
    "resourcesDuration",
    "cronworkflow",
)
_DOTTED: Final = re.compile(r"[A-Za-z]+\.[-A-Za-z0-9_.]+\Z")

_WORKFLOW_FIELDS: Final = (
    "annotations",
    "creationTimestamp",
    "duration",
    "failures",
    "labels",
    "mainEntrypoint",
    "name",
    "namespace",
    "outputs",
    "parameters",
    "priority",
    "scheduledTime",
    "serviceAccountName",
    "status",
    "uid",
)
_NODE_FIELDS: Final = (
    "exitCode",
    "finishedAt",
    "hostNodeName",
    "id",
    "ip",
    "outputs",
    "startedAt",
    "status",
)


class Problem(NamedTuple):
    """``rule`` is unknown-tag or missing-dependency."""

    message: str
    hint: str = ""
    rule: str = "unknown-tag"


Hidden = Callable[[str], Problem | None]
"""Why a step or task of the template, by name, cannot be seen from here; None where it can."""


def _nothing(_: str) -> None:
    """Every node can be seen."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names that exist. ``is_open``: there may be more that nobody can know yet."""

    known: frozenset[str] = frozenset()
    is_open: bool = False

    def has(self, name: str) -> bool:
        return self.is_open or name in self.known


OPEN: Final = Names(is_open=True)


@dataclass(frozen=True, slots=True)
class NodeOutputs:
    """What a step or task leaves behind, by name."""

    parameters: Names = OPEN
    artifacts: Names = OPEN


@dataclass(frozen=True, slots=True)
class Globals:
    """What ``workflow.`` may name in a spec."""

    parameters: Names = OPEN
    output_parameters: Names = OPEN
    output_artifacts: Names = OPEN
    has_priority: bool = True
    hears_failures: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """``nodes`` are the steps or tasks (``node_root``) of the template, ``hidden`` says which of
    them cannot be seen. ``item`` is None outside a loop, else the keys of its items. ``outer``:
    an inline template sees what its step sees, too.
    """

    globals: Globals = field(default_factory=Globals)
    parameters: Names = Names()
    artifacts: Names = Names()
    output_parameters: Names = OPEN
    output_artifacts: Names = OPEN
    node_root: str = ""
    nodes: Mapping[str, NodeOutputs] = field(default_factory=dict)
    hidden: Hidden = _nothing
    item: Names | None = None
    is_pod: bool = False
    outer: Scope | None = None

    def problem(self, tag: str) -> Problem | None:
        """Why ``tag`` (without braces) stands for nothing here; None where it is fine."""
        tag = tag.strip()
        root, dot, rest = tag.partition(".")
        if root not in ROOTS:
            return _unknown_root(tag, root) if dot else None
        found = _CHECKS[root](self, rest, tag)
        if found is not None and self.outer is not None and self.outer.problem(tag) is None:
            return None
        return found


def _unknown_root(tag: str, root: str) -> Problem | None:
    """Only a near miss: other languages use braces as well."""
    if root in _OTHER_ROOTS or not _DOTTED.match(tag):
        return None
    hint = did_you_mean(root, (*ROOTS, *_OTHER_ROOTS))
    close = hint.removeprefix("did you mean '").removesuffix("'?")
    if not hint or abs(len(close) - len(root)) > 2:
        return None
    return Problem(f"{{{{{tag}}}}}: there is no {root!r} in Argo", hint)


def _unknown(tag: str, what: str, name: str, names: Names) -> Problem | None:
    if names.has(name):
        return None
    hint = did_you_mean(name, names.known, otherwise=f"there are: {listed(names.known)}")
    return Problem(f"{{{{{tag}}}}}: there is no {what} {name!r}", hint)


def _check_inputs(scope: Scope, rest: str, tag: str) -> Problem | None:
    kind, _, name = rest.partition(".")
    if kind == "parameters":
        return _unknown(tag, "input parameter", name, scope.parameters) if name else None
    if kind == "artifacts":
        return _unknown(tag, "input artifact", name.removesuffix(".path"), scope.artifacts)
    hint = did_you_mean(kind, ("parameters", "artifacts"), otherwise="inputs.parameters.NAME")
    return Problem(f"{{{{{tag}}}}}: inputs have parameters and artifacts only", hint)


def _check_outputs(scope: Scope, rest: str, tag: str) -> Problem | None:
    kind, _, name = rest.partition(".")
    name = name.removesuffix(".path")
    if kind == "parameters" and name:
        return _unknown(tag, "output parameter", name, scope.output_parameters)
    if kind == "artifacts" and name:
        return _unknown(tag, "output artifact", name, scope.output_artifacts)
    return None


def _check_node(scope: Scope, rest: str, tag: str) -> Problem | None:
    root = tag.partition(".")[0]
    name, _, what = rest.partition(".")
    if rest == "name":
        return None
    if root != scope.node_root:
        return _foreign_node(scope, root, tag)
    if name not in scope.nodes:
        hint = did_you_mean(name, scope.nodes, otherwise=f"there are: {listed(scope.nodes)}")
        return Problem(f"{{{{{tag}}}}}: there is no {root[:-1]} {name!r} in this template", hint)
    problem = scope.hidden(name)
    if problem is not None:
        return Problem(f"{{{{{tag}}}}}: {problem.message}", problem.hint, problem.rule)
    return _check_node_field(scope.nodes[name], what, tag)


def _foreign_node(scope: Scope, root: str, tag: str) -> Problem:
    if scope.node_root:
        hint = f"write {scope.node_root}. instead of {root}."
        return Problem(f"{{{{{tag}}}}}: this template has {scope.node_root}, not {root}", hint)
    hint = "hand the value over: an argument of the step, an input of this template"
    return Problem(f"{{{{{tag}}}}}: only the template that holds the {root} can see them", hint)


def _check_node_field(outputs: NodeOutputs, rest: str, tag: str) -> Problem | None:
    field_name, _, rest = rest.partition(".")
    if field_name not in _NODE_FIELDS:
        hint = did_you_mean(field_name, _NODE_FIELDS, otherwise=f"one of {listed(_NODE_FIELDS)}")
        return Problem(f"{{{{{tag}}}}}: a step or task has no {field_name!r}", hint)
    if field_name != "outputs":
        return None
    kind, _, name = rest.partition(".")
    if kind == "parameters":
        return _unknown(tag, "output parameter", name, outputs.parameters) if name else None
    if kind == "artifacts":
        return _unknown(tag, "output artifact", name, outputs.artifacts) if name else None
    if kind == "result":
        return None
    hint = did_you_mean(kind, ("parameters", "artifacts", "result"))
    return Problem(f"{{{{{tag}}}}}: outputs are parameters, artifacts or result", hint)


def _check_item(scope: Scope, rest: str, tag: str) -> Problem | None:
    if scope.item is None:
        if not rest and not scope.node_root:
            return None  # in a script the bare word may be another language's
        hint = "give the step withItems, withParam or withSequence"
        return Problem(f"{{{{{tag}}}}}: there is no loop here", hint)
    key = rest.partition(".")[0].partition("[")[0]
    return _unknown(tag, "key in the items", key, scope.item) if key else None


def _check_pod(scope: Scope, rest: str, tag: str) -> Problem | None:
    if rest == "name" and scope.is_pod:
        return None
    reason = "pods have a name only" if scope.is_pod else "this template runs no pod"
    return Problem(f"{{{{{tag}}}}}: {reason}")


def _check_workflow(scope: Scope, rest: str, tag: str) -> Problem | None:
    name, _, rest = rest.partition(".")
    spec = scope.globals
    if name not in _WORKFLOW_FIELDS:
        hint = did_you_mean(name, _WORKFLOW_FIELDS, otherwise=f"one of {listed(_WORKFLOW_FIELDS)}")
        return Problem(f"{{{{{tag}}}}}: a workflow has no {name!r}", hint)
    if name == "parameters" and rest not in ("", "json"):
        return _unknown(tag, "workflow parameter", rest, spec.parameters)
    if name == "outputs":
        return _check_workflow_outputs(spec, rest, tag)
    if name == "failures" and not spec.hears_failures:
        message = f"{{{{{tag}}}}}: only exit handlers and hooks know the failures"
        return Problem(message, "set spec.onExit or spec.hooks")
    if name == "priority" and not spec.has_priority:
        return Problem(f"{{{{{tag}}}}}: this workflow has no priority", "set spec.priority")
    return None


def _check_workflow_outputs(spec: Globals, rest: str, tag: str) -> Problem | None:
    kind, _, name = rest.partition(".")
    if kind == "parameters":
        return _unknown(tag, "global output parameter", name, spec.output_parameters)
    if kind == "artifacts":
        return _unknown(tag, "global output artifact", name, spec.output_artifacts)
    return Problem(f"{{{{{tag}}}}}: global outputs are parameters or artifacts")


_CHECKS: Final[Mapping[str, Callable[[Scope, str, str], Problem | None]]] = {
    "inputs": _check_inputs,
    "outputs": _check_outputs,
    "steps": _check_node,
    "tasks": _check_node,
    "item": _check_item,
    "workflow": _check_workflow,
    "pod": _check_pod,
}
