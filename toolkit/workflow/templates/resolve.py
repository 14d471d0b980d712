"""Resolving a step or a task: its ``when`` first, then all of it, then its loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.substitution.loops import is_loop, item_name, items_of
from toolkit.workflow.nodes import Row
from toolkit.workflow.outputs.outputs import resolve_artifact
from toolkit.workflow.substitution.parameters import mark_absent_optionals, text_of
from toolkit.workflow.substitution.scope import Scope
from toolkit.workflow.substitution.substitute import Strictness, SubstitutionError, substitute
from toolkit.workflow.substitution.when import should_execute

_HOOKS: Final = ("hooks", "onExit")


@dataclass(frozen=True, slots=True)
class Resolved:
    """``proceeds`` False: ``when`` is false, and nothing else was resolved."""

    step: Row
    proceeds: bool


def resolve(step: Row, scope: Scope) -> Resolved:
    """The step with its references to other nodes put in; its hooks stay as they are, since they
    may refer to the step itself. Raises SubstitutionError.
    """
    when = substitute(_when(step), scope, Strictness.NODES)
    if when:
        try:
            if not should_execute(when):
                return Resolved({**step, "when": when}, proceeds=False)
        except SubstitutionError:
            if not is_loop(step):  # its items may make it a proper expression
                raise
    hooks: Row = {key: step[key] for key in _HOOKS if key in step}
    body = {key: value for key, value in step.items() if key not in _HOOKS}
    body["arguments"] = mark_absent_optionals(step.get("arguments") or {}, scope)
    replaced: Row = dict(substitute(body, scope, Strictness.NODES))
    replaced["arguments"] = resolve_arguments(replaced["arguments"], scope)
    return Resolved({**replaced, **hooks}, proceeds=True)


def _when(step: Row) -> str:
    value: Any = step.get("when")
    return "" if value is None else text_of(value)


def resolve_arguments(arguments: Row, scope: Scope) -> Row:
    """Arguments with their artifacts found; an optional one that is nowhere is left out."""
    declared = arguments.get("artifacts")
    if not declared:
        return arguments
    found = []
    for artifact in declared:
        try:
            resolved = resolve_artifact(artifact, scope)
        except ExpressionError as error:
            if artifact.get("optional"):
                continue
            raise SubstitutionError(f"unable to resolve references: {error.message}") from error
        found.append(artifact if resolved is None else {**resolved, "name": artifact["name"]})
    return {**arguments, "artifacts": found}


@dataclass(frozen=True, slots=True)
class Planned:
    """One node to come: of a step, or of an item of its loop. ``empty`` marks a loop of nothing."""

    name: str
    key: str
    index: int | None = None
    item: Any = None
    empty: bool = False


def to_row(resolved: Resolved) -> Row:
    """For a note: what a later start of the same group must see as it was."""
    return {"step": resolved.step, "proceeds": resolved.proceeds}


def from_row(row: Row) -> Resolved:
    """The inverse of :func:`to_row`."""
    return Resolved(row["step"], proceeds=row["proceeds"])


def plan(key: str, resolved: Resolved) -> Iterator[Planned]:
    """The nodes that a resolved step expands to. Raises SubstitutionError."""
    if not is_loop(resolved.step):
        yield Planned(key, key)
        return
    items = items_of(resolved.step)
    if not items:
        yield Planned(key, key, empty=True)
    for index, item in enumerate(items):
        yield Planned(item_name(key, index, item), key, index, item)
