"""Retries: attempts one after the other under a Retry node, by policy, limit and backoff."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import evaluate_bool
from toolkit.workflow.nodes import (
    FAILED,
    PENDING,
    RUNNING,
    SUCCEEDED,
    Node,
    Row,
    exact,
    parse_instant,
    pod_name,
)
from toolkit.workflow.spans import human, parse_span
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.step import fail_fast, limits
from toolkit.workflow.step.call import Call, call_of
from toolkit.workflow.step.context import (
    LEAF_TYPES,
    POD_TYPES,
    globals_scope,
    retry_strategy,
    template_at,
)
from toolkit.workflow.step.draft import Draft, Due, finished_at, started_at
from toolkit.workflow.step.halted import halted
from toolkit.workflow.substitution.parameters import input_values, whole
from toolkit.workflow.substitution.scope import Values
from toolkit.workflow.substitution.substitute import substitute
from toolkit.workflow.templates import memoize, pods
from toolkit.workflow.templates.invoke import create, invalid, node_type, skip_memoized
from toolkit.workflow.templates.memoized import NOTE as MEMOIZED

_POLICIES: Final = {
    "Always": (True, True),
    "OnError": (False, True),
    "OnFailure": (True, False),
    "OnTransientError": (False, False),
}
"""Policy → (retries Failed, retries Error)."""

_LAST: Final = datetime.max.replace(tzinfo=UTC)
"""No backoff goes on for longer: one that doubles without a limit or cap gets there."""
_A_MOMENT: Final = timedelta(seconds=1)
"""Between attempts that fail as they begin, where nothing limits them."""


def begin(draft: Draft, node: Node) -> None:
    """A retry node was created: its first attempt."""
    if not _attempts(draft, node):
        _attempt(draft, node)


def resume(draft: Draft, node: Node) -> None:
    """A limit has room again, or the backoff is over, or the run is retried: then an attempt that
    has just ended again is still to be judged.
    """
    last = _attempts(draft, node)[-1:]
    if last and last[0].has_ended:
        number = last[0].engine["attempt"]
        if node.engine.get("judged", number) != number:
            return
        if last[0].phase == SUCCEEDED and not node.has_ended:
            _finish(draft, node, last[0], SUCCEEDED, "")
    if not node.has_ended and not _running(draft, node):
        _attempt(draft, node)


def woke(draft: Draft, node: Node) -> None:
    """The backoff's timer came due."""
    waits = node.engine.get("until")
    if node.has_ended or waits is None or parse_instant(waits) > draft.now:
        return
    draft.edit(node.id).engine.pop("until")
    draft.set_phase(node.id, RUNNING, "")
    draft.agenda.append(Due("resume", node.id))


def attempt_moved(draft: Draft, node: Node, attempt: Node) -> None:
    """An attempt ended, or is a daemon that is up."""
    if node.has_ended:
        return
    if not attempt.has_ended:
        _settle_daemon(draft, draft.edit(node.id))
        return
    node = draft.edit(node.id)
    node.status.pop("daemoned", None)
    node.engine["judged"] = attempt.engine["attempt"]
    try:
        verdict = _verdict(draft, node, attempt)
    except (ExpressionError, ValueError) as error:
        draft.fault(node.id, str(getattr(error, "message", error)))
        return
    if verdict is not None and attempt.is_faulty and not _retries_errors(draft, node):
        draft.fault(node.id, attempt.message)
    elif verdict is not None:
        _finish(draft, node, attempt, *verdict)


def _settle_daemon(draft: Draft, node: Node) -> None:
    """The daemon is up; again, perhaps, after it failed."""
    node.status["daemoned"] = True
    if node.engine.get("settled"):
        draft.agenda.append(Due("moved", node.owner, node.id))
    else:
        node.engine["settled"] = True
        draft.free(node)
        draft.tell_owner(node)
        pods.note_daemon(draft, node)


def _finish(draft: Draft, node: Node, attempt: Node, phase: str, message: str) -> None:
    if attempt.outputs is not None:
        draft.edit(node.id).status["outputs"] = attempt.outputs
    draft.set_phase(node.id, phase, message)


def _running(draft: Draft, node: Node) -> bool:
    attempts = _attempts(draft, node)
    return bool(attempts) and not attempts[-1].has_ended


