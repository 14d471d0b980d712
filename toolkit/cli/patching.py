"""How ``add patch`` and ``remove patch`` name a patch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from toolkit.errors import UsageError

_Command = TypeVar("_Command", bound=Callable[..., Any])

_TARGET = {
    "group": "group",
    "version": "version",
    "kind": "kind",
    "name": "name",
    "namespace": "namespace",
    "label_selector": "labelSelector",
    "annotation_selector": "annotationSelector",
}


def patch_options(command: _Command) -> _Command:
    """``--patch``, and an option for each field of its target."""
    for option in reversed(_TARGET):
        flag = "--" + option.replace("_", "-")
        command = click.option(flag, default="", help=f"Its target's {_TARGET[option]}.")(command)
    return click.option("--patch", default="", help="Its text, in place of a path.")(command)


def patch_of(path: str, parts: Mapping[str, str]) -> dict[str, Any]:
    """The entry of ``patches``. Raises UsageError unless it is a path or a text."""
    text = parts["patch"]
    if bool(path) == bool(text):
        raise UsageError("name a patch by its PATH, or give its text: --patch TEXT")
    target = {field: parts[option] for option, field in _TARGET.items() if parts[option]}
    entry: dict[str, Any] = {"path": path} if path else {"patch": text}
    return {**entry, "target": target} if target else entry
