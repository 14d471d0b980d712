"""The runs of crons, as much of them as decisions look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from toolkit.resource.cluster import WatchEvent
from toolkit.resource.resource import Body
from toolkit.workflow.cron.history import phase_of
from toolkit.workflow.cron.ticks import CRON_LABEL

Key = tuple[str, str]
"""Namespace and name of a cron."""


class CronRuns:
    """Of one logical cluster. ``is_known`` once all Workflows were listed."""

    def __init__(self) -> None:
        self.is_known = False
        self._runs: dict[Key, dict[str, Body]] = {}

    def of(self, cron: Key) -> tuple[Body, ...]:
        return tuple(self._runs.get(cron, {}).values())

    def run(self, cron: Key, name: str) -> Body | None:
        return self._runs.get(cron, {}).get(name)

    def listed(self, workflows: Iterable[Body]) -> None:
        """All there are."""
        self._runs = {}
        for workflow in workflows:
            self.put(workflow)
        self.is_known = True

    def put(self, workflow: Body) -> bool:
        """Whether that is news to decisions."""
        cron = cron_of(workflow)
        if cron is None:
            return False
        known, name, brief = self._runs.setdefault(cron, {}), key_of(workflow)[1], _brief(workflow)
        before, known[name] = known.get(name), brief
        return before != brief

    def changed(self, event: WatchEvent) -> bool:
        """Whether that is news to decisions."""
        if event.type != "DELETED":
            return self.put(event.object)
        cron = cron_of(event.object)
        known = self._runs.get(cron, {}) if cron else {}
        return known.pop(key_of(event.object)[1], None) is not None


class Neighbours:
    """The crons of one namespace and their runs, for a decision about one of them.

    ``crons`` knows them by key; ``past`` gives the phase of a run that is not there any more, ""
    where nobody knows.
    """

    def __init__(
        self,
        namespace: str,
        crons: Callable[[Key], Body | None],
        runs: CronRuns,
        past: Callable[[str, str], str],
    ) -> None:
        self._namespace = namespace
        self._crons = crons
        self._runs = runs
        self._past = past

    def cron(self, name: str) -> Body | None:
        return self._crons((self._namespace, name))

    def phase(self, cron: str, run: str) -> str:
        found = self._runs.run((self._namespace, cron), run)
        if found is not None:
            return str(found["status"]["phase"] or "Pending")
        return self._past(self._namespace, run)


def key_of(body: Body) -> Key:
    """Of a cron, or where a run stands."""
    return str(body["metadata"]["namespace"]), str(body["metadata"]["name"])


def cron_of(workflow: Body, label: str = CRON_LABEL) -> Key | None:
    """The cron that a workflow is a run of."""
    labels: Mapping[str, str] = workflow["metadata"].get("labels") or {}
    cron = labels.get(label)
    return (str(workflow["metadata"]["namespace"]), str(cron)) if cron else None


def _brief(workflow: Body) -> Body:
    """Runs are many and large."""
    metadata, status = workflow["metadata"], workflow.get("status") or {}
    return {
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid") if key in metadata},
        "status": {"phase": phase_of(workflow), "finishedAt": status.get("finishedAt")},
    }
