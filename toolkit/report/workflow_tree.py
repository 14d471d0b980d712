"""A workflow for people: its state, its parameters, and the tree of its nodes.

The tree follows names, as Argo builds them: attempts ``x(0)`` and loop items ``x(0:a)`` stand
under ``x``; steps and tasks under the template that holds them, in the order they began; steps
that run side by side are joined by a dot (``·``). Exit handlers are trees of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from toolkit.report.changes import Paint, painter
from toolkit.report.durations import format_duration, parse_time, span_s
from toolkit.report.table import format_table, printable
from toolkit.report.usage import format_usage
from toolkit.workflow.verbs import STOP_MESSAGE

_ICONS: Final = {
    "Succeeded": ("✔", "32"),
    "Failed": ("✖", "31"),
    "Error": ("⚠", "31"),
    "Running": ("●", "36"),
    "Pending": ("◷", "33"),
    "Skipped": ("○", "2"),
    "Omitted": ("○", "2"),
}
_SUSPENDED: Final = ("ǁ", "36")
_UNKNOWN: Final = ("?", "33")
_HEADING: Final = ("STEP", "TEMPLATE", "POD", "DURATION", "MESSAGE")
_WIDE: Final = (*_HEADING[:-1], "ARTIFACTS", "MESSAGE", "RESOURCESDURATION", "NODENAME")
_NUMBERS = re.compile(r"(\d+)")

Node = Mapping[str, Any]


class _Line(NamedTuple):
    """``lead`` is the tree's drawing, before the icon."""

    lead: str
    node: Node


def format_workflow(
    workflow: Mapping[str, Any],
    *,
    now: datetime,
    pods: Mapping[str, str] | None = None,
    coloured: bool = False,
    is_wide: bool = False,
) -> str:
    """State, parameters, outputs and tree. ``pods``: node id → name of its pod."""
    paint = painter(coloured=coloured)
    blocks = [_summary(workflow, now, paint), *_parameters(workflow)]
    tree = format_tree(workflow, now=now, pods=pods, coloured=coloured, is_wide=is_wide)
    return "\n\n".join(block for block in [*blocks, tree] if block)


def format_tree(
    workflow: Mapping[str, Any],
    *,
    now: datetime,
    pods: Mapping[str, str] | None = None,
    coloured: bool = False,
    is_wide: bool = False,
) -> str:
    """The nodes only; "" where there are none yet. Wide as ``argo get`` has it: with the names of
    output artifacts, what pods used, and the machine they ran on.
    """
    nodes = ((workflow.get("status") or {}).get("nodes")) or {}
    lines = list(_lines(nodes))
    if not lines:
        return ""
    row, heading = (_wide_row, _WIDE) if is_wide else (_row, _HEADING)
    plain = [row(line, pods or {}, now) for line in lines]
    text = format_table([("   " + heading[0], *heading[1:]), *plain])
    if not coloured:
        return text
    return _coloured(text, lines)


def icon_of(node: Node) -> str:
    """One character that tells the phase without colour."""
    return _icon(node)[0]


def _icon(node: Node) -> tuple[str, str]:
    phase = str(node.get("phase", ""))
    if node.get("type") == "Suspend" and phase == "Running":
        return _SUSPENDED
    return _ICONS.get(phase, _UNKNOWN)


def phase_of(workflow: Mapping[str, Any]) -> str:
    """The phase as people say it: a run that was asked to wait is Suspended."""
    status = workflow.get("status") or {}
    phase = str(status.get("phase") or "Pending")
    if phase in ("Running", "Pending") and is_suspended(workflow):
        return "Suspended"
    return phase


def is_suspended(workflow: Mapping[str, Any]) -> bool:
    """By ``spec.suspend``, or because a suspend node waits."""
    if (workflow.get("spec") or {}).get("suspend"):
        return True
    nodes = ((workflow.get("status") or {}).get("nodes")) or {}
    return any(_icon(node) == _SUSPENDED for node in nodes.values())


def _summary(workflow: Mapping[str, Any], now: datetime, paint: Paint) -> str:
    metadata, status = workflow.get("metadata") or {}, workflow.get("status") or {}
    phase = phase_of(workflow)
    icon, code = _SUSPENDED if phase == "Suspended" else _ICONS.get(phase, _UNKNOWN)
    took = span_s(status.get("startedAt"), status.get("finishedAt"), now)
    rows = [
        ("Name", printable(str(metadata.get("name", "")))),
        ("Namespace", str(metadata.get("namespace", ""))),
        ("Status", paint(code, f"{icon} {phase}")),
        ("Message", printable(str(status.get("message") or ""))),
        ("Stopped", printable(str((metadata.get("annotations") or {}).get(STOP_MESSAGE, "")))),
        ("Waits for", f"gitops resume {metadata.get('name')}" if phase == "Suspended" else ""),
        *_conditions(status.get("conditions") or ()),
        ("Created", _moment(metadata.get("creationTimestamp"), now)),
        ("Started", _moment(status.get("startedAt"), now)),
        ("Finished", _moment(status.get("finishedAt"), now)),
        ("Duration", format_duration(took) if took is not None else ""),
        ("EstimatedDuration", _estimate(status)),
        ("Progress", str(status.get("progress") or "")),
        ("ResourcesDuration", format_usage(status.get("resourcesDuration") or {})),
    ]
    return "\n".join(f"{name + ':':<20} {value}" for name, value in rows if value)


