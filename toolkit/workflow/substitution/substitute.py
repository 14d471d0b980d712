"""Substitution of ``{{tags}}`` in the strings of a template, with Argo's rules.

Argo replaces in the template's JSON text and escapes what it puts in; replacing in each string of
the tree gives the same result without writing and reading JSON. Parts without a tag are shared
with the input.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import EvaluationError, json_text, parse
from toolkit.workflow.substitution.scope import Scope

LATE: Final = frozenset(
    {
        "item",
        "retries",
        "lastRetry.exitCode",
        "lastRetry.status",
        "lastRetry.duration",
        "lastRetry.message",
        "workflow.status",
        "workflow.failures",
    }
)
"""Variables that come into being late: an expression that needs one is left alone until then."""


class Strictness(Enum):
    """Which tags must resolve. LENIENT: none, what does not resolve stays as it is. NODES: those
    of ``steps.`` and ``tasks.``, but for artifacts. ALL: every tag.
    """

    LENIENT = "lenient"
    NODES = "nodes"
    ALL = "all"

    def demands(self, key: str) -> bool:
        if self is Strictness.ALL:
            return True
        return self is Strictness.NODES and key.split(".", 1)[0] in {"steps", "tasks"}


class SubstitutionError(ExpressionError):
    """A tag cannot be replaced."""


def substitute(value: Any, scope: Scope, strictness: Strictness = Strictness.LENIENT) -> Any:
    """``value`` with all tags in its strings (keys too) replaced. Raises SubstitutionError."""
    match value:
        case str():
            return replace(value, scope, strictness) if "{{" in value else value
        case dict():
            return _substitute_pairs(value, scope, strictness)
        case list():
            return _substitute_items(value, scope, strictness)
        case _:
            return value


def _substitute_pairs(pairs: dict[str, Any], scope: Scope, strictness: Strictness) -> Any:
    changed: dict[str, Any] | None = None
    for key, value in pairs.items():
        new = substitute(value, scope, strictness)
        if new is not value:
            changed = dict(pairs) if changed is None else changed
            changed[key] = new
    if any("{{" in key for key in pairs):
        return {substitute(key, scope, strictness): new for key, new in (changed or pairs).items()}
    return pairs if changed is None else changed


def _substitute_items(items: list[Any], scope: Scope, strictness: Strictness) -> Any:
    new = [substitute(item, scope, strictness) for item in items]
    return items if all(map(_is_identical, new, items)) else new


def _is_identical(one: Any, other: Any) -> bool:
    return one is other


def replace(text: str, scope: Scope, strictness: Strictness = Strictness.LENIENT) -> str:
    """``text`` with its tags replaced; a value's own tags are not looked at again."""
    parts: list[str] = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = text.find("}}", start + 2)
        if end < 0:
            break
        parts.append(text[at:start])
        parts.append(_resolve(text[start + 2 : end], scope, strictness))
        at = end + 2
    if not parts:
        return text
    parts.append(text[at:])
    replaced = "".join(parts)
    return text if replaced == text else replaced


def has_tags(text: str) -> bool:
    """Whether anything in it is to be replaced."""
    return "{{" in text


def has_tags_within(value: Any) -> bool:
    """Whether anything in the strings of a tree is to be replaced."""
    match value:
        case str():
            return has_tags(value)
        case dict():
            return any(has_tags(key) or has_tags_within(inner) for key, inner in value.items())
        case list():
            return any(map(has_tags_within, value))
        case _:
            return False


def is_pure_reference(text: str) -> str:
    """The key of a text that is one simple tag and nothing else, else ""."""
    if not (text.startswith("{{") and text.endswith("}}")):
        return ""
    key = text[2:-2].strip()
    return "" if "{{" in key or "}}" in key or key.startswith("=") else key


def _resolve(tag: str, scope: Scope, strictness: Strictness) -> str:
    if tag.startswith("="):
        return _resolve_expression(tag[1:], scope, strictness)
    key = tag.strip()
    value = scope.get(key)
    if value is not None and not isinstance(value, str):  # MISSING, or an artifact
        return _unresolved(tag, key, scope, strictness)
    if value is None:
        raise SubstitutionError(
            f"unable to substitute {{{{{tag}}}}}: output is an absent optional "
            "(skipped/omitted node with no default)"
        )
    return value


def _unresolved(tag: str, key: str, scope: Scope, strictness: Strictness) -> str:
    nested = tag.rfind("{{")
    if nested > 0:
        inner = scope.get(tag[nested + 2 :].strip())
        if inner is None:
            raise SubstitutionError(
                f"unable to substitute nested tag {{{{{tag}}}}}: "
                f'"{tag[nested + 2 :]}" is an absent optional'
            )
        if isinstance(inner, str):
            return f"{{{{{tag[:nested]}{inner}"
    may_wait = strictness is Strictness.NODES and ".outputs.artifacts." in key
    if strictness.demands(key) and not may_wait:
        raise SubstitutionError(f"failed to resolve {{{{{tag}}}}}")
    return f"{{{{{tag}}}}}"


def _resolve_expression(text: str, scope: Scope, strictness: Strictness) -> str:
    literal = f"{{{{={text}}}}}"
    try:
        expression = parse(text)
    except ExpressionError as error:
        if strictness is Strictness.LENIENT:
            return literal
        raise SubstitutionError(f"failed to evaluate expression: {error.message}") from error
    missing = [path for path in expression.needs if not _is_known(path, scope)]
    for path in missing:
        if strictness.demands(path):
            raise SubstitutionError(f"failed to evaluate expression: {path} is missing")
    may_stay = bool(missing) or strictness is Strictness.LENIENT
    if may_stay and any(path in LATE for path in missing):
        return literal
    try:
        result = expression.evaluate(scope.environment())
        if result is None:
            raise EvaluationError(f'"{text}" is nil')
        return result if isinstance(result, str) else json_text(result)
    except EvaluationError as error:
        if may_stay:
            return literal
        raise SubstitutionError(f"failed to evaluate expression: {error.message}") from error


def _is_known(path: str, scope: Scope) -> bool:
    return path.split(".", 1)[0] == "sprig" or scope.has(path)
