"""Notifications in a run: calls of the notifier's template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

NOTIFIER: Final = ("slack-notifier", "notify")
"""The WorkflowTemplate and its template that send."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One call, with its parameters as the notifier gets them."""

    at: datetime
    parameters: Mapping[str, str]


def notice_of(
    status: Mapping[str, Any], at: datetime, notifier: tuple[str, str] = NOTIFIER
) -> Notice | None:
    """The notification that a pod node sends, None where it is another step."""
    reference = status.get("templateRef") or {}
    if (reference.get("name"), reference.get("template")) != notifier:
        return None
    given = (status.get("inputs") or {}).get("parameters") or ()
    return Notice(at, {str(one["name"]): str(one.get("value", "")) for one in given})