def _conditions(conditions: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Those that say more than the state does."""
    for one in conditions:
        if one.get("message"):
            yield str(one.get("type")), printable(" ".join(str(one["message"]).split()))


def _estimate(status: Mapping[str, Any]) -> str:
    """While it runs, as Argo shows it."""
    if status.get("phase") != "Running" or not status.get("estimatedDuration"):
        return ""
    return format_duration(float(status["estimatedDuration"]))


def _moment(text: Any, now: datetime) -> str:
    instant = parse_time(text) if text else None
    if instant is None:
        return ""
    ago = format_duration((now - instant).total_seconds())
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC ({ago} ago)"


def _parameters(workflow: Mapping[str, Any]) -> Iterator[str]:
    spec, status = workflow.get("spec") or {}, workflow.get("status") or {}
    for title, holder in (
        ("Parameters", spec.get("arguments")),
        ("Outputs", status.get("outputs")),
    ):
        rows = [
            f"  {printable(str(one.get('name')))}: {printable(str(one.get('value', '')))}"
            for one in (holder or {}).get("parameters") or ()
        ]
        if rows:
            yield "\n".join([f"{title}:", *rows])


def _row(line: _Line, pods: Mapping[str, str], now: datetime) -> tuple[str, ...]:
    node = line.node
    is_pod = node.get("type") == "Pod"
    took = span_s(node.get("startedAt"), node.get("finishedAt"), now) if is_pod else None
    name = str(node.get("displayName") or node.get("name", ""))
    return (
        f" {line.lead}{icon_of(node)} {name}",
        _template(node),
        pods.get(str(node.get("id", "")), "") if is_pod else "",
        format_duration(took) if took is not None else "",
        " ".join(str(node.get("message") or "").split()),
    )


def _wide_row(line: _Line, pods: Mapping[str, str], now: datetime) -> tuple[str, ...]:
    node = line.node
    *first, message = _row(line, pods, now)
    artifacts = (node.get("outputs") or {}).get("artifacts") or ()
    return (
        *first,
        ",".join(str(artifact.get("name")) for artifact in artifacts),
        message,
        format_usage(node.get("resourcesDuration") or {}),
        str(node.get("hostNodeName") or "") if node.get("type") == "Pod" else "",
    )


def _template(node: Node) -> str:
    reference = node.get("templateRef") or {}
    if reference:
        return f"{reference.get('name')}/{reference.get('template')}"
    return str(node.get("templateName") or "")


def _coloured(text: str, lines: Sequence[_Line]) -> str:
    """Paints the icons: after the table was laid out, because colours have a width of nothing."""
    heading, *rows = text.split("\n")
    painted = [f"\x1b[1m{heading}\x1b[0m"]
    for row, line in zip(rows, lines, strict=True):
        icon, code = _icon(line.node)
        painted.append(row.replace(f"{icon} ", f"\x1b[{code}m{icon}\x1b[0m ", 1))
    return "\n".join(painted)


def _lines(nodes: Mapping[str, Node]) -> Iterator[_Line]:
    """Depth first, without recursion: workflows that call themselves may be deep."""
    tree = _Tree(nodes)
    waiting = [(_Line("", root), "") for root in reversed(tree.roots)]
    while waiting:
        line, indent = waiting.pop()
        yield line
        waiting.extend(reversed(tree.below(line.node, indent)))


class _Tree:
    """Who stands under whom."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._by_id = nodes
        self._by_name = {str(node.get("name", "")): node for node in nodes.values()}
        self._children: dict[str, list[Node]] = {}
        self.roots: list[Node] = []
        for node in sorted(nodes.values(), key=_order):
            if node.get("type") == "StepGroup":
                continue
            parent = self._parent(node)
            if parent is None:
                self.roots.append(node)
            else:
                self._children.setdefault(str(parent.get("id")), []).append(node)
        self.roots.sort(key=_is_exit)

    def below(self, node: Node, indent: str) -> list[tuple[_Line, str]]:
        """The lines of a node's children, each with the indentation of what stands below it."""
        children = self._children.get(str(node.get("id")), [])
        has_groups = node.get("type") == "Steps"
        groups = [self._group(child) if has_groups else "" for child in children]
        lines = []
        for index, child in enumerate(children):
            is_last = index == len(children) - 1
            joins = bool(groups[index]) and index > 0 and groups[index - 1] == groups[index]
            lead = f"{indent}{'└─' if is_last else '├─'}{'·─' if joins else ''}"
            lines.append((_Line(lead, child), indent + ("  " if is_last else "│ ")))
        return lines

    def _parent(self, node: Node) -> Node | None:
        name = str(node.get("name", ""))
        for match in reversed(list(re.finditer(r"\(", name))):
            holder = self._by_name.get(name[: match.start()])
            if holder is not None and holder is not node:
                return holder
        return self._by_id.get(str(node.get("boundaryID") or ""))

    def _group(self, node: Node) -> str:
        """The group of steps a step began in: ``wf[1]``; "" for anything else."""
        prefix, bracket, _ = str(node.get("name", "")).rpartition("].")
        group = f"{prefix}]" if bracket else ""
        return group if self._by_name.get(group, {}).get("type") == "StepGroup" else ""


def _is_exit(node: Node) -> bool:
    return str(node.get("name", "")).endswith(".onExit")


def _order(node: Node) -> tuple[str, list[tuple[int, int, str]]]:
    """By start, then by name with numbers as numbers. What has not begun comes last."""
    parts = _NUMBERS.split(str(node.get("name", "")))
    natural = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
    return str(node.get("startedAt") or "~"), natural
