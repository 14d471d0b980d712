"""The JSON paths of printer columns: ``.spec.parts[0].name``, ``.spec.names[*]``,
``.status.conditions[?(@.type=="Ready")].status``, ``.metadata.labels['a.b/c']``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

Step = Callable[[Any], Iterable[Any]]
"""From a value to those it leads to."""

_STEP = re.compile(
    r"""\.?(?:
    (?P<key>(?:[^.\[\]\\]|\\.)+)
    |\[(?P<index>-?\d{1,9})\]
    |\[(?P<all>\*)\]
    |\['(?P<quoted>[^']*)'\]
    |\[\?\(@\.(?P<field>[\w.]+)\s*==\s*(?P<wanted>"[^"]*"|'[^']*'|[\w.+-]+)\)\]
    )""",
    re.VERBOSE,
)


def found_at(path: str, body: Any) -> tuple[Any, ...]:
    """What stands there; () for nothing, and for a path of another form."""
    values: tuple[Any, ...] = (body,)
    for step in _steps(path):
        values = tuple(found for value in values for found in step(value) if found is not None)
    return values


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[Step, ...]:
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps, at = [], 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return (lambda _: (),)
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    found = match.groupdict()
    if found["index"] is not None:
        return _item(int(found["index"]))
    if found["all"]:
        return lambda value: value.values() if isinstance(value, Mapping) else _items(value)
    if found["field"] is not None:
        return _filter(found["field"].split("."), found["wanted"].strip("\"'"))
    if found["quoted"] is not None:
        return _member(found["quoted"])
    return _member(re.sub(r"\\(.)", r"\1", found["key"]))


def _member(key: str) -> Step:
    return lambda value: (value.get(key),) if isinstance(value, Mapping) else ()


def _item(index: int) -> Step:
    def step(value: Any) -> Iterable[Any]:
        items = _items(value)
        return (items[index],) if -len(items) <= index < len(items) else ()

    return step


def _filter(fields: list[str], wanted: str) -> Step:
    def step(value: Any) -> Iterable[Any]:
        return [item for item in _items(value) if _text(_inner(item, fields)) == wanted]

    return step


def _inner(value: Any, fields: list[str]) -> Any:
    for field in fields:
        value = value.get(field) if isinstance(value, Mapping) else None
    return value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
