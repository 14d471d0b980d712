"""Logs of steps on standard output: those there are, or those to come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.cli.output import is_coloured
from toolkit.cli.showing import follow, pods_of
from toolkit.errors import NotFoundError, ToolkitError, UsageError
from toolkit.report.table import printable
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.resource import Body

_COLOURS = ("36", "33", "35", "32", "34", "31")


@dataclass(frozen=True, slots=True)
class LogRequest:
    """``step``: a pod, a step's name, or "" for all. ``tail``: lines of each step; None is all."""

    step: str = ""
    tail: int | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """One step's log. ``label`` stands before its lines where several are printed."""

    pod: str
    label: str
    colour: str
    has_ended: bool


def print_logs(cluster: Cluster, workflow: Body, wanted: LogRequest) -> None:
    """What is there now, step by step. Raises UsageError for a step that is not there."""
    sources = _sources(workflow, wanted)
    if wanted.step and not sources:
        raise _unknown_step(workflow, wanted)
    if not sources:
        print("no step has begun", file=sys.stderr)
    for source in sources:
        _print_one(cluster, workflow["metadata"]["namespace"], source, wanted, follow=False)


def stream_logs(cluster: Cluster, ref: ObjectRef, wanted: LogRequest) -> Body:
    """Each step's log from when it begins, side by side, until the workflow ends. Returns the end.

    Raises UsageError at the end where the step asked for never began.
    """
    printers: dict[str, threading.Thread] = {}
    body: Body = {}
    for body in follow(cluster, ref):
        for source in _sources(body, wanted):
            if source.pod not in printers:
                printers[source.pod] = _print_beside(cluster, ref.namespace, source, wanted)
    for printer in printers.values():
        printer.join()
    if wanted.step and not printers:
        raise _unknown_step(body, wanted)
    return body


def _print_beside(
    cluster: Cluster, namespace: str, source: _Source, wanted: LogRequest
) -> threading.Thread:
    """Prints a step's log as it grows; one that has ended is printed when this returns."""
    printer = threading.Thread(
        target=_print_one,
        args=(cluster, namespace, source, wanted),
        kwargs={"follow": True},
        daemon=True,
    )
    printer.start()
    if source.has_ended:
        printer.join()
    return printer


def _sources(workflow: Body, wanted: LogRequest) -> list[_Source]:
    """The steps that have begun and are wanted, oldest first."""
    nodes = (workflow.get("status") or {}).get("nodes") or {}
    pods = pods_of(workflow)
    begun = [nodes[id] for id in pods if nodes[id].get("startedAt")]
    begun.sort(key=lambda node: (str(node["startedAt"]), str(node.get("name"))))
    found: list[_Source] = []
    for index, node in enumerate(begun):
        pod, name = pods[node["id"]], str(node.get("name", ""))
        label = str(node.get("displayName") or name)
        if wanted.step in ("", pod, label, name, str(node.get("templateName", ""))):
            colour = _COLOURS[index % len(_COLOURS)]
            found.append(_Source(pod, label, colour, has_ended=bool(node.get("finishedAt"))))
    return found


def _print_one(
    cluster: Cluster, namespace: str, source: _Source, wanted: LogRequest, *, follow: bool
) -> None:
    prefix = f"{source.label}: " if not wanted.step else ""
    if prefix and is_coloured(sys.stdout):
        prefix = f"\x1b[{source.colour}m{source.label}\x1b[0m: "
    try:
        for line in _lines(cluster, namespace, source.pod, wanted, follow=follow):
            sys.stdout.write(f"{prefix}{_visible(line)}\n")
            sys.stdout.flush()
    except NotFoundError:
        print(f"{source.label}: no log is kept", file=sys.stderr)
    except ToolkitError as error:
        print(f"{source.label}: {error}", file=sys.stderr)


def _lines(
    cluster: Cluster, namespace: str, pod: str, wanted: LogRequest, *, follow: bool
) -> Iterator[str]:
    return cluster.pod_log(
        namespace, pod, follow=follow, tail_lines=wanted.tail, timestamps=wanted.timestamps
    )


def _visible(line: str) -> str:
    """On a terminal nothing in a log may move the cursor; tabs and colours elsewhere stay."""
    if not sys.stdout.isatty():
        return line
    return "\t".join(printable(part) for part in line.split("\t"))


def _unknown_step(workflow: Body, wanted: LogRequest) -> UsageError:
    labels = [source.label for source in _sources(workflow, LogRequest())]
    known = f"steps that have begun: {', '.join(labels)}" if labels else "no step has begun"
    return UsageError(f"no step {wanted.step!r} in this workflow", hints=(known,))
