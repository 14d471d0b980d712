"""What happens next in a pod of several containers: the rules of Kubernetes' kubelet and of Argo's
executor as one function of the containers' states. Whoever holds the processes asks it after each
change, and after a restart: it remembers nothing.

The rules, from argo-workflows v4.1.2: ``emissary.go`` (a member of a container set waits for its
dependencies, gives up with code 64 where one failed; a sidecar ends when all main containers have
ended) and ``operator.go`` (one main container that fails ends all the others).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toolkit.workflow.commands import PodContainer
from toolkit.workflow.events import ContainerState

INIT: Final = "init"
MAIN: Final = "main"
SIDECAR: Final = "sidecar"

GAVE_UP: Final = 64
"""The exit code of Argo's executor where it did not run the command."""
TERMINATED: Final = 143
KILLED: Final = 137
ENDED_FROM_OUTSIDE: Final = frozenset({TERMINATED, KILLED})

States = Mapping[str, ContainerState]


@dataclass(frozen=True, slots=True)
class Moves:
    """What to do now: containers to ``start`` and to ``stop`` (again and again, until they have
    ended), and those that ended without a start: ``given_up``. ``is_over``: nothing is to come.
    """

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    given_up: tuple[ContainerState, ...] = ()
    is_over: bool = False


def moves(
    containers: Sequence[PodContainer], states: States, *, is_stopping: bool, now: datetime
) -> Moves:
    """``states``: of the containers that have begun or ended; one that is not there waits."""
    running = tuple(name for name, state in states.items() if not state.has_ended)
    if is_stopping:
        return _stopping(containers, states, running, now)
    inits = of_role(containers, INIT)
    if any(_has_failed(states, each) for each in inits):
        return Moves(stop=running, is_over=not running)
    waiting = [each.name for each in inits if not _has_ended(states, each)]
    if waiting:
        return Moves(start=tuple(name for name in waiting[:1] if name not in states))
    return _main(containers, states, running, now)


def _main(
    containers: Sequence[PodContainer], states: States, running: tuple[str, ...], now: datetime
) -> Moves:
    mains = of_role(containers, MAIN)
    unbegun = [each for each in mains if each.name not in states]
    if any(_has_failed(states, each) for each in mains):
        ended = _not_to_begin(mains, states, now)
        return Moves(stop=running, given_up=ended, is_over=not (running or ended))
    if all(_has_ended(states, each) for each in mains):
        return Moves(stop=running, is_over=not running)
    sidecars = [each.name for each in of_role(containers, SIDECAR) if each.name not in states]
    ready = [each.name for each in unbegun if _may_begin(each, states)]
    return Moves(start=(*sidecars, *ready))


def _not_to_begin(
    mains: Sequence[PodContainer], states: States, now: datetime
) -> tuple[ContainerState, ...]:
    """Those that wait while another has failed: for it, or for one that is being ended."""
    by_name = {each.name: each for each in mains}
    known = dict(states)
    while unbegun := [each for each in mains if each.name not in known]:
        failed = {each.name: _failed_dependency(each, known) for each in unbegun}
        due = [each for each in unbegun if failed[each.name] is not None]
        for each in due:
            dependency = str(failed[each.name])
            code = _code_behind(dependency, by_name, known)
            known[each.name] = _given_up(each, dependency, code, now)
        if not due:
            known |= {each.name: _never_ran(each.name, now) for each in unbegun}
    return tuple(state for name, state in known.items() if name not in states)


def _stopping(
    containers: Sequence[PodContainer], states: States, running: tuple[str, ...], now: datetime
) -> Moves:
    """Nothing starts any more. Main containers that waited count as terminated while they did."""
    unbegun = [each.name for each in of_role(containers, MAIN) if each.name not in states]
    if not states:
        return Moves(is_over=True)
    ended = tuple(_never_ran(name, now) for name in unbegun)
    return Moves(stop=running, given_up=ended, is_over=not (running or ended))


def of_role(containers: Iterable[PodContainer], role: str) -> list[PodContainer]:
    """Those of one role, in order."""
    return [each for each in containers if each.role == role]


def _may_begin(container: PodContainer, states: States) -> bool:
    return all(name in states and states[name].exit_code == 0 for name in container.dependencies)


def _failed_dependency(container: PodContainer, states: States) -> str | None:
    """The first that failed, or that was given up for the same reason."""
    for name in container.dependencies:
        if name in states and states[name].has_failed:
            return name
    return None


def _given_up(
    container: PodContainer, dependency: str, code: int | None, now: datetime
) -> ContainerState:
    message = f'dependency "{dependency}" exited with non-zero code: {code}'
    return ContainerState(
        container.name, finished=now, exit_code=GAVE_UP, reason="Error", message=message
    )


def _code_behind(name: str, mains: Mapping[str, PodContainer], states: States) -> int | None:
    """The exit code of a container; of one that gave up, that of the one it waited for."""
    failed = _failed_dependency(mains[name], states)
    return states[name].exit_code if failed is None else _code_behind(failed, mains, states)


def _never_ran(name: str, now: datetime) -> ContainerState:
    return ContainerState(name, finished=now, exit_code=TERMINATED, reason="Error")


def _has_ended(states: States, container: PodContainer) -> bool:
    return container.name in states and states[container.name].has_ended


def _has_failed(states: States, container: PodContainer) -> bool:
    return container.name in states and states[container.name].has_failed
