"""What a run's nodes come to: progress and ``resourcesDuration`` of those that hold others, and of
the whole. Computed when a run is shown, from its rows: no step pays for it.

Argo's rules: ``workflow/progress/updater.go``, ``util/resource/updater.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from toolkit.workflow.measures.descent import Children, descendants, summation
from toolkit.workflow.measures.progress import EXECUTABLE, format_progress, progress_of
from toolkit.workflow.nodes import POD, Node, Row

_NONE: Final[Row] = {}


def sums_of(nodes: Iterable[Node]) -> Row:
    """``progress`` and ``used`` of a whole run, for its row. Cost: linear in the nodes."""
    executed = [node for node in nodes if node.type in EXECUTABLE]
    progress = _summed([progress_of(node.status) for node in executed])
    return {"progress": progress, "used": _added(map(_usage, executed))}


def _summed(pairs: Sequence[tuple[int, int]]) -> str:
    return format_progress(sum(done for done, _ in pairs), sum(whole for _, whole in pairs))


def put_totals(status: Row, nodes: Mapping[str, Node], children: Children) -> None:
    """Put progress and usage into a run's projected status and into its nodes there. Cost: about
    linear; see ``descent``.
    """
    # The newest first: what comes last is below the most, and its number stays small.
    executed = [node for node in reversed([*nodes.values()]) if node.type in EXECUTABLE]
    pairs = [progress_of(node.status) for node in executed]
    usages = [_usage(node) for node in executed]
    status["progress"] = _summed(pairs)
    if used := _added(usages):
        status["resourcesDuration"] = used
    shown: dict[str, Row] = status["nodes"]
    for node, (done, whole) in zip(executed, pairs, strict=True):
        shown[node.id]["progress"] = format_progress(done, whole)
    if len(executed) < len(nodes):
        numbers = {node.id: number for number, node in enumerate(executed)}
        sums = _Sums(pairs, usages)
        for id, bits in descendants(children, numbers):
            if bits and id not in numbers:
                shown[id]["progress"] = sums.progress(bits)
                if nodes[id].is_finished and (used := sums.usage(bits)):
                    shown[id]["resourcesDuration"] = used


def _usage(node: Node) -> Row:
    """Of a pod that has ended; Argo counts nothing else."""
    used: Row = node.status.get("resourcesDuration", _NONE) if node.type == POD else _NONE
    return used


def _added(usages: Iterable[Row]) -> Row:
    added: dict[str, int] = {}
    for used in usages:
        for resource, seconds in used.items():
            added[resource] = added.get(resource, 0) + seconds
    return added


class _Sums:
    """Over sets of executed nodes; the place in the lists is the node's number."""

    def __init__(self, pairs: Sequence[tuple[int, int]], usages: Sequence[Row]) -> None:
        self._done = summation([done for done, _ in pairs])
        self._whole = summation([whole for _, whole in pairs])
        self._usage = [
            (
                resource,
                summation([int(resource in used) for used in usages]),
                summation([used.get(resource, 0) for used in usages]),
            )
            for resource in _added(usages)
        ]

    def progress(self, bits: int) -> str:
        return format_progress(self._done(bits), self._whole(bits))

    def usage(self, bits: int) -> Row:
        return {
            resource: seconds(bits) for resource, has_it, seconds in self._usage if has_it(bits)
        }
