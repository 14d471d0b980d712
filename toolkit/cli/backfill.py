"""``gitops cron backfill``: a run for each scheduled time of a span."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from toolkit.cli.submitting import submitting
from toolkit.cli.workflows import Place, find, name_of, opened
from toolkit.errors import AlreadyExistsError, GoneError, NotFoundError
from toolkit.resource.resource import Body

if TYPE_CHECKING:
    from toolkit.resource.cluster import WatchEvent

_WATCH_S = 300.0


def backfill(
    name: str, env: str | None, start: datetime, end: datetime, *, parallel: int, dry_run: bool
) -> int:
    """Makes the runs that are missing, ``parallel`` at a time, oldest first; returns the exit
    code. What was made before is not made again, so that it can be interrupted and called again.
    """
    if dry_run:
        with opened(env) as place:
            for body in _workflows(place, name, start, end):
                known = "  (there already)" if _find(place, name_of(body)) else ""
                print(f"workflow/{name_of(body)}  {_scheduled(body)}{known}")
        return 0
    with submitting(env, waits=True) as place:
        return _Backfill(place, parallel).run(_workflows(place, name, start, end))


def _workflows(place: Place, name: str, start: datetime, end: datetime) -> list[Body]:
    from toolkit.workflow.cron.backfill import backfill_ticks, backfill_workflow
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    cron = find(place, CRON_WORKFLOW, name)
    return [backfill_workflow(cron, tick) for tick in backfill_ticks(cron, start, end)]


def _scheduled(body: Body) -> str:
    from toolkit.workflow.spec.definition import SCHEDULED_TIME

    return str(body["metadata"]["annotations"][SCHEDULED_TIME])


def _find(place: Place, name: str) -> Body | None:
    from toolkit.workflow.submission.submission import WORKFLOW

    return place.cluster.get(place.ref(WORKFLOW, name))


class _Backfill:
    """Keeps so many runs going until all have ended."""

    def __init__(self, place: Place, parallel: int) -> None:
        self._place = place
        self._parallel = parallel
        self._going: dict[str, None] = {}
        self._failed: list[str] = []

    def run(self, workflows: Sequence[Body]) -> int:
        made = 0
        for body in workflows:
            made += self._make(body)
            while len(self._going) >= self._parallel:
                self._await_one()
        while self._going:
            self._await_one()
        print(
            f"{len(workflows)} scheduled times: {made} run now, {len(workflows) - made} there "
            f"already, {len(self._failed)} not succeeded",
            file=sys.stderr,
        )
        for name in self._failed:
            print(
                f"hint: gitops retry {name} --env {self._place.environment.name}", file=sys.stderr
            )
        return 1 if self._failed else 0

    def _make(self, body: Body) -> bool:
        """One that is there already is followed where it still goes on; else it is left."""
        name = name_of(body)
        try:
            self._place.cluster.create(body)
        except AlreadyExistsError:
            self._going[name] = None
            self._look(_find(self._place, name), is_new=False)
            return False
        print(f"workflow/{name} created for {_scheduled(body)}", flush=True)
        self._going[name] = None
        return True

    def _await_one(self) -> None:
        """Returns when one run or more has ended. A run that is deleted meanwhile has ended."""
        before = len(self._going)
        from toolkit.workflow.submission.submission import WORKFLOW

        found = self._place.cluster.list(WORKFLOW, self._place.namespace)
        bodies = {name_of(body): body for body in found.items}
        for name in tuple(self._going):
            self._look(bodies.get(name))
            if name not in bodies:
                self._gone(name)
        if len(self._going) < before:
            return
        for event in self._changes(found.resource_version):
            if name_of(event.object) in self._going:
                if event.type == "DELETED":
                    self._gone(name_of(event.object))
                else:
                    self._look(event.object)
            if len(self._going) < before:
                return

    def _changes(self, version: str) -> Iterator[WatchEvent]:
        from toolkit.workflow.submission.submission import WORKFLOW

        try:
            yield from self._place.cluster.watch(
                WORKFLOW, self._place.namespace, resource_version=version, timeout_s=_WATCH_S
            )
        except (GoneError, NotFoundError):
            return  # list again

    def _look(self, body: Body | None, *, is_new: bool = True) -> None:
        from toolkit.workflow.submission.submission import is_finished

        if body is None or not is_finished(body):
            return
        name, phase = name_of(body), str(body["status"]["phase"])
        del self._going[name]
        if phase != "Succeeded":
            self._failed.append(name)
        said = phase if is_new else f"{phase}, before"
        print(f"workflow/{name} {said}", flush=True)

    def _gone(self, name: str) -> None:
        if name in self._going:
            del self._going[name]
            self._failed.append(name)
            print(f"workflow/{name} was deleted", flush=True)
