"""Who plays the steps of a rehearsal: how long each takes, what it puts out, whether it fails."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from toolkit.errors import UsageError
from toolkit.workflow.commands import CallHttp, ListArtifacts, StartContainer, Work
from toolkit.workflow.rehearsal.experience import ANY_CRON, Experience
from toolkit.workflow.rehearsal.simulation import Outcome
from toolkit.workflow.spec.step_names import step_of, without_attempt

ALWAYS: Final = "always"
PLACEHOLDER: Final = '["simulated"]'
"""What a step puts out of which nothing is known: text, and a list of one for a loop."""

_DEFAULT_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Failure:
    """In each run of ``cron`` the first ``attempts`` of ``step`` fail; None: all do."""

    cron: str
    step: str
    attempts: int | None = None

    @classmethod
    def parse(cls, text: str) -> Failure:
        """``CRON.STEP=k`` or ``CRON.STEP=always``; ``*`` is every cron. Raises UsageError."""
        target, _, count = text.partition("=")
        cron, _, step = target.rpartition(".")
        count = count or ALWAYS
        if not cron or not step or not (count == ALWAYS or (count.isdecimal() and int(count))):
            hint = "e.g. daily-sales.load=2: its first two attempts fail, in every run"
            raise UsageError(f"{text!r} is not CRON.STEP=k", hints=(hint,))
        return cls(cron, step, None if count == ALWAYS else int(count))

    def __str__(self) -> str:
        count = ALWAYS if self.attempts is None else self.attempts
        return f"{self.cron}.{self.step}={count}"


class Actors:
    """Plays every step. The same ``seed`` plays the same; ``slots`` limits how many steps run at
    once, None does not.
    """

    def __init__(
        self,
        experience: Experience,
        *,
        failures: Sequence[Failure] = (),
        seed: int = 0,
        slots: int | None = None,
    ) -> None:
        self._experience = experience
        self._failures = failures
        self._seed = seed
        self._slots = [_LONG_AGO] * slots if slots else None
        self._waited: dict[str, float] = {}
        self.met: set[Failure] = set()
        """The failures that happened."""

    def of_run(self, cron: str, run: str, now: Callable[[], datetime]) -> RunActors:
        """Those of one run."""
        return RunActors(self, cron, run, now)

    def waited_s(self, run: str) -> float:
        """How long the run's steps waited for slots; forgotten when asked."""
        return self._waited.pop(run, 0.0)

    def duration(self, cron: str, command: Work, name: str) -> timedelta:
        """One of the durations that are known, drawn by the seed and the node's name."""
        known = self._experience.step_s(cron, command.template) or self._experience.step_s(
            cron, step_of(name)
        )
        if not known:
            return timedelta(seconds=_DEFAULT_S)
        if len(known) == 1:
            return timedelta(seconds=known[0])
        draw = crc32(f"{self._seed}/{name}".encode())
        return timedelta(seconds=known[draw % len(known)])

    def failure(self, cron: str, names: set[str], attempt: int) -> bool:
        """Whether this attempt (from 0) is to fail."""
        for failure in self._failures:
            if failure.step in names and failure.cron in {cron, ANY_CRON}:
                self.met.add(failure)
                if failure.attempts is None or attempt < failure.attempts:
                    return True
        return False

    def outputs(self, cron: str, command: StartContainer) -> tuple[dict[str, str | None], str]:
        """The output parameters and the result."""
        known = self._experience.outputs_of(cron, command.template)
        values: dict[str, str | None] = {
            file.name: known.get(file.name, PLACEHOLDER if file.default is None else file.default)
            for file in command.output_files
        }
        return values, known.get("result", PLACEHOLDER)

    def known_result(self, cron: str, command: CallHttp | ListArtifacts) -> str:
        """The body of an http template's response."""
        return self._experience.outputs_of(cron, command.template).get("result", PLACEHOLDER)

    def delay(self, run: str, now: datetime, duration: timedelta) -> timedelta:
        """How long it waits for a free slot, which is taken."""
        if self._slots is None:
            return timedelta()
        begin = max(now, heapq.heappop(self._slots))
        heapq.heappush(self._slots, begin + duration)
        waited = begin - now
        if waited:
            self._waited[run] = self._waited.get(run, 0.0) + waited.total_seconds()
        return waited


_LONG_AGO: Final = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


class RunActors:
    """Plays the steps of one run: counts the attempts of each."""

    def __init__(self, actors: Actors, cron: str, run: str, now: Callable[[], datetime]) -> None:
        self._actors = actors
        self._cron = cron
        self._run = run
        self._now = now
        self._attempts: dict[str, int] = {}

    def outcome(self, command: Work) -> Outcome:
        """How the step ends."""
        name = command.node_name
        base, step = without_attempt(name), step_of(name)
        attempt = self._attempts.get(base, 0)
        self._attempts[base] = attempt + 1
        actors, cron = self._actors, self._cron
        duration = actors.duration(cron, command, name)
        delay = actors.delay(self._run, self._now(), duration)
        names = {step, command.template}
        if actors.failure(cron, names, attempt):
            return Outcome(exit_code=1, duration=duration, delay=delay)
        if isinstance(command, CallHttp | ListArtifacts):
            known = actors.known_result(cron, command)
            return Outcome(result=known, duration=duration, delay=delay)
        if not isinstance(command, StartContainer):
            return Outcome(duration=duration, delay=delay)
        outputs, result = actors.outputs(cron, command)
        return Outcome(result=result, outputs=outputs, duration=duration, delay=delay)
