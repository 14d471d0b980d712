"""Argo's ``workflow.failures``, as text that arrives in an environment variable.

Upstream it is a JSON list inside a *quoted* Go string; it may also be plain JSON, an unresolved
tag, or absent. Whatever it is, reading it never fails: text that is no list of failures is shown
as it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_TAG = re.compile(r"\{\{.*\}\}\Z", re.DOTALL)
_ATTEMPT = re.compile(r"(?P<step>.+)\((?P<number>[0-9]{1,9})\)\Z", re.DOTALL)
_GO_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_GO_ONLY = {"a": "\\u0007", "v": "\\u000b", "'": "'"}
_MOST_QUOTES = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step. ``pod`` is "" where there is none; ``attempts`` counts its retries too."""

    step: str
    message: str
    pod: str = ""
    attempts: int = 1


def read_failures(text: str) -> tuple[Failure, ...]:
    """The failed steps of ``text``, in its order; () where it says nothing.

    Entries that only repeat a child's failure (the enclosing steps, the retry itself) are left
    out, and the attempts of one step become one failure: the last one, with their number.
    """
    plain = text.strip()
    if not plain or _TAG.match(plain):
        return ()
    value = _unwrap(plain)
    if value is None or value == "":
        return ()
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return (Failure("", value if isinstance(value, str) else plain),)
    return _essential(entries)


def _unwrap(text: str) -> Any:
    value: Any = text
    for _ in range(_MOST_QUOTES):
        if not isinstance(value, str):
            break
        try:
            value = json.loads(_as_json(value), strict=False)
        except (ValueError, RecursionError):
            return value
    return value


def _as_json(text: str) -> str:
    """A Go string literal's escapes that JSON does not know become ones that it knows."""
    if not text.startswith('"'):
        return text
    return _GO_ESCAPE.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return json.dumps(chr(min(int(escape[1:], 16), 0x10FFFF)))[1:-1]
    return _GO_ONLY.get(escape, match[0])


def _essential(entries: list[dict[str, Any]]) -> tuple[Failure, ...]:
    own = [entry for entry in entries if not _is_echo(entry)] or entries
    steps: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for position, entry in enumerate(own):
        name = _name(entry)
        match = _ATTEMPT.match(name)
        key = match["step"] if match else f"{position}\0{name}"
        steps.setdefault(key, []).append((int(match["number"]) if match else 0, entry))
    return tuple(_failure(key, attempts) for key, attempts in steps.items())


def _failure(key: str, attempts: list[tuple[int, dict[str, Any]]]) -> Failure:
    _, last = max(attempts, key=lambda attempt: attempt[0])
    message = last.get("message") or last.get("phase") or ""
    return Failure(
        key.rpartition("\0")[2], str(message), str(last.get("podName") or ""), len(attempts)
    )


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("displayName") or entry.get("templateName") or "")


def _is_echo(entry: dict[str, Any]) -> bool:
    """True where the entry only says that something inside it failed."""
    message = str(entry.get("message") or "")
    return not message or message.startswith(("child '", "No more retries left"))
