"""Custom metrics: what ``spec.metrics`` and ``template.metrics`` measure when a run or a node ends.

Gauges with ``realtime`` begin with their node; their value is how long it has run. What cannot be
measured stands in the run row, and is shown as Argo's condition ``MetricsError``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from toolkit.errors import ExpressionError
from toolkit.workflow.nodes import FINISHED, POD, RETRY, SKIPPED_TYPE, Node, Row, parse_instant
from toolkit.workflow.outputs.outputs import output_values
from toolkit.workflow.run import Run
from toolkit.workflow.step.context import globals_scope
from toolkit.workflow.step.draft import Draft, finished_at, started_at
from toolkit.workflow.substitution.parameters import input_values
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import Strictness, substitute
from toolkit.workflow.substitution.when import should_execute

PREFIX: Final = "argo_workflows_"
Kind = Literal["counter", "gauge", "histogram"]
KINDS: Final[tuple[Kind, ...]] = ("gauge", "histogram", "counter")
ERROR_FIELD: Final = "metricsError"
"""In the run row: why a metric was not measured."""
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_DURATIONS: Final = frozenset({"{{duration}}", "{{workflow.duration}}"})
_WITHOUT_TEMPLATE: Final = frozenset({SKIPPED_TYPE, "StepGroup", "TaskGroup"})


class MetricError(ExpressionError):
    """A metric that cannot be measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value for a metric, whose ``name`` has the prefix already. ``since`` makes it a gauge
    that grows with time, until ``ended``; ``owner`` is the run whose end takes it away.
    """

    name: str
    help: str
    kind: Kind
    labels: tuple[tuple[str, str], ...] = ()
    value: float = 0.0
    operation: str = "Set"
    buckets: tuple[float, ...] = ()
    since: datetime | None = None
    ended: datetime | None = None
    owner: str = ""


class Meter(Protocol):
    """Where measures are kept until somebody reads them. Thread-safe."""

    def measure(self, measure: Measure) -> str:
        """Records it. Returns why that is not possible (another metric has the name), or ""."""
        ...

    def release(self, owner: str) -> None:
        """The run has ended: its realtime gauges go."""
        ...


def measures_of(draft: Draft) -> tuple[Measure, ...]:
    """What the draft's changes measure: nodes that began or ended, and the run's own end. Problems
    are noted in the run row. Free where nothing declares metrics.
    """
    if not _is_measured(draft):
        return ()
    found: list[Measure] = []
    for node in draft.changed_nodes():
        found.extend(_of_node(draft, node))
    if draft.row["stage"] == "done" and draft.run.row["stage"] != "done":
        found.extend(_of_run(draft))
    return tuple(found)


def running_gauges(run: Run, now: datetime) -> tuple[Measure, ...]:
    """The realtime gauges of a run that is taken up again after a restart."""
    draft = Draft(run, now)
    if run.is_finished or not _is_measured(draft):
        return ()
    nodes = [node for node in run.nodes.values() if not node.has_ended]
    found = [measure for node in nodes for measure in _of_node(draft, node)]
    return tuple(measure for measure in found if measure.since is not None)


def _is_measured(draft: Draft) -> bool:
    return draft.remember("@metrics", lambda: _declares(draft.run.definition.row))


def _declares(definition: Row) -> bool:
    """Whether the run, any template or any inline one declares metrics; looked at once a run."""
    spec = definition["spec"]
    if spec.get("metrics") or (spec.get("templateDefaults") or {}).get("metrics"):
        return True
    return any(
        template.get("metrics") or any(_inline_metrics(template))
        for templates in definition["templates"].values()
        for template in templates.values()
    )


def _inline_metrics(template: Row) -> Iterator[Any]:
    for group in template.get("steps") or ():
        for step in group if isinstance(group, list) else [group]:
            yield (step.get("inline") or {}).get("metrics")
    for task in (template.get("dag") or {}).get("tasks") or ():
        yield (task.get("inline") or {}).get("metrics")


def _of_run(draft: Draft) -> Iterator[Measure]:
    definition = draft.run.definition
    scope = globals_scope(draft)
    for spec in _declared(definition.spec):
        yield from _measured(draft, spec, scope, None, draft.run.uid)


def _of_node(draft: Draft, node: Node) -> Iterator[Measure]:
    before = draft.run.nodes.get(node.id)
    has_ended = node.phase in FINISHED and (before is None or not before.has_ended)
    if node.type in _WITHOUT_TEMPLATE or "attempt" in node.engine:
        return
    try:
        template, _ = draft.run.definition.resolve(
            node.engine["holder"], node.status["templateScope"]
        )
    except (ValueError, KeyError):
        return  # it ended because there is no such template
    declared = _declared(template)
    if not declared:
        return
    scope = _node_scope(draft, node, template)
    for spec in declared:
        is_realtime = bool((spec.get("gauge") or {}).get("realtime"))
        if has_ended or (is_realtime and not node.has_ended):
            yield from _measured(draft, spec, scope, node, draft.run.uid)


def _declared(holder: Row) -> list[Row]:
    return list((holder.get("metrics") or {}).get("prometheus") or ())


def _node_scope(draft: Draft, node: Node, template: Row) -> Scope:
    """Argo's variables of a node's metrics."""
    status = node.status
    values: dict[str, Any] = {"status": node.phase, "node.name": node.name}
    if node.has_ended:
        values["duration"] = f"{(finished_at(node) - started_at(node)).total_seconds():f}"
    outputs = status.get("outputs") or {}
    values |= output_values(outputs)
    if outputs.get("exitCode") is not None:
        values["exitCode"] = str(outputs["exitCode"])
    if node.type == RETRY:
        values["retries"] = str(max(0, len(draft.children(node.id)) - 1))
    if node.type == POD:
        used = {"cpu": 0, "memory": 0, **(status.get("resourcesDuration") or {})}
        values |= {f"resourcesDuration.{kind}": str(seconds) for kind, seconds in used.items()}
    inputs = input_values(status.get("inputs") or {}, template)
    return globals_scope(draft).over(Values(values), inputs)


def _measured(
    draft: Draft, spec: Row, scope: Scope, node: Node | None, owner: str
) -> Iterator[Measure]:
    try:
        measure = _measure(draft, spec, scope, node, owner)
    except ExpressionError as error:
        name = str(spec.get("name") or "")
        message = f"could not emit metric '{name}': {error.message}"
        if draft.row.get(ERROR_FIELD) != message:
            draft.edit_run()[ERROR_FIELD] = message
        return
    if measure is not None:
        yield measure


def _measure(
    draft: Draft, spec: Row, scope: Scope, node: Node | None, owner: str
) -> Measure | None:
    """None where its ``when`` is false. Raises ExpressionError."""
    when = substitute(str(spec.get("when") or ""), scope, Strictness.ALL)
    if not should_execute(when):
        return None
    kind = _kind_of(spec)
    declared = dict(spec[kind])
    is_realtime = kind == "gauge" and bool(declared.pop("realtime", False))
    since = _since(draft, str(declared.pop("value", "")), node) if is_realtime else None
    told = {"name": spec.get("name"), "help": spec.get("help"), "labels": spec.get("labels")}
    if not is_realtime:
        told["value"] = spec[kind].get("value")
    told = substitute(told, scope, Strictness.ALL)
    return Measure(
        name=PREFIX + _name(told["name"]),
        help=str(told["help"] or ""),
        kind=kind,
        labels=_labels(told["labels"] or ()),
        value=0.0 if is_realtime else _number(told["value"]),
        operation=str(declared.get("operation") or "Set"),
        buckets=_buckets(declared) if kind == "histogram" else (),
        since=since,
        ended=finished_at(node) if is_realtime and node is not None and node.has_ended else None,
        owner=owner,
    )


def _kind_of(spec: Row) -> Kind:
    kinds = [kind for kind in KINDS if spec.get(kind) is not None]
    if not spec.get("help"):
        raise MetricError("metric must contain a help string under 'help: ' field")
    if len(kinds) != 1:
        raise MetricError(f"expected one of {', '.join(KINDS)}, found {len(kinds)}")
    return kinds[0]


def _since(draft: Draft, value: str, node: Node | None) -> datetime:
    if value.replace(" ", "") not in _DURATIONS:
        raise MetricError(f"'{value}' is not available as a real time metric")
    if node is None or "workflow" in value:
        return parse_instant(draft.row["started"])
    return started_at(node)


def _name(name: Any) -> str:
    if not _NAME.fullmatch(str(name or "")):
        raise MetricError(f"metric name '{name}' is invalid. Metric names must contain alphanumeric"
                          " characters or '_'")  # fmt: skip
    return str(name)


def _labels(labels: Any) -> tuple[tuple[str, str], ...]:
    found = [(str(label["key"]), str(label["value"])) for label in labels]
    for key, _ in found:
        if not _LABEL.fullmatch(key):
            raise MetricError(f"metric label '{key}' is invalid")
    return tuple(sorted(found))


def _number(value: Any) -> float:
    try:
        number = float(str(value))
    except ValueError as error:
        raise MetricError(f"{value!r} is no number") from error
    if not math.isfinite(number):
        raise MetricError(f"{value!r} is no finite number")
    return number


def _buckets(declared: Row) -> tuple[float, ...]:
    buckets = [_number(bucket) for bucket in declared.get("buckets") or ()]
    if not buckets:
        raise MetricError("a histogram needs buckets")
    return tuple(sorted(buckets))
