"""Sprig's functions of paths: Go's path package, whose ``os`` twins do the same here."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any, Final


def _base(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1] or "/" if path else "."


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def _directory(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return _clean(head or slash)


def _extension(path: str) -> str:
    _, point, extension = path.rpartition("/")[2].rpartition(".")
    return point + extension if point else ""


_PATHS: Final[Mapping[str, Callable[..., Any]]] = {
    "base": _base,
    "clean": _clean,
    "dir": _directory,
    "ext": _extension,
    "isAbs": lambda path: path.startswith("/"),
}

PATHS: Final[Mapping[str, Callable[..., Any]]] = {
    **_PATHS,
    **{f"os{name[0].upper()}{name[1:]}": function for name, function in _PATHS.items()},
}
