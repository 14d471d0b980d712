"""Where in an expression an error is, told as expr-lang tells it: ``(line:column)``, the line, and
a caret below.
"""

from __future__ import annotations

from toolkit.errors import ExpressionError


class EvaluationError(ExpressionError):
    """An expression parsed, but cannot be evaluated on these values. ``at``: the 0-based offset of
    what is wrong, -1 where nobody knows.
    """

    at: int = -1
    is_static: bool = False
    """Argo finds it out before it has values: when it compiles the expression."""


def located(error: Exception, at: int) -> EvaluationError:
    """The error with its place, the innermost that is known."""
    if isinstance(error, EvaluationError) and error.at >= 0:
        return error
    found = EvaluationError(getattr(error, "message", str(error)))
    found.is_static = bool(getattr(error, "is_static", False))
    found.at = at
    return found


def told(text: str, error: EvaluationError) -> EvaluationError:
    """The error with its place in the message."""
    shown = EvaluationError(with_place(text, error.at, error.message))
    shown.is_static = error.is_static
    return shown


def with_place(text: str, at: int, message: str) -> str:
    """The message as it is, where there is no place."""
    if at < 0:
        return message
    start = text.rfind("\n", 0, at) + 1
    line = text[start:].partition("\n")[0].replace("\t", " ")
    if not line:
        return message
    column = at - start
    number = text.count("\n", 0, at) + 1
    return f"{message} ({number}:{column + 1})\n | {line}\n | {'.' * column}^"
