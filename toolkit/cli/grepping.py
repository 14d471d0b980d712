"""``gitops logs --grep``: lines of the logs of many runs."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from toolkit.cli.output import is_coloured
from toolkit.errors import RefusedError, ToolkitError, UsageError
from toolkit.report.table import printable

if TYPE_CHECKING:
    from toolkit.adapters.logs.search import FoundLine, KeptLog, LogQuery

_BOLD, _FAINT, _PLAIN = "\x1b[1;31m", "\x1b[2m", "\x1b[0m"


def grep_logs(env: str | None, query: LogQuery, output: str) -> int:
    """Prints the lines that match, step by step; 1 where there are none."""
    from toolkit.adapters.logs.search import kept_logs
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    if not environment.destination.is_embedded:
        raise RefusedError(
            f"{environment.name} is on Kubernetes: its logs are not kept here",
            hints=["gitops logs NAME reads what the cluster still has"],
        )
    print_line = _as_json if output == "json" else _as_text
    count = 0
    for log in kept_logs(workspace.state / "logs", environment.name, query):
        for line in _lines(log, query, env):
            print_line(line, query.pattern)
            count += 1
    return 0 if count else 1


def parse_pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    """Raises UsageError with the place of what is wrong."""
    try:
        return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}") from error


def parse_since(text: str, now: datetime) -> datetime:
    """``2h``, ``7d``: so long ago; or an instant. Raises UsageError."""
    from toolkit.cli.instants import parse_instant
    from toolkit.workflow.retention.retention import parse_age

    try:
        age = parse_age(text)
    except ValueError:
        return parse_instant(text)
    return now - (age or timedelta())


def _lines(log: KeptLog, query: LogQuery, env: str | None) -> Iterator[FoundLine]:
    """From the file, or, while it may show secrets, from who runs the step."""
    from toolkit.adapters.logs.search import search

    if log.is_readable:
        yield from search(log, query)
        return
    try:
        yield from _asked(log, query, env)
    except ToolkitError as error:
        print(f"{log.address.workflow}/{log.step}: {error}", file=sys.stderr)


def _asked(log: KeptLog, query: LogQuery, env: str | None) -> Iterator[FoundLine]:
    from toolkit.adapters.logs.search import FoundLine
    from toolkit.cli.workflows import opened

    address, since = log.address, query.since.isoformat() if query.since else ""
    with opened(env) as place:
        lines = place.cluster.pod_log(
            address.namespace, address.pod, container=log.container, timestamps=True
        )
        for number, line in enumerate(lines, 1):
            at, _, text = line.partition(" ")
            if at >= since and query.pattern.search(text):
                yield FoundLine(log, number, at, text)


def _as_text(line: FoundLine, pattern: re.Pattern[str]) -> None:
    log, text = line.log, line.text
    container = "" if log.container == "main" else f"[{log.container}]"
    head = f"{line.at[:23]}Z {log.address.workflow}/{log.step}{container}:"
    if is_coloured(sys.stdout):
        text = pattern.sub(lambda found: f"{_BOLD}{found[0]}{_PLAIN}", printable(text))
        head = f"{_FAINT}{head}{_PLAIN}"
    print(f"{head} {text}")


def _as_json(line: FoundLine, pattern: re.Pattern[str]) -> None:  # noqa: ARG001 - as _as_text
    """One object a line."""
    log = line.log
    entry = {
        "time": line.at,
        "environment": log.address.cluster,
        "namespace": log.address.namespace,
        "workflow": log.address.workflow,
        "step": log.step,
        "template": log.template,
        "pod": log.address.pod,
        "container": log.container,
        "line": line.number,
        "text": line.text,
    }
    print(json.dumps(entry, ensure_ascii=False))
