"""What a run's nodes come to: progress and ``resourcesDuration`` of those that hold others, and of
the whole. Computed when a run is shown, from its rows: no step pays for it.

Argo's rules: ``workflow/progress/updater.go``, ``util/resource/updater.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from toolkit.workflow.descent import Children, descendants, summation
from toolkit.workflow.nodes import POD, Node, Row
from toolkit.workflow.progress import EXECUTABLE, format_progress, progress_of

_NONE: Final[Row] = {}


def progress_of_all(nodes: Iterable[Node]) -> str:
    """Of a whole run. Cost: linear in the nodes."""
    done = all_of_it = 0
    for node in nodes:
        if node.type in EXECUTABLE:
            own = progress_of(node.status)
            done, all_of_it = done + own[0], all_of_it + own[1]
    return format_progress(done, all_of_it)


def usage_of_all(nodes: Iterable[Node]) -> Row:
    """``resourcesDuration`` of a whole run: of its pods. {} before the first has ended."""
    used: dict[str, int] = {}
    for node in nodes:
        for resource, seconds in (_usage(node)).items():
            used[resource] = used.get(resource, 0) + seconds
    return used


def _usage(node: Node) -> Row:
    if node.type != POD:
        return _NONE
    used: Row = node.status.get("resourcesDuration") or _NONE
    return used


def put_totals(statuses: dict[str, Row], nodes: dict[str, Node], children: Children) -> None:
    """Put progress and usage into projected statuses. Cost: about linear; see ``descent``."""
    # The newest first: what comes last is below the most, and its number stays small.
    executed = [node for node in reversed(nodes.values()) if node.type in EXECUTABLE]
    for node in executed:
        statuses[node.id]["progress"] = format_progress(*progress_of(node.status))
    if len(executed) == len(nodes):
        return
    sums = _Sums(executed)
    numbers = {node.id: number for number, node in enumerate(executed)}
    for id, bits in descendants(children, numbers):
        if bits and id not in numbers:
            statuses[id]["progress"] = sums.progress(bits)
            if nodes[id].is_finished and (used := sums.usage(bits)):
                statuses[id]["resourcesDuration"] = used


class _Sums:
    """Over sets of executed nodes; the place in the list is the node's number."""

    def __init__(self, executed: Sequence[Node]) -> None:
        progress = [progress_of(node.status) for node in executed]
        self._done = summation([done for done, _ in progress])
        self._all_of_it = summation([all_of_it for _, all_of_it in progress])
        usages = [_usage(node) for node in executed]
        resources = dict.fromkeys(resource for used in usages for resource in used)
        self._usage = {
            resource: (
                summation([int(resource in used) for used in usages]),
                summation([used.get(resource, 0) for used in usages]),
            )
            for resource in resources
        }

    def progress(self, bits: int) -> str:
        return format_progress(self._done(bits), self._all_of_it(bits))

    def usage(self, bits: int) -> Row:
        return {
            resource: seconds(bits)
            for resource, (has_it, seconds) in self._usage.items()
            if has_it(bits)
        }