def _attempts(draft: Draft, node: Node) -> list[Node]:
    children = [draft.node(id) for id in draft.children(node.id)]
    return [child for child in children if not child.is_hook]


def _verdict(draft: Draft, node: Node, last: Node) -> tuple[str, str] | None:
    """The retry's end (phase, message), or None: another attempt follows, now or later."""
    if not last.is_unsuccessful:
        return SUCCEEDED, ""
    if message := halted(draft, in_exit=node.is_exit_part):
        if draft.row.get("expired"):
            message = f"retry exceeded workflow deadline {draft.row['deadline']}"
        return last.phase, message
    strategy = retry_strategy(draft, template_at(draft, node)) or {}
    attempts = _attempts(draft, node)
    wait, refusal = _backoff(draft, strategy, attempts)
    refusal = refusal or _refusal(draft, strategy, attempts)
    if refusal is not None:
        return last.phase, refusal or last.message
    due = finished_at(last) + wait
    if wait and due > draft.now:
        draft.set_phase(node.id, node.phase, f"Backoff for {human(wait)}")
        _wait_until(draft, node, due)
    elif strategy.get("limit") is None and last.id not in draft.run.nodes:
        # It failed as it began, and may do so for ever: not within one step.
        _wait_until(draft, node, draft.now + _A_MOMENT)
    else:
        draft.agenda.append(Due("resume", node.id))
    return None


def _wait_until(draft: Draft, node: Node, due: datetime) -> None:
    draft.edit(node.id).engine["until"] = exact(due)
    draft.wake(due, "retry", node.id)


def _refusal(draft: Draft, strategy: Row, attempts: list[Node]) -> str | None:
    """Why there is no further attempt; "" means that the last attempt's message says it.

    DEVIATION: the expression may hold tags, as Argo's documentation of variables writes it.
    """
    last = attempts[-1]
    policy = str(strategy.get("retryPolicy") or _default_policy(strategy))
    if policy not in _POLICIES:
        raise ExpressionError(f"{policy} is not a valid RetryPolicy")
    on_failure, on_error = _POLICIES[policy]
    is_transient = policy == "OnTransientError" and bool(last.engine.get("transient"))
    wanted = on_failure if last.phase == FAILED else on_error
    if not (wanted or is_transient):
        return ""
    limit = strategy.get("limit")
    if limit is not None and len(attempts) > whole(limit):
        return "No more retries left"
    expression = strategy.get("expression")
    if expression:
        scope = globals_scope(draft).over(Values(_last_values(attempts, "-1")))
        text = str(substitute(expression, scope))
        if not evaluate_bool(text, scope.environment()):
            return "retryStrategy.expression evaluated to false"
    return None


def _retries_errors(draft: Draft, node: Node) -> bool:
    """Whether the policy takes errors for something that happens. Where it does not, what is wrong
    with an attempt is wrong with what is around the retry, too.
    """
    strategy = retry_strategy(draft, template_at(draft, node)) or {}
    return str(strategy.get("retryPolicy") or _default_policy(strategy)) != "OnFailure"


def _default_policy(strategy: Row) -> str:
    return "Always" if strategy.get("expression") else "OnFailure"


def _backoff(draft: Draft, strategy: Row, attempts: list[Node]) -> tuple[timedelta, str | None]:
    """How long to wait before the next attempt, or why there is none. Upstream waits only where a
    limit is set (argo-workflows#9425).

    DEVIATION: the backoff holds without a limit too.
    """
    backoff = strategy.get("backoff")
    if not backoff:
        return timedelta(), None
    if backoff.get("duration") in {None, ""}:
        raise ExpressionError("no base duration specified for retryStrategy")
    wait = _wait(backoff, len(attempts))
    if finished_at(attempts[-1]) > _LAST - wait:
        return wait, f"Backoff for {human(wait)} would end after the year {_LAST.year}"
    if backoff.get("maxDuration"):
        end = started_at(attempts[0]) + parse_span(backoff["maxDuration"])
        if draft.now > end:
            return wait, "Max duration limit exceeded"
        if finished_at(attempts[-1]) + wait > end:
            return wait, "Backoff would exceed max duration limit"
    return wait, None


