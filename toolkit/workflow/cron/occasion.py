"""What a decision is about: a cron and a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from toolkit.resource.resource import Body
from toolkit.workflow.cron.schedule import Schedule
from toolkit.workflow.cron.ticks import next_tick
from toolkit.workflow.nodes import Row


@dataclass(frozen=True, slots=True)
class Occasion:
    """``schedules`` are the cron's."""

    cron: Body
    now: datetime
    schedules: tuple[Schedule, ...]

    @property
    def spec(self) -> Row:
        found: Row = self.cron.get("spec") or {}
        return found

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.cron.get("metadata") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.get("annotations") or {}

    @property
    def policy(self) -> str:
        """The concurrencyPolicy as written."""
        return str(self.spec.get("concurrencyPolicy") or "")

    def tick_after(self, at: datetime) -> datetime | None:
        """The next one of all schedules."""
        return next_tick(self.schedules, at)
