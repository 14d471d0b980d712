"""Loops: ``withItems``, ``withParam``, ``withSequence`` as items, and the names they give."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from toolkit.workflow.expressions import json_text
from toolkit.workflow.nodes import Row, without_brackets
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import Strictness, SubstitutionError, substitute
from toolkit.workflow.substitution.when import should_execute

FIELDS: Final = ("withItems", "withParam", "withSequence")
EMPTY_MESSAGE: Final = "Skipped, empty params"
MAX_ITEMS: Final = 1_000_000
_FORMAT = re.compile(r"%(0?\d*)([dxXo])")


def is_loop(step: Row) -> bool:
    """Whether the step expands into items."""
    return any(step.get(field) is not None and step.get(field) != "" for field in FIELDS)


def items_of(step: Row) -> list[Any]:
    """The items of a resolved step. Raises SubstitutionError; where ``when`` is false anyway, a
    list that cannot be read is an empty one.
    """
    if step.get("withItems"):
        return list(step["withItems"])
    try:
        if step.get("withParam"):
            return _from_param(str(step["withParam"]))
        if step.get("withSequence") is not None:
            return _sequence(step["withSequence"])
    except SubstitutionError:
        if _runs(step):
            raise
    return []


def _runs(step: Row) -> bool:
    try:
        return should_execute(str(step.get("when") or ""))
    except SubstitutionError:
        return True


def _from_param(text: str) -> list[Any]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        raise _no_list(text, _go_problem(error)) from error
    if items is None:
        return []
    if not isinstance(items, list):
        kind = _GO_KINDS[type(items)]
        raise _no_list(text, f"json: cannot unmarshal {kind} into Go value of type []v1alpha1.Item")
    return items


_GO_KINDS: Final = {dict: "object", str: "string", int: "number", float: "number", bool: "bool"}
_GO_PLACES: Final = {
    "Expecting value": "looking for beginning of value",
    "Extra data": "after top-level value",
    "Expecting ':' delimiter": "after object key",
    "Expecting property name enclosed in double quotes": (
        "looking for beginning of object key string"
    ),
}


def _go_problem(error: json.JSONDecodeError) -> str:
    """What Go says of a text that is no JSON."""
    at = error.pos
    while at < len(error.doc) and error.doc[at].isspace():
        at += 1
    if at >= len(error.doc) or error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    before = error.doc[:at].rstrip()
    after = "array element" if before.count("[") > before.count("]") else "object key:value pair"
    place = _GO_PLACES.get(error.msg, f"after {after}")
    return f"invalid character '{error.doc[at]}' {place}"


def _no_list(text: str, reason: str) -> SubstitutionError:
    shown = text.strip()
    shown = shown if len(shown) <= 200 else f"{shown[:200]}..."
    return SubstitutionError(
        f"withParam value could not be parsed as a JSON list: {shown}: {reason}"
    )


def _sequence(sequence: Row) -> list[str]:
    start = _integer(sequence.get("start", 0))
    if sequence.get("end") is not None:
        end = _integer(sequence["end"])
    elif sequence.get("count") is not None:
        count = _integer(sequence["count"])
        if count == 0:
            return []
        end = start + count - 1
    else:
        raise SubstitutionError("neither end nor count was specified in withSequence")
    if abs(end - start) >= MAX_ITEMS:
        raise SubstitutionError(f"withSequence has more than {MAX_ITEMS} items")
    numbers = range(start, end + 1) if start <= end else range(start, end - 1, -1)
    pattern = str(sequence.get("format") or "%d")
    return [_formatted(pattern, number) for number in numbers]


def _integer(value: Any) -> int:
    try:
        return int(text_of(value))
    except ValueError as error:
        quoted = json_text(text_of(value))
        raise SubstitutionError(f"strconv.Atoi: parsing {quoted}: invalid syntax") from error


def _formatted(pattern: str, number: int) -> str:
    return _FORMAT.sub(lambda match: f"{number:{match.group(1)}{match.group(2)}}", pattern)


def item_name(name: str, index: int, item: Any) -> str:
    """``name(i:value)``; of a map its sorted ``key:value`` pairs."""
    return f"{name}({index}:{without_brackets(_shown(item))})"


def _shown(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(sorted(f"{key}:{_escaped(value)}" for key, value in item.items()))
    if isinstance(item, list):
        return f"[{' '.join(_escaped(value) for value in item)}]"
    return _escaped(item)


def _escaped(value: Any) -> str:
    """JSON, of a text without the quotes around it: what Argo writes for an item that stands in a
    name or in a map. Quotes and newlines in it stay escaped.
    """
    text = json_text(value, escapes_html=False)
    return text[1:-1] if isinstance(value, str) else text


def item_values(item: Any) -> dict[str, str]:
    """The variables ``item`` and ``item.<key>``. Raises SubstitutionError for null."""
    if item is None:
        raise SubstitutionError("withItems expected string, number, list, or map. received: null")
    values = {"item": item if isinstance(item, str) else json_text(item)}
    if isinstance(item, dict):
        values |= {f"item.{key}": _escaped(value) for key, value in item.items()}
    return values


def with_item(step: Row, item: Any, scope: Scope) -> Row:
    """The step for one item. Every tag must resolve, unless ``when`` is false whatever the item.
    Raises SubstitutionError.
    """
    kept = {key: value for key, value in step.items() if key not in {*FIELDS, "hooks", "onExit"}}
    inner = scope.over(Values(item_values(item)))
    strictness = Strictness.ALL if _runs(step) else Strictness.LENIENT
    replaced: Row = substitute(kept, inner, strictness)
    hooks = {key: step[key] for key in ("hooks", "onExit") if key in step}
    return {**replaced, **substitute(hooks, inner)}


def refuse_items(step: Row, items: Iterable[Any], scope: Scope) -> None:
    """Raises SubstitutionError where an item lacks what the step says of it. One of each shape is
    asked: the others answer the same.
    """
    shapes: set[Any] = set()
    for item in items:
        shape = frozenset(item) if isinstance(item, dict) else item is None
        if shape not in shapes:
            shapes.add(shape)
            with_item(step, item, scope)
