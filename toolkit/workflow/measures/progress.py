"""Progress as Argo counts it: ``N/M``, of each node that is executed 0/1 and then 1/1, or what its
pod says itself (``ARGO_PROGRESS_FILE``); of all others the sum of what comes below and after them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from toolkit.workflow.nodes import (
    CONTAINER,
    HTTP,
    OMITTED,
    PLUGIN,
    POD,
    SKIPPED,
    SUCCEEDED,
    SUSPEND,
    Row,
)

ANNOTATION: Final = "workflows.argoproj.io/progress"
"""In a template's metadata: what its pods begin with."""
_BEGUN: Final = (0, 1)
_DONE: Final = (1, 1)
EXECUTABLE: Final = frozenset({POD, HTTP, PLUGIN, CONTAINER, SUSPEND})
"""Types of nodes whose progress is their own."""

_COMPLETE: Final = frozenset({SUCCEEDED, SKIPPED, OMITTED})


def parse_progress(text: Any) -> tuple[int, int] | None:
    """``"3/10"`` → (3, 10); None for what is no progress: it does not count."""
    done, slash, all_of_it = str(text or "").strip().partition("/")
    if not (slash and done.isdecimal() and all_of_it.isdecimal()):
        return None
    pair = int(done), int(all_of_it)
    return pair if 0 < pair[1] < 2**63 and pair[0] <= pair[1] else None


def format_progress(done: int, all_of_it: int) -> str:
    """The inverse of :func:`parse_progress`."""
    return f"{done}/{all_of_it}"


def progress_of(status: Mapping[str, Any]) -> tuple[int, int]:
    """Of a node of an executable type; one that ended well is complete."""
    is_complete = status["phase"] in _COMPLETE
    if "progress" not in status:
        return _DONE if is_complete else _BEGUN
    done, all_of_it = parse_progress(status["progress"]) or _BEGUN
    return (all_of_it if is_complete else done), all_of_it


def first_progress(template: Row) -> str:
    """What a template's pods begin with, "" where it does not say."""
    metadata: Row = template.get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(ANNOTATION)
    return str(text).strip() if parse_progress(text) else ""
