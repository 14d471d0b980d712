"""An environment's crons and templates, ready to be rehearsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from toolkit.errors import UsageError
from toolkit.repository.settings import Environment
from toolkit.resource.resource import Body
from toolkit.wiring.experience import past
from toolkit.wiring.render import render
from toolkit.wiring.workspace import find_workspace
from toolkit.workflow.rehearsal.experience import ANY_CRON
from toolkit.workflow.rehearsal.rehearsal import Stage
from toolkit.workflow.rehearsal.steps import Actors, Failure
from toolkit.workflow.rehearsal.stock import Stock


@dataclass(frozen=True, slots=True)
class Staged:
    """What is played, and the names of the suspended crons that are not."""

    environment: Environment
    stage: Stage
    suspended: tuple[str, ...]


def open_stage(
    env: str | None,
    *,
    durations: str,
    failures: Sequence[Failure],
    seed: int,
    slots: int | None,
    with_suspended: bool,
) -> Staged:
    """As the environment's files render. Raises UsageError, and what a build raises."""
    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    known = past(workspace, environment, durations)
    rendered = render(workspace, environment.name)
    bodies = [dict(resource.body) for resource in rendered.result.resources]
    crons = [body for body in bodies if body.get("kind") == "CronWorkflow"]
    for failure in failures:
        _refuse_unknown(failure, crons)
    resting = () if with_suspended else tuple(_name(body) for body in crons if _rests(body))
    playing = [_awake(body) for body in crons if _name(body) not in resting]
    stage = Stage(
        crons=sorted(playing, key=_name),
        stock=Stock(bodies, workspace.settings().semaphores),
        actors=Actors(known, failures=failures, seed=seed, slots=slots),
        catch_up=environment.catch_up,
    )
    return Staged(environment, stage, tuple(sorted(resting)))


def _rests(cron: Body) -> bool:
    return bool((cron.get("spec") or {}).get("suspend"))


def _awake(cron: Body) -> Body:
    return {**cron, "spec": {**(cron.get("spec") or {}), "suspend": False}}


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


def _refuse_unknown(failure: Failure, crons: Sequence[Body]) -> None:
    names = [_name(body) for body in crons]
    if failure.cron not in {*names, ANY_CRON}:
        close = get_close_matches(failure.cron, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names)}"
        raise UsageError(f"there is no cron {failure.cron!r}", hints=(hint,))
