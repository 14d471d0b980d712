"""JSON as Go's encoder writes it: sorted keys, and nothing that HTML would take for markup.

Without the ``json`` module, whose import a small build would notice.
"""

from __future__ import annotations

from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHORT = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_CODES = [*range(0x20), *map(ord, "<>&\u2028\u2029")]
_ESCAPES = str.maketrans({chr(code): f"\\u{code:04x}" for code in _CODES} | _SHORT)
_WORDS = {None: "null", True: "true", False: "false"}


def go_json(value: Any, *, indent: int | None = None) -> str:
    """``value`` in one line, or with ``indent`` spaces a level."""
    return _written(value, indent, 1)


def _written(value: Any, indent: int | None, level: int) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPES)}"'
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        gap = ":" if indent is None else ": "
        entries = (
            f'"{key.translate(_ESCAPES)}"{gap}{_written(value[key], indent, level + 1)}'
            for key in sorted(value)
        )
        return _joined("{", entries, "}", indent, level) if value else "{}"
    if isinstance(value, list):
        items = (_written(item, indent, level + 1) for item in value)
        return _joined("[", items, "]", indent, level) if value else "[]"
    return str(value)


def _joined(start: str, parts: Iterable[str], end: str, indent: int | None, level: int) -> str:
    if indent is None:
        return start + ",".join(parts) + end
    inner = "\n" + " " * (indent * level)
    return start + inner + f",{inner}".join(parts) + inner[:-indent] + end


def _float(value: float) -> str:
    """Few digits; an exponent only below 1e-6 and from 1e21."""
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        text = f"{value:.17f}" if value != int(value) else f"{int(value)}"
        return _plain(value) if "." in text else text
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{exponent[0]}{exponent[1:].lstrip('0').zfill(2)}"


def _plain(value: float) -> str:
    """Without an exponent, in the digits that ``repr`` needs."""
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits
    whole, _, fraction = digits.lstrip("-").partition(".")
    text = "0." + "0" * (-int(exponent) - 1) + whole + fraction.rstrip("0")
    return f"-{text}" if value < 0 else text
