"""Looks after a running container as the kubelet does: its probes, and its hook after the start."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from toolkit.adapters.process.actions import act
from toolkit.adapters.process.container import Container
from toolkit.adapters.process.machinery import Machinery
from toolkit.workflow.commands import ContainerCall
from toolkit.workflow.pods.probes import (
    LIVENESS,
    READINESS,
    STARTUP,
    Action,
    Probe,
    Tally,
    parse_action,
    parse_probe,
)

POD_IP = "127.0.0.1"


class Watched(Protocol):
    """Who hears of it, on the follower's thread."""

    def became_ready(self, name: str, *, is_ready: bool) -> None:
        """By its readiness probe; or by running, where it has none."""
        ...

    def is_unwell(self, name: str, message: str, grace_s: float | None) -> None:
        """It is to be ended."""
        ...


class Care:
    """What a container's template says of looking after it. Raises ExecutionError, ValueError."""

    def __init__(self, call: ContainerCall) -> None:
        self.probes = {
            kind: parse_probe(kind, body, POD_IP) for kind, body in (call.probes or {}).items()
        }
        hooks = call.lifecycle or {}
        self.after_start = _action(hooks.get("postStart"))
        self.before_stop = _action(hooks.get("preStop"))


def _action(hook: dict[str, object] | None) -> Action | None:
    return parse_action(hook, POD_IP) if hook else None


class Watch:
    """Of one container, from when it starts (or is found again) until it ends. All on the
    follower's thread, but for the asking itself.
    """

    def __init__(
        self, name: str, container: Container, care: Care, machinery: Machinery, watched: Watched
    ) -> None:
        self._name = name
        self._container = container
        self._care = care
        self._machinery = machinery
        self._watched = watched
        self._tallies: dict[str, Tally] = {}
        self._is_over = False

    def begin(self, started: datetime) -> None:
        """The container runs since ``started``. Its hook comes first, then its startup probe, then
        the others.
        """
        if self._care.after_start is None:
            self._after_hook(started)
            return
        self._ask(
            self._care.after_start,
            None,
            lambda problem: self._hooked(problem, started),
        )

    def end(self) -> None:
        """The container has ended, or is being ended: nothing is asked any more."""
        self._is_over = True

    def _hooked(self, problem: str, started: datetime) -> None:
        if problem:
            self._watched.is_unwell(self._name, f"PostStartHook failed: {problem}", None)
        else:
            self._after_hook(started)

    def _after_hook(self, started: datetime) -> None:
        startup = self._care.probes.get(STARTUP)
        if startup is None:
            self._is_up(started)
        else:
            self._later(startup, started)

    def _is_up(self, started: datetime) -> None:
        for kind in (LIVENESS, READINESS):
            if kind in self._care.probes:
                self._later(self._care.probes[kind], started)
        if READINESS not in self._care.probes:
            self._watched.became_ready(self._name, is_ready=True)

    def _later(self, probe: Probe, started: datetime) -> None:
        running_s = -self._machinery.until(started)
        wait_s = max(0.0, probe.initial_delay_s - running_s)
        self._machinery.follower.after(wait_s, lambda: self._probe(probe, started))

    def _probe(self, probe: Probe, started: datetime) -> None:
        if not self._is_over:
            self._ask(
                probe.action,
                probe.timeout_s,
                lambda problem: self._answered(probe, problem, started),
            )

    def _answered(self, probe: Probe, problem: str, started: datetime) -> None:
        tally = self._tallies.get(probe.kind, Tally()).and_then(is_good=not problem)
        self._tallies[probe.kind] = tally
        result = tally.result(probe)
        if probe.kind == READINESS and result is not None:
            self._watched.became_ready(self._name, is_ready=result)
        elif result is False:
            said = f"{probe.kind.capitalize()} probe failed: {problem}"
            self._watched.is_unwell(self._name, said, probe.grace_s)
            return
        if probe.kind == STARTUP and result:
            self._is_up(started)
            return
        again = lambda: self._probe(probe, started)  # noqa: E731 - a thunk
        self._machinery.follower.after(probe.period_s, again)

    def _ask(self, action: Action, timeout_s: float | None, answer: Callable[[str], None]) -> None:
        """Does it beside the follower; ``answer`` is called on the follower's thread."""

        def heard(problem: str) -> None:
            if not self._is_over:
                answer(problem)

        ask(action, timeout_s, self._container, self._machinery, heard)


def ask(
    action: Action,
    timeout_s: float | None,
    container: Container,
    machinery: Machinery,
    answer: Callable[[str], None],
) -> None:
    """Does an action beside the follower; ``answer`` hears "" or the problem, on the follower's
    thread. Without a timeout it may take as long as it takes.
    """

    def work() -> None:
        resolved, claim = container.resolved, container.claim
        problem = act(action, timeout_s, resolved, claim, machinery.host)
        machinery.soon(lambda: answer(problem))

    # A thread each, and none that the end of the program waits for: an action may hang.
    threading.Thread(target=work, name="prober", daemon=True).start()
