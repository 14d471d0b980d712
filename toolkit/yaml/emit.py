"""YAML as kustomize prints it: go-yaml version 2, byte for byte.

Keys sorted its way, two spaces a level, sequences not indented, text folded near column 80,
``"…"`` where the bare text would read back as something else, ``'…'`` where syntax asks for it,
``|`` for several lines. Sources: ``emitterc.go``, ``encode.go``, ``sorter.go`` of
go.yaml.in/yaml/v2, and the binary.

DEVIATION: a control character or U+0085 is written as an escape; kustomize fails on the former
and turns the latter into a space. A block that ends in U+2028 or U+2029 ends in a newline, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key

from toolkit.errors import YamlError
from toolkit.yaml.key_order import compare_keys
from toolkit.yaml.scalars import SETTINGS_HINTS, reads_as_text
from toolkit.yaml.styles import (
    BEST_WIDTH,
    double_quoted,
    is_block_allowed,
    literal,
    plain,
    single_quoted,
    syntax_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_MAX_SIMPLE_KEY_BYTES: Final = 128
_MEMO_LIMIT: Final = 8192
_COMPLEX: Final = "?"
_BARE = re.compile(r"[A-Za-z_/(][!-~]*(?<!:)\Z")
_LETTERS = re.compile(r"[A-Za-z]*\Z")

_keys: dict[str, str] = {}
_words: dict[str, str] = {}
_orders: dict[tuple[str, ...], list[str]] = {}


def emit(body: Any) -> str:
    """One document, ending in a newline. ``body`` holds JSON values with str keys.

    Raises :class:`YamlError` for a number that is infinite or not a number.
    """
    out: list[str] = []
    if body and isinstance(body, dict):
        _mapping(out.append, body, "", "")
    elif body and isinstance(body, list):
        _sequence(out.append, body, "", "")
    else:
        out.append(_scalar(body, 0, "") + "\n")
    return "".join(out)


def emit_all(bodies: Iterable[Any]) -> str:
    """Documents with ``---`` between them; "" for none."""
    return "---\n".join(map(emit, bodies))


def _mapping(put: Callable[[str], None], body: dict[str, Any], indent: str, lead: str) -> None:
    """Writes the entries. ``lead`` starts the first line (the caller's ``- ``), ``indent`` all
    others.
    """
    for key in _in_order(body):
        value = body[key]
        text = _keys.get(key) or _key(key)
        if text == _COMPLEX:
            _complex_entry(put, key, value, indent, lead)
        elif value.__class__ is str:
            line = f"{lead}{text}: "
            word = _words.get(value)
            if word is None:
                word = _text(value, len(line), indent + "  ")
            put(f"{line}{word}\n")
        elif value and value.__class__ is dict:
            put(f"{lead}{text}:\n")
            _mapping(put, value, indent + "  ", indent + "  ")
        elif value and value.__class__ is list:
            put(f"{lead}{text}:\n")
            _sequence(put, value, indent, indent)
        else:
            put(f"{lead}{text}: {_scalar(value, 0, indent)}\n")
        lead = indent


def _sequence(put: Callable[[str], None], items: list[Any], indent: str, lead: str) -> None:
    deeper = indent + "  "
    for item in items:
        _item(put, item, deeper, lead + "- ")
        lead = indent


def _item(put: Callable[[str], None], item: Any, deeper: str, lead: str) -> None:
    """A value after ``- `` (or after the ``: `` of a long key)."""
    if item.__class__ is str:
        put(f"{lead}{_text(item, len(lead), deeper)}\n")
    elif item and item.__class__ is dict:
        _mapping(put, item, deeper, lead)
    elif item and item.__class__ is list:
        _sequence(put, item, deeper, lead)
    else:
        put(f"{lead}{_scalar(item, len(lead), deeper)}\n")


def _complex_entry(
    put: Callable[[str], None], key: str, value: Any, indent: str, lead: str
) -> None:
    """A key too long, or of several lines: ``? key`` and ``: value`` on lines of their own."""
    deeper = indent + "  "
    put(f"{lead}? {_text(key, len(lead) + 2, deeper)}\n")
    _item(put, value, deeper, indent + ": ")


def _in_order(body: dict[str, Any]) -> Sequence[str]:
    shape = tuple(body)
    order = _orders.get(shape)
    if order is None:
        order = sort_keys(shape)
        if len(shape) < 32:
            _remember(_orders, shape, order)
    return order


def sort_keys(keys: Iterable[str]) -> list[str]:
    """Keys in go-yaml's order: other characters, then numbers by value, then letters."""
    names = list(keys)
    if all(map(_LETTERS.match, names)):
        return sorted(names)
    return sorted(names, key=cmp_to_key(compare_keys))


def _key(key: str) -> str:
    """A simple key as written, or ``?`` for one that needs a line of its own."""
    text = _COMPLEX if _is_complex(key) else _simple_key(key)
    _remember(_keys, key, text)
    return text


def _is_complex(key: str) -> bool:
    return len(key.encode("utf-8", "surrogatepass")) > _MAX_SIMPLE_KEY_BYTES or bool(
        syntax_of(key).has_breaks
    )


def _simple_key(key: str) -> str:
    if not reads_as_text(key):
        return double_quoted(key, 0, None)
    syntax = syntax_of(key)
    if syntax.is_plain_allowed:
        return key
    return single_quoted(key, 0, None) if syntax.is_single_allowed else double_quoted(key, 0, None)


def _text(text: str, column: int, indent: str) -> str:
    """A string value that starts at ``column``; lines after the first start with ``indent``."""
    if _BARE.match(text):
        word = text if text[0] not in SETTINGS_HINTS or reads_as_text(text) else f'"{text}"'
        if len(text) <= BEST_WIDTH:
            _remember(_words, text, word)
        return word
    syntax = syntax_of(text)
    if "\n" in text:
        if is_block_allowed(text, syntax):
            return literal(text, indent)
        return double_quoted(text, column, indent)
    if not reads_as_text(text):
        return double_quoted(text, column, indent)
    if syntax.is_plain_allowed:
        return plain(text, column, indent)
    if syntax.is_single_allowed:
        return single_quoted(text, column, indent)
    return double_quoted(text, column, indent)


def _scalar(value: Any, column: int, indent: str) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return _text(value, column, indent or "  ")
    if isinstance(value, int):
        return str(value) if -(2**63) <= value < 2**64 else _float(float(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict | list) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _float(value: float) -> str:
    """As Go's JSON, read again, prints it: a whole number within 64 bits loses its point."""
    if value - value != 0:
        raise YamlError(
            f"{value} is not a number that JSON can carry", hints=("Put it in quotes.",)
        )
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    from toolkit.yaml.floats import go_float  # decimal takes a while to load

    return go_float(value)


def _remember(memo: dict[Any, Any], key: Any, value: Any) -> None:
    if len(memo) >= _MEMO_LIMIT:
        memo.clear()
    memo[key] = value
