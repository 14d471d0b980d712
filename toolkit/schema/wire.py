"""Kubernetes' protobuf messages: which field a number means, for the kinds clients send that way.

Read once, on first use. The table was made from the published API types: JSON names are theirs.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple


class WireField(NamedTuple):
    """One field of a message.

    ``name`` is the JSON name; "" for a message whose fields stand in its parent. ``type`` is a
    scalar ("string", "bytes", "bool", "int"), one of the types with a JSON form of their own
    ("Time", "MicroTime", "Quantity", "IntOrString", "Raw", "FieldsV1", "ExtraValue"), or a
    message's name. ``keeps_empty``: an empty value is told apart from none.
    """

    name: str
    type: str
    is_list: bool
    is_map: bool
    keeps_empty: bool


Message = Mapping[int, WireField]


def message_of(api_version: str, kind: str) -> str | None:
    """The name of a kind's message; None for a kind that has none here."""
    name: str | None = _document()["kinds"].get(f"{api_version}/{kind}")
    return name


@cache
def message(name: str) -> Message:
    """A message's fields by number. Raises KeyError for a name no field's type bears."""
    rows = (row.split() for row in _document()["messages"][name])
    return {int(number): _field(*rest) for number, *rest in rows}


def _field(name: str, type: str, keep: str = "") -> WireField:
    is_list, is_map = type.startswith("[]"), type.startswith("{}")
    plain = type[2:] if is_list or is_map else type
    return WireField("" if name == "." else name, plain, is_list, is_map, bool(keep))


@cache
def _document() -> Mapping[str, Any]:
    text = pkgutil.get_data(__package__, "data/protobuf.json")
    if text is None:
        raise RuntimeError("toolkit/schema/data/protobuf.json is missing from the installation")
    document: Mapping[str, Any] = json.loads(text)
    return document
