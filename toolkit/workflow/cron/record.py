"""What a decision writes of a cron: the fields of its status, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from toolkit.resource.resource import Body
from toolkit.workflow.cron.history import phase_of
from toolkit.workflow.nodes import FINISHED, SUCCEEDED, Row, rfc3339

SKIPPED_UNTIL: Final = "lastSkippedTime"
"""The status field, ours, with the latest tick that was decided not to run."""

Said = tuple[Literal["Normal", "Warning"], str, str]
"""Type, reason and message of an Event."""


class Record:
    """``status`` is the new one, under way. A field that is None goes."""

    def __init__(self, cron: Body) -> None:
        self._old: Row = cron.get("status") or {}
        self.status: Row = dict(self._old)
        self.said: list[Said] = []

    @property
    def change(self) -> Row | None:
        """The status where it is another one now."""
        return None if self.status == self._old else self.status

    @property
    def active(self) -> list[str]:
        """The names of the runs that have not ended."""
        return [str(entry.get("name")) for entry in self.status.get("active") or ()]

    def say(self, reason: str, message: str) -> None:
        self.said.append(("Normal", reason, message))

    def skip(self, tick: datetime, reason: str) -> None:
        """A tick that is not run still counts as seen, so that it is not looked at again."""
        self.status[SKIPPED_UNTIL] = rfc3339(tick)
        self.say("Skipped", f"tick {rfc3339(tick)} was not run: {reason}")

    def report(self, condition: str, message: str) -> None:
        """Of what is wrong with the cron, in the place of what was."""
        reported = [*self._conditions_but(condition), _condition(condition, message)]
        self.status["conditions"] = reported
        self.said.append(("Warning", condition, message))

    def has_reported(self, condition: str, message: str) -> bool:
        return _condition(condition, message) in (self.status.get("conditions") or ())

    def drop_condition(self, condition: str) -> None:
        if self.status.get("conditions"):
            self.status["conditions"] = self._conditions_but(condition)

    def count(self, runs: Sequence[Body]) -> None:
        """``active``, ``succeeded`` and ``failed`` as Argo keeps them: a run counts when it leaves
        ``active``.
        """
        known = set(self.active)
        for run in runs:
            if str(run["metadata"]["name"]) in known and phase_of(run) in FINISHED:
                counter = "succeeded" if phase_of(run) == SUCCEEDED else "failed"
                self.status[counter] = int(self.status.get(counter) or 0) + 1
        references = [_reference(run) for run in runs if phase_of(run) not in FINISHED]
        if references or self._old.get("active"):
            self.status["active"] = references

    def _conditions_but(self, type: str) -> list[Row]:
        known = self.status.get("conditions") or ()
        return [condition for condition in known if condition.get("type") != type]


def _condition(type: str, message: str) -> Row:
    return {"type": type, "status": "True", "message": message}


def _reference(run: Body) -> Row:
    metadata = run["metadata"]
    reference: Row = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": metadata["name"],
    }
    for key in ("namespace", "uid"):
        if metadata.get(key):
            reference[key] = metadata[key]
    return reference
