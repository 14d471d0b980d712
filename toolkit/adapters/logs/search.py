"""Searches the logs of all runs that are kept, whether the runs themselves are or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from toolkit.adapters.logs.files import descriptions
from toolkit.adapters.logs.times import LogTimes
from toolkit.workflow.ports import PodAddress
from toolkit.workflow.spec.step_names import step_of


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``workflow``: a name, ``*`` matches anything; ``step``: of a step, a template or a pod;
    ``since``: lines that came then or later.
    """

    pattern: re.Pattern[str]
    workflow: str = "*"
    step: str = ""
    container: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptLog:
    """One container's log, and what is known of it."""

    address: PodAddress
    container: str
    step: str
    template: str
    began: datetime
    path: Path

    @property
    def is_readable(self) -> bool:
        """Not while it runs with secrets: only who runs it can mask it."""
        name = "unmasked" if self.container == "main" else f"{self.container}.unmasked"
        return not self.path.with_name(name).exists()


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line that matches. ``number`` counts from 1; ``at`` as logs are stamped."""

    log: KeptLog
    number: int
    at: str
    text: str


def kept_logs(root: Path, cluster: str, query: LogQuery) -> list[KeptLog]:
    """The logs of one environment that the query means, the step that began first at first."""
    found = []
    for folder in (root / cluster).glob("*/*"):
        if not fnmatchcase(folder.name, query.workflow):
            continue
        known = descriptions(folder)
        for path in folder.glob("*/*.log"):
            pod = path.parent.name
            address = PodAddress(cluster, folder.parent.name, folder.name, pod)
            log = _described(path, address, known.get(pod, {}))
            if _is_meant(log, query):
                found.append(log)
    return sorted(found, key=lambda log: (log.began, log.address.pod, log.container))


def search(log: KeptLog, query: LogQuery) -> Iterator[FoundLine]:
    """The lines of a log that match. Linear in the log; it is never held as a whole."""
    times = LogTimes(log.path)
    since = "" if query.since is None else query.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    with log.path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            text = line.rstrip("\r\n")
            if query.pattern.search(text) is None:
                continue
            at = times.stamp(number)
            if at >= since:
                yield FoundLine(log, number, at, text)


def _described(path: Path, address: PodAddress, about: Mapping[str, Any]) -> KeptLog:
    node = str(about.get("node") or "")
    began = about.get("began")
    return KeptLog(
        address=address,
        container=path.stem,
        step=step_of(node) or address.pod,
        template=str(about.get("template") or ""),
        began=datetime.fromisoformat(began) if began else _last_write(path),
        path=path,
    )


def _is_meant(log: KeptLog, query: LogQuery) -> bool:
    if query.container and query.container != log.container:
        return False
    if query.step and query.step not in (log.step, log.template, log.address.pod):
        return False
    return query.since is None or _last_write(log.path) >= query.since


def _last_write(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:  # its retention was over this moment
        return datetime.min.replace(tzinfo=UTC)
