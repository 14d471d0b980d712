"""A workflow on standard output, still or moving."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from shutil import get_terminal_size
from typing import Any, TextIO

from toolkit.cli.output import is_coloured
from toolkit.cli.workflows import now
from toolkit.report.workflow_tree import format_workflow, icon_of
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.resource import Body

_WATCH_S = 300.0


def print_workflow(body: Mapping[str, Any], *, is_wide: bool = False) -> None:
    """State and tree, coloured on a terminal."""
    pods, coloured = pods_of(body), is_coloured(sys.stdout)
    print(format_workflow(body, now=now(), pods=pods, coloured=coloured, is_wide=is_wide))


def pods_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Node id → name of its pod, for nodes that are pods."""
    from toolkit.workflow.nodes import pod_name, template_of

    workflow = str((body.get("metadata") or {}).get("name", ""))
    nodes = (body.get("status") or {}).get("nodes") or {}
    return {
        id: pod_name(workflow, str(node.get("name", "")), template_of(node))
        for id, node in nodes.items()
        if node.get("type") == "Pod"
    }


def follow(cluster: Cluster, ref: ObjectRef) -> Iterator[Body]:
    """A workflow as it is, then each change, until it has ended; the end comes last.

    Raises NotFoundError where it is deleted meanwhile.
    """
    from toolkit.errors import GoneError, NotFoundError
    from toolkit.workflow.submission.submission import is_finished

    while True:
        body = cluster.get(ref)
        if body is None:
            raise NotFoundError(f'{ref.gvk.kind} "{ref.name}" not found')
        yield body
        if is_finished(body):
            return
        version = str(body["metadata"].get("resourceVersion", ""))
        try:
            for changed in _changes(cluster, ref, version):
                yield changed
                if is_finished(changed):
                    return
        except GoneError:
            continue


def show_until_ended(states: Iterable[Body]) -> Body:
    """Draws each state over the last on a terminal; elsewhere prints a line for each node that
    changed. Returns the end.
    """
    draws = sys.stdout.isatty()
    screen = Screen(sys.stdout, get_terminal_size().lines)
    seen: dict[str, str] = {}
    last: Body = {}
    for body in states:
        last = body
        if draws:
            coloured = is_coloured(sys.stdout)
            screen.draw(format_workflow(body, now=now(), pods=pods_of(body), coloured=coloured))
        else:
            _print_changes(body, seen)
    return last


class Screen:
    """Text that is drawn over its last version: the end of it, where it is higher than the
    terminal; long lines are cut, not wrapped.
    """

    def __init__(self, stream: TextIO, height: int) -> None:
        self._stream = stream
        self._height = max(1, height - 1)
        self._drawn = 0

    def draw(self, text: str) -> None:
        lines = text.split("\n")[-self._height :]
        up = f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else ""
        self._stream.write(f"{up}\x1b[?7l" + "\n".join(lines) + "\x1b[?7h\n")
        self._stream.flush()
        self._drawn = len(lines)


def _print_changes(body: Body, seen: dict[str, str]) -> None:
    nodes = (body.get("status") or {}).get("nodes") or {}
    for id, node in nodes.items():
        phase = str(node.get("phase", ""))
        if seen.get(id) == phase or node.get("type") == "StepGroup":
            continue
        seen[id] = phase
        message = " ".join(str(node.get("message") or "").split())
        print(f"{icon_of(node)} {node.get('name')}: {phase}{f' ({message})' if message else ''}")


def _changes(cluster: Cluster, ref: ObjectRef, version: str) -> Iterator[Body]:
    from toolkit.errors import NotFoundError

    events = cluster.watch(ref.gvk, ref.namespace, resource_version=version, timeout_s=_WATCH_S)
    for event in events:
        if (event.object.get("metadata") or {}).get("name") != ref.name:
            continue
        if event.type == "DELETED":
            raise NotFoundError(f'{ref.gvk.kind} "{ref.name}" was deleted')
        if event.type != "BOOKMARK":
            yield event.object
