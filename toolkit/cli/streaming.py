"""Logs of steps on standard output: those there are, or those to come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.cli.output import is_coloured
from toolkit.cli.showing import follow, pods_of
from toolkit.errors import BadRequestError, NotFoundError, ToolkitError, UsageError
from toolkit.report.table import printable
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.resource import Body

_COLOURS = ("36", "33", "35", "32", "34", "31")


@dataclass(frozen=True, slots=True)
class LogRequest:
    """``step``: a pod, a step's name, or "" for all. ``container``: one of each pod's, or "" for
    those that do its work. ``tail``: lines of each log; None is all.
    """

    step: str = ""
    container: str = ""
    tail: int | None = None
    timestamps: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """One container's log. ``label`` stands before its lines where several are printed."""

    pod: str
    container: str
    label: str
    colour: str
    has_ended: bool


def print_logs(cluster: Cluster, workflow: Body, wanted: LogRequest) -> None:
    """What is there now, step by step. Raises UsageError for a step or container that is not
    there.
    """
    sources = _sources(workflow, wanted)
    if wanted.step and not sources:
        raise _unknown_step(workflow, wanted)
    if not sources:
        print("no step has begun", file=sys.stderr)
    namespace = workflow["metadata"]["namespace"]
    printed = [_print_one(cluster, namespace, each, wanted, follow=False) for each in sources]
    if wanted.container and not any(printed):
        raise UsageError(f"no step has a container {wanted.container!r}")


def stream_logs(cluster: Cluster, ref: ObjectRef, wanted: LogRequest) -> Body:
    """Each step's log from when it begins, side by side, until the workflow ends. Returns the end.

    Raises UsageError at the end where the step asked for never began.
    """
    printers: dict[tuple[str, str], threading.Thread] = {}
    body: Body = {}
    for body in follow(cluster, ref):
        for source in _sources(body, wanted):
            key = (source.pod, source.container)
            if key not in printers:
                printers[key] = _print_beside(cluster, ref.namespace, source, wanted)
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
    members = _members(nodes)
    found: list[_Source] = []
    for index, node in enumerate(begun):
        colour = _COLOURS[index % len(_COLOURS)]
        found += _of_pod(node, pods[node["id"]], members.get(node["id"], []), colour, wanted)
    return found


def _members(nodes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The nodes of a container set's containers, by the node of their pod."""
    found: dict[str, list[Any]] = {}
    for node in nodes.values():
        if node.get("type") == "Container" and node.get("phase") != "Pending":
            found.setdefault(str(node.get("boundaryID")), []).append(node)
    return found


def _of_pod(
    node: Any, pod: str, members: list[Any], colour: str, wanted: LogRequest
) -> Iterator[_Source]:
    name = str(node.get("name", ""))
    label = str(node.get("displayName") or name)
    is_pod_wanted = wanted.step in ("", pod, label, name, str(node.get("templateName", "")))
    has_ended = bool(node.get("finishedAt"))
    if wanted.container or not members:
        if is_pod_wanted:
            yield _Source(pod, wanted.container or "main", label, colour, has_ended)
        return
    for member in members:
        own = str(member["displayName"])
        if is_pod_wanted or wanted.step in (own, member.get("name")):
            yield _Source(pod, own, f"{label}.{own}", colour, has_ended)


def _print_one(
    cluster: Cluster, namespace: str, source: _Source, wanted: LogRequest, *, follow: bool
) -> bool:
    """Whether there is such a log. A container asked for by name need not be in each step."""
    is_alone = bool(wanted.step) and "." not in source.label
    prefix = "" if is_alone else f"{source.label}: "
    if prefix and is_coloured(sys.stdout):
        prefix = f"\x1b[{source.colour}m{source.label}\x1b[0m: "
    try:
        for line in _lines(cluster, namespace, source, wanted, follow=follow):
            sys.stdout.write(f"{prefix}{_visible(line)}\n")
            sys.stdout.flush()
    except (NotFoundError, BadRequestError):
        if not wanted.container:
            print(f"{source.label}: no log is kept", file=sys.stderr)
        return False
    except ToolkitError as error:
        print(f"{source.label}: {error}", file=sys.stderr)
    return True


def _lines(
    cluster: Cluster, namespace: str, source: _Source, wanted: LogRequest, *, follow: bool
) -> Iterator[str]:
    return cluster.pod_log(
        namespace,
        source.pod,
        container=source.container,
        follow=follow,
        tail_lines=wanted.tail,
        timestamps=wanted.timestamps,
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
