"""How long runs and steps took, and what they put out: what forecasts and rehearsals go by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.cron.ticks import CRON_LABEL
from toolkit.workflow.nodes import EXECUTED, SUCCEEDED, template_of
from toolkit.workflow.spans import parse_span

ANY_CRON: Final = "*"
_PARTS: Final = ("runs", "steps", "outputs")

Seconds = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Experience:
    """``runs``: durations in seconds by cron. ``steps``: by ``CRON.STEP``, or ``*.STEP`` of any
    cron, where a step is a template's name. ``outputs``: values of parameters likewise.
    """

    runs: Mapping[str, Seconds] = field(default_factory=dict)
    steps: Mapping[str, Seconds] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def expected_run_s(self, cron: str) -> float | None:
        """The median; None where no run of the cron is known."""
        known = self.runs.get(cron)
        return median(known) if known else None

    def step_s(self, cron: str, step: str) -> Seconds:
        """What is known of the step in this cron, else in any; () where nothing is."""
        return self.steps.get(f"{cron}.{step}") or self.steps.get(f"{ANY_CRON}.{step}") or ()

    def outputs_of(self, cron: str, step: str) -> Mapping[str, str]:
        """Output parameters by name, and the result as ``result``."""
        found = self.outputs.get(f"{cron}.{step}")
        return self.outputs.get(f"{ANY_CRON}.{step}", {}) if found is None else found


def experience_of(workflows: Iterable[Body]) -> Experience:
    """From Workflows that have ended, with their nodes; of outputs the last in order count."""
    runs: dict[str, list[float]] = {}
    steps: dict[str, list[float]] = {}
    outputs: dict[str, Mapping[str, str]] = {}
    for workflow in workflows:
        status: Mapping[str, Any] = workflow.get("status") or {}
        cron = ((workflow.get("metadata") or {}).get("labels") or {}).get(CRON_LABEL)
        took = _took(status)
        if cron and took is not None:
            runs.setdefault(str(cron), []).append(took)
        for node in (status.get("nodes") or {}).values():
            took = _took(node)
            if node.get("type") in EXECUTED and took is not None:
                keys = (f"{ANY_CRON}.{template_of(node)}", f"{cron}.{template_of(node)}")
                for key in keys if cron else keys[:1]:
                    steps.setdefault(key, []).append(took)
                    if node.get("phase") == SUCCEEDED:
                        outputs[key] = _outputs(node)
    return Experience(_tuples(runs), _tuples(steps), outputs)


def _took(status: Mapping[str, Any]) -> float | None:
    begin, end = status.get("startedAt"), status.get("finishedAt")
    if not begin or not end:
        return None
    return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(begin))).total_seconds()


def _outputs(node: Mapping[str, Any]) -> dict[str, str]:
    outputs = node.get("outputs") or {}
    known = {
        str(one["name"]): str(one["value"])
        for one in outputs.get("parameters") or ()
        if one.get("value") is not None
    }
    if outputs.get("result") is not None:
        known["result"] = str(outputs["result"])
    return known


def _tuples(lists: Mapping[str, list[float]]) -> dict[str, Seconds]:
    return {key: tuple(values) for key, values in lists.items()}


def read_experience(document: Any) -> Experience:
    """From a document that a person wrote.

    ::

        runs:    {daily-sales: 12m, hello-cron: [2s, 9s]}
        steps:   {daily-sales.load: 90s, "*.notify": 1}
        outputs: {daily-sales.extract: {partitions: '["IT"]'}}

    Raises ExpressionError for anything else.
    """
    if not isinstance(document, dict) or not document.keys() <= set(_PARTS):
        raise ExpressionError(f"expected a mapping with {', '.join(_PARTS)}")
    outputs = document.get("outputs") or {}
    if not all(isinstance(values, dict) for values in outputs.values()):
        raise ExpressionError("outputs: expected values by parameter, by CRON.STEP")
    return Experience(
        runs=_durations(document, "runs"),
        steps=_durations(document, "steps"),
        outputs={
            str(key): {str(name): str(value) for name, value in values.items()}
            for key, values in outputs.items()
        },
    )


def _durations(document: Mapping[str, Any], part: str) -> dict[str, Seconds]:
    found: dict[str, Seconds] = {}
    for key, value in (document.get(part) or {}).items():
        values = value if isinstance(value, list) else [value]
        try:
            spans = tuple(parse_span(str(one)).total_seconds() for one in values)
        except (ValueError, ExpressionError) as error:
            raise ExpressionError(
                f"{part}.{key}: {value!r} is no duration, as 90s or 1h"
            ) from error
        if not spans or min(spans) < 0:
            raise ExpressionError(f"{part}.{key}: {value!r} is no duration, as 90s or 1h")
        found[str(key)] = spans
    return found
