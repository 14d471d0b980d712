"""What happens next in a pod of several containers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.workflow.commands import ContainerCall, PodContainer
from toolkit.workflow.events import ContainerState
from toolkit.workflow.pods.life import INIT, MAIN, SIDECAR, Moves, moves

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def one(name: str, role: str = MAIN, *after: str) -> PodContainer:
    return PodContainer(name, role, ContainerCall("image"), after)


def running(name: str) -> ContainerState:
    return ContainerState(name, started=NOW)


def ended(name: str, code: int = 0) -> ContainerState:
    return ContainerState(name, started=NOW, finished=NOW, exit_code=code)


def asked(containers: list[PodContainer], *states: ContainerState, **given: Any) -> Moves:
    options = {"is_stopping": False, "now": NOW, **given}
    return moves(containers, {state.name: state for state in states}, **options)


POD = [one("i1", INIT), one("i2", INIT), one("a"), one("b", MAIN, "a"), one("s", SIDECAR)]


def test_the_first_init_container_comes_first() -> None:
    assert asked(POD) == Moves(start=("i1",))


def test_the_next_init_container_waits_for_the_one_before() -> None:
    assert asked(POD, running("i1")) == Moves()
    assert asked(POD, ended("i1")) == Moves(start=("i2",))


def test_sidecars_and_what_waits_for_nothing_start_after_the_init_containers() -> None:
    assert asked(POD, ended("i1"), ended("i2")) == Moves(start=("s", "a"))


def test_nothing_starts_after_an_init_container_that_failed() -> None:
    assert asked(POD, ended("i1", 3)) == Moves(is_over=True)


def test_a_dependency_that_ended_well_lets_its_dependents_start() -> None:
    begun = (ended("i1"), ended("i2"), running("s"))
    assert asked(POD, *begun, running("a")) == Moves()
    assert asked(POD, *begun, ended("a")) == Moves(start=("b",))


def test_sidecars_are_ended_when_all_main_containers_have_ended() -> None:
    begun = (ended("i1"), ended("i2"), ended("a"), ended("b"))
    assert asked(POD, *begun, running("s")) == Moves(stop=("s",))
    assert asked(POD, *begun, ended("s", 143)) == Moves(is_over=True)


def test_a_sidecar_that_fails_ends_nothing() -> None:
    begun = (ended("i1"), ended("i2"), running("a"))
    assert asked(POD, *begun, ended("s", 1)) == Moves()


def test_what_waits_behind_a_failure_gives_up_with_its_code() -> None:
    chain = [one("a"), one("b", MAIN, "a"), one("c", MAIN, "b"), one("d")]
    found = asked(chain, ended("a", 7), running("d"))
    assert found.stop == ("d",)
    assert [(state.name, state.exit_code, state.message) for state in found.given_up] == [
        ("b", 64, 'dependency "a" exited with non-zero code: 7'),
        ("c", 64, 'dependency "b" exited with non-zero code: 7'),
    ]


def test_what_waits_for_a_container_that_is_being_ended_counts_as_ended_too() -> None:
    found = asked([one("a"), one("d"), one("e", MAIN, "d")], ended("a", 1), running("d"))
    assert [(state.name, state.exit_code) for state in found.given_up] == [("e", 143)]


def test_a_stop_starts_nothing_and_ends_all() -> None:
    found = asked(POD, ended("i1"), running("i2"), is_stopping=True)
    assert (found.start, found.stop) == ((), ("i2",))


def test_a_stop_before_anything_began_is_the_end() -> None:
    assert asked(POD, is_stopping=True) == Moves(is_over=True)


@st.composite
def pods(draw: st.DrawFn) -> list[PodContainer]:
    inits = [one(f"i{at}", INIT) for at in range(draw(st.integers(0, 2)))]
    mains = []
    for at in range(draw(st.integers(1, 4))):
        before = [f"m{each}" for each in range(at) if draw(st.booleans())]
        mains.append(one(f"m{at}", MAIN, *before))
    sidecars = [one(f"s{at}", SIDECAR) for at in range(draw(st.integers(0, 2)))]
    return [*inits, *mains, *sidecars]


@settings(max_examples=300, deadline=None)
@given(pods(), st.data())
def test_every_pod_ends_and_no_container_starts_twice(
    pod: list[PodContainer], data: st.DataObject
) -> None:
    states: dict[str, ContainerState] = {}
    started: list[str] = []
    is_stopping = False
    for _ in range(60):
        is_stopping = is_stopping or data.draw(st.integers(0, 20)) == 0
        found = moves(pod, states, is_stopping=is_stopping, now=NOW)
        if found.is_over:
            break
        states |= {state.name: state for state in found.given_up}
        states |= {name: ended(name, 143) for name in found.stop}
        states |= {name: running(name) for name in found.start}
        started += found.start
        alive = [name for name, state in states.items() if not state.has_ended]
        mains = [name for name in alive if not name.startswith("s")] or alive
        if mains and not (found.start or found.stop or found.given_up):
            name = data.draw(st.sampled_from(mains))
            states[name] = ended(name, data.draw(st.sampled_from([0, 0, 0, 1, 64])))
    assert found.is_over
    assert len(started) == len(set(started))
    assert all(state.has_ended for state in states.values())
