"""How steps end in a random world: from the seed and the step's name alone."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tests.workflow.random.pods import endings
from toolkit.workflow.commands import (
    CallHttp,
    CallPlugin,
    CallResource,
    ListArtifacts,
    StartContainer,
    Work,
)
from toolkit.workflow.events import ContainerEnded, ContainerErrored, Event, TaskAnswered
from toolkit.workflow.rehearsal.simulation import Outcome, played

_RESULTS = ("1", '["a"]', "[1, 2]", "text")
_TRIES = 6
"""A plugin asks so often to be asked again, at most."""


def story(
    seed: int, command: Work, attempt: int, now: datetime, *, races: bool
) -> list[tuple[datetime, Event]]:
    """What is heard of a command that is performed now, in order; the answer is the last.
    ``attempt`` counts the commands of the same step. Without ``races`` no two steps end at once.
    """
    rng = random.Random(f"{seed}/{name_of(command)}/{attempt}")
    outcome = _outcome(command, rng, spread=0.0 if races else 0.1 + rng.random())
    if isinstance(command, CallPlugin) and attempt < _TRIES and rng.random() < 0.3:
        return [(now + outcome.duration, _not_yet(command, rng, now + outcome.duration))]
    return played(command, outcome, now)


def name_of(command: Work) -> str:
    """What tells the commands of one step from those of others."""
    return f"{command.id.rpartition('-')[0]}/{command.node_id}"


def _outcome(command: Work, rng: random.Random, *, spread: float) -> Outcome:
    duration = timedelta(seconds=rng.choice([0, 1, 1, 4]) + spread)
    if isinstance(command, CallResource) and not command.node_name and rng.random() < 0.5:
        return Outcome(outputs={"entry": '{"outputs":{"exitCode":"0"}}'}, duration=duration)
    if rng.random() < 0.08:
        error = "it could not be started"
        return Outcome(error=error, is_transient=rng.random() < 0.5, duration=duration)
    return Outcome(
        exit_code=rng.choice([0, 0, 0, 1, 2]),
        result=rng.choice(_RESULTS),
        outputs={"o": "value"} if rng.random() < 0.7 else {},
        duration=duration,
        delay=timedelta(seconds=rng.choice([0, 0, 0, 3])),
        containers=endings(rng, command) if isinstance(command, StartContainer) else {},
    )


def _not_yet(command: CallPlugin, rng: random.Random, at: datetime) -> TaskAnswered:
    """Now and then it forgets to say when it wants to be asked again."""
    requeue_s = rng.choice([0.5, 2.0, 3.0, None])
    phase = rng.choice(["Running", "Pending"])
    return TaskAnswered(command.id, command.node_id, phase, "", at, requeue_s=requeue_s)


def stopped(command: Work, at: datetime) -> Event:
    """What a command that is ended comes to."""
    if isinstance(command, CallResource | CallHttp | CallPlugin | ListArtifacts):
        return ContainerErrored(command.id, command.node_id, "stopped", at)
    return ContainerEnded(command.id, command.node_id, 143, at)


def interrupted(command: Work, at: datetime) -> Event:
    """What a command comes to that nobody knows the end of."""
    return ContainerErrored(command.id, command.node_id, "interrupted", at)
