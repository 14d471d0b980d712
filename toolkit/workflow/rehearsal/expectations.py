"""What a test expects of a trial, and where that is not so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from toolkit.resource.field_path import FieldPath
from toolkit.workflow.spans import parse_span
from toolkit.workflow.trial import StepResult, Trial

Expected = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unmet:
    """``path`` leads to the expectation in the test."""

    path: FieldPath
    expected: str
    found: str


def unmet(trial: Trial, expect: Expected) -> tuple[Unmet, ...]:
    """All that is not as expected, in the order of the test."""
    found: list[Unmet] = []
    for field, wanted in expect.items():
        found += _RULES[field](trial, wanted, (field,))
    return tuple(found)


def is_as_expected(value: str, wanted: Any) -> bool:
    """Equal as text; or ``{contains: TEXT}``, or ``{matches: REGULAR EXPRESSION}``."""
    if isinstance(wanted, dict):
        is_in = str(wanted.get("contains", "")) in value
        return is_in and re.search(str(wanted.get("matches", "")), value) is not None
    return value == text(wanted)


def text(value: Any) -> str:
    """A YAML value as a parameter would hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _value(value: str, wanted: Any, path: FieldPath) -> Iterator[Unmet]:
    if not is_as_expected(value, wanted):
        yield Unmet(path, _shown(wanted), repr(value))


def _shown(wanted: Any) -> str:
    if isinstance(wanted, dict):
        return " and ".join(f"something that {how} {text(what)!r}" for how, what in wanted.items())
    return repr(text(wanted))


def _phase(trial: Trial, wanted: Any, path: FieldPath) -> Iterator[Unmet]:
    said = f" ({trial.message})" if trial.message else ""
    if trial.phase != wanted:
        yield Unmet(path, str(wanted), f"{trial.phase}{said}")


def _message(trial: Trial, wanted: Any, path: FieldPath) -> Iterator[Unmet]:
    yield from _value(trial.message, wanted, path)


def _duration(trial: Trial, wanted: Any, path: FieldPath) -> Iterator[Unmet]:
    if parse_span(text(wanted)).total_seconds() != trial.duration_s:
        yield Unmet(path, text(wanted), f"{trial.duration_s:g}s")


def _order(trial: Trial, wanted: Sequence[str], path: FieldPath) -> Iterator[Unmet]:
    """Those named start in this order; others may come between."""
    found = [step for step in trial.order if step in set(wanted)]
    if found != list(wanted):
        yield Unmet(path, " → ".join(wanted), " → ".join(found) or "none of them started")


def _not_started(trial: Trial, wanted: Sequence[str], path: FieldPath) -> Iterator[Unmet]:
    for index, step in enumerate(wanted):
        result = trial.steps.get(step)
        if result is not None and result.count:
            yield Unmet((*path, index), f"{step} is not started", f"it is {result.phase}")


def _steps(trial: Trial, wanted: Mapping[str, Expected], path: FieldPath) -> Iterator[Unmet]:
    for step, expect in wanted.items():
        result = trial.steps.get(step)
        if result is None:
            close = get_close_matches(step, trial.steps, n=1)
            there = f"did you mean {close[0]!r}?" if close else ", ".join(trial.steps) or "none"
            yield Unmet((*path, step), "a step or template of that name", f"there is none: {there}")
            continue
        for field, value in expect.items():
            yield from _STEP_RULES[field](result, value, (*path, step, field))


def _step_text(field: str) -> Callable[[StepResult, Any, FieldPath], Iterator[Unmet]]:
    def rule(result: StepResult, wanted: Any, path: FieldPath) -> Iterator[Unmet]:
        yield from _value(str(getattr(result, field)), wanted, path)

    return rule


def _step_values(field: str) -> Callable[[StepResult, Any, FieldPath], Iterator[Unmet]]:
    def rule(result: StepResult, wanted: Expected, path: FieldPath) -> Iterator[Unmet]:
        yield from _values(getattr(result, field), wanted, path)

    return rule


def _values(values: Mapping[str, str], wanted: Expected, path: FieldPath) -> Iterator[Unmet]:
    for name, value in wanted.items():
        if name in values:
            yield from _value(values[name], value, (*path, name))
        else:
            yield Unmet((*path, name), _shown(value), "nothing of that name")


def _notifications(trial: Trial, wanted: Sequence[Expected], path: FieldPath) -> Iterator[Unmet]:
    if len(wanted) != len(trial.notifications):
        sent = [notice.parameters.get("title", "?") for notice in trial.notifications]
        found = f"{len(sent)}: {', '.join(sent)}" if sent else "none"
        yield Unmet(path, f"{len(wanted)} notifications" if wanted else "none", found)
        return
    for index, (notice, expect) in enumerate(zip(trial.notifications, wanted, strict=True)):
        yield from _values(notice.parameters, expect, (*path, index))


_RULES: Final[Mapping[str, Callable[[Trial, Any, FieldPath], Iterator[Unmet]]]] = {
    "phase": _phase,
    "message": _message,
    "duration": _duration,
    "order": _order,
    "notStarted": _not_started,
    "steps": _steps,
    "notifications": _notifications,
}
_STEP_RULES: Final[Mapping[str, Callable[[StepResult, Any, FieldPath], Iterator[Unmet]]]] = {
    **{field: _step_text(field) for field in ("phase", "message", "attempts", "count")},
    **{field: _step_values(field) for field in ("inputs", "outputs")},
}
