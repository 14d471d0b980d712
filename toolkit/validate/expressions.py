"""Whether an expression can be parsed; what it gives is known only at run time."""

from __future__ import annotations

import re
from typing import Final

from toolkit.errors import ExpressionError
from toolkit.resource.field_path import FieldPath
from toolkit.validate.notes import Notes

TAG: Final = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*)\}\}", re.DOTALL)
"""One template tag; group 1 is what stands between the braces."""

_STAND_IN: Final = "true"
"""A tag's value is not known; a truth is what a ``when`` takes anywhere."""


def check_expression(
    text: str, path: FieldPath, notes: Notes, *, part: str = ""
) -> tuple[str, ...]:
    """An expression of ``{{=…}}``, ``expression`` and the like: the variables that it cannot do
    without, as tags; () where it cannot be parsed. ``part``: see Note.
    """
    from toolkit.workflow.expressions import parse  # most specs have no expression

    try:
        expression = parse(text)
    except ExpressionError as error:
        _note(text, error, path, notes, part)
        return ()
    if expression.problem:
        _note(text, ExpressionError(expression.problem), path, notes, part)
    return tuple(need for need in expression.needs if _is_whole(need))


def _is_whole(variable: str) -> bool:
    """Whether a path leads to a value: ``steps.a.outputs`` is only on the way to one."""
    root, *rest = variable.split(".")
    if root in ("steps", "tasks"):
        return len(rest) > (2 if rest[1:2] == ["outputs"] else 1)
    if root == "inputs":
        return len(rest) > 1
    return root == "workflow" and bool(rest) and rest[0] not in ("outputs", "labels", "annotations")


def check_when(text: str, path: FieldPath, notes: Notes) -> None:
    """A ``when``, which is parsed after its tags are filled in."""
    from toolkit.workflow.expressions.when import parse_when

    filled = _filled(text)
    if not filled.strip():
        return
    try:
        parse_when(filled)
    except ExpressionError as error:
        _note(text, error, path, notes, "")


def _filled(text: str) -> str:
    """With a value for each tag; one may name another: ``{{steps.run-{{item}}.status}}``."""
    filled = TAG.sub(_STAND_IN, text)
    return filled if filled == text else _filled(filled)


def _note(text: str, error: ExpressionError, path: FieldPath, notes: Notes, part: str) -> None:
    hint = error.hints[0] if error.hints else ""
    said = error.message.partition("\n")[0]
    message = f"{text.strip()}: {said}"
    notes.add("invalid-expression", path, message, hint, part=part)
