"""What people call a step: by its template, or by its name in steps and tasks."""

from __future__ import annotations

import re
from typing import Final

_ATTEMPT: Final = re.compile(r"\((\d+)\)\Z")
_ITEM: Final = re.compile(r"\(\d+(:[^()]*)?\)\Z")
_LAST: Final = re.compile(r"\.([^.()\[\]]+)\Z")


def without_attempt(node_name: str) -> str:
    """``wf.load(2)`` → ``wf.load``: all attempts of a node share it."""
    return _ATTEMPT.sub("", node_name)


def attempt_of(node_name: str) -> int:
    """The attempt's number, 0 for the first and where there are no retries."""
    found = _ATTEMPT.search(node_name)
    return int(found[1]) if found else 0


def step_of(node_name: str) -> str:
    """``wf[1].day(0:2024-05-01).transform(1:IT)(0)`` → ``transform``; a root's own name."""
    name = _ITEM.sub("", without_attempt(node_name))
    found = _LAST.search(name)
    return found[1] if found else name