def _wait(backoff: Row, attempts: int) -> timedelta:
    base = parse_span(backoff["duration"])
    factor = whole(backoff["factor"]) if backoff.get("factor") is not None else 0
    seconds = base.total_seconds()
    if factor > 0:
        seconds *= float(min(factor ** min(attempts - 1, 64), 10**12))
    wait = timedelta(seconds=min(seconds, 10.0**9))
    return min(wait, parse_span(backoff["cap"])) if backoff.get("cap") else wait


def _last_values(attempts: list[Node], no_exit_code: str) -> dict[str, str]:
    """``retries`` and ``lastRetry.…`` after these attempts."""
    if not attempts:
        return {
            "lastRetry.exitCode": no_exit_code,
            "lastRetry.duration": "0",
            "lastRetry.status": "",
            "lastRetry.message": "",
        }
    last = attempts[-1]
    seconds = (finished_at(last) - started_at(last)).total_seconds()
    return {
        "retries": str(len(attempts) - 1),
        "lastRetry.exitCode": str((last.outputs or {}).get("exitCode") or no_exit_code),
        "lastRetry.duration": f"{seconds:g}",
        "lastRetry.status": last.phase,
        "lastRetry.message": last.message,
    }


def _attempt(draft: Draft, node: Node) -> None:
    """Start the next attempt, unless a limit holds it back, or the run is being stopped."""
    attempts = _attempts(draft, node)
    message = halted(draft, in_exit=node.is_exit_part)
    if attempts and message:
        draft.set_phase(node.id, FAILED, message)
        return
    template = template_at(draft, node)
    kind = type_of(template)
    number = int(attempts[-1].engine["attempt"]) + 1 if attempts else _first(draft, node)
    call = call_of(node).attempt(number, node)
    call = replace(call, prefix=str(node.engine.get("prefix", "")), depth=node.engine["depth"])
    limit = limits.blocked_by(draft, call, is_pod=kind in POD_TYPES)
    if limit is not None:
        limits.wait(draft, node.id, limit)
        return
    try:
        _start(draft, call, template, attempts)
    except ExpressionError as error:
        last = invalid(draft, call, error.message)
        draft.agenda.append(Due("ended", node.id, last.id))


def _first(draft: Draft, node: Node) -> int:
    """0; in a memoized resubmit the attempt that went well before."""
    note = draft.note(MEMOIZED)
    return 0 if note is None else int(note["attempts"].get(node.name, 0))


def _start(draft: Draft, call: Call, template: Row, attempts: list[Node]) -> None:
    values: dict[str, Any] = {**_last_values(attempts, "0"), "retries": str(len(attempts))}
    kind = type_of(template)
    if kind in POD_TYPES:
        values["pod.name"] = pod_name(draft.run.name, call.name, str(template.get("name", "")))
    given = input_values(template.get("inputs") or {}, template)
    processed = substitute(template, globals_scope(draft).over(Values(values), given))
    inputs = processed.get("inputs") or {}
    if skip_memoized(draft, call, processed) is not None:
        return
    if kind in LEAF_TYPES:
        attempt = create(draft, call, node_type(kind), PENDING, inputs=inputs)
        memoize.mark(attempt, processed)
        pods.limit_pending(draft, attempt, processed)
        pods.start(draft, attempt, processed, _attempt_deadline(draft, processed, attempts))
        return
    attempt = create(draft, call, node_type(kind), RUNNING, inputs=inputs)
    memoize.mark(attempt, processed)
    attempt.engine["retry"] = values
    fail_fast.mark(attempt, processed)
    if (limit := limits.limit_of(processed)) is not None:
        attempt.engine["limit"] = limit
        attempt.engine["active"] = 0
    draft.agenda.append(Due("begin", attempt.id))


def _attempt_deadline(draft: Draft, template: Row, attempts: list[Node]) -> datetime | None:
    """An attempt runs no longer than ``maxDuration`` lets it."""
    backoff = (retry_strategy(draft, template) or {}).get("backoff") or {}
    if not backoff.get("maxDuration"):
        return None
    first = started_at(attempts[0]) if attempts else draft.now
    return first + parse_span(backoff["maxDuration"])
