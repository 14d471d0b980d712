"""Scalars with a tag: ``!!str 5``, ``!!int "5"``, ``!!binary …``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

_PREFIX: Final = "tag:yaml.org,2002:"
_CHECKS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
    "timestamp": (str,),
}


def tagged_value(tag: str, text: str, plain_value: Callable[[str], Any]) -> Any:
    """The value; tags of an application are ignored. ``ValueError`` where tag and text differ."""
    name = tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else ""
    if name == "binary":
        return _decoded(text)
    if name not in _CHECKS:
        return text
    value = plain_value(text)
    if type(value) not in _CHECKS[name] or (name == "timestamp" and value == text[:0]):
        raise ValueError(f"{text!r} is no !!{name}")
    return float(value) if name == "float" else value


def _decoded(text: str) -> str:
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("!!binary is followed by something that is not base64") from None
    return content.decode("utf-8", errors="replace")
