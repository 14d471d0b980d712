"""One suite over all executors: processes of the host, real containers, and the twin in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

import pytest

from tests.adapters.conftest import IMAGE
from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.clock import SystemClock
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.logs.files import Logs
from toolkit.adapters.memory.executor import Ending, MemoryExecutor, MemoryWorld
from toolkit.adapters.process.executor import ProcessExecutor
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.images import ImageMap
from toolkit.adapters.process.isolation import NONE
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.adapters.state.volumes import Volumes
from toolkit.repository.settings import ImageRule
from toolkit.workflow.commands import ContainerCall, OutputFile, PodContainer, StartContainer
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerStarted,
)
from toolkit.workflow.ports import (
    Executor,
    ExecutorEvent,
    PodAddress,
    ResolvedContainer,
    ResolvedStart,
    VolumeMount,
)

LONG_S = 30
SCRIPTS = {
    "say": "echo ran >> {folder}/ran-{id}; echo said; echo written > /tmp/o",
    "fail": "echo ran >> {folder}/ran-{id}; exit 3",
    "wait": "echo ran >> {folder}/ran-{id}; read x < {folder}/fifo-{id}; exit $x",
}


class Machine(Protocol):
    """What outlives an executor, with means to look at it and to poke it."""

    def executor(self, report: Callable[[ExecutorEvent], None]) -> Executor: ...
    def close(self) -> None: ...
    def release(self, id: str, code: int) -> None: ...
    def runs_of(self, id: str) -> int: ...


class RealMachine:
    def __init__(self, folder: Path, engines: Mapping[str, ContainerEngine] | None = None) -> None:
        self._engines = engines or {}
        self._folder = folder
        self._executors: list[ProcessExecutor] = []

    def executor(self, report: Callable[[ExecutorEvent], None]) -> Executor:
        host = Host(
            ImageMap([ImageRule(IMAGE)], self._folder, MadeOnce(self._folder / "made")),
            NONE,
            (self._folder.resolve(),),
            ArtifactStore(self._folder / "artifacts"),
            Volumes(self._folder / "volumes"),
            engines=self._engines,
        )
        logs = Logs(self._folder / "logs")
        steps = self._folder / "steps"
        made = ProcessExecutor(steps, logs, host, SystemClock(), report, slots=4)
        self._executors.append(made)
        return made

    def close(self) -> None:
        for executor in self._executors:
            executor.sweep(frozenset())
            executor.close()

    def release(self, id: str, code: int) -> None:
        (self._folder / f"fifo-{id}").write_text(f"{code}\n")

    def runs_of(self, id: str) -> int:
        ran = self._folder / f"ran-{id}"
        return len(ran.read_text().split()) if ran.exists() else 0


class MemoryMachine:
    def __init__(self) -> None:
        self._world = MemoryWorld()
        self._executor: MemoryExecutor | None = None

    def executor(self, report: Callable[[ExecutorEvent], None]) -> Executor:
        self._executor = MemoryExecutor(self._world, self._script, SystemClock(), report)
        return self._executor

    def close(self) -> None:
        return

    def release(self, id: str, code: int) -> None:
        assert self._executor is not None
        self._executor.end(id, Ending(exit_code=code))

    def runs_of(self, id: str) -> int:
        return self._world.starts.count(id)

    def _script(self, resolved: ResolvedStart) -> Ending | None:
        endings = {
            "say": Ending(result="said", outputs={"o": "written"}),
            "fail": Ending(exit_code=3),
            "wait": None,
        }
        return endings[resolved.start.template]


class Observer:
    """An executor and what it reported."""

    def __init__(self, machine: Machine) -> None:
        self.events: SimpleQueue[ExecutorEvent] = SimpleQueue()
        self.executor = machine.executor(self.events.put)

    def next(self) -> ExecutorEvent:
        return self.events.get(timeout=LONG_S)

    def outcome(self) -> ContainerEnded | ContainerErrored:
        event = self.next()
        while isinstance(event, ContainerStarted | ContainerMoved):
            event = self.next()
        return event


@pytest.fixture(params=["process", "memory", "podman", "docker"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    made: Machine
    if request.param in ("podman", "docker"):
        made = RealMachine(tmp_path, {"c": request.getfixturevalue(request.param)})
    else:
        made = RealMachine(tmp_path) if request.param == "process" else MemoryMachine()
    yield made
    made.close()


@pytest.fixture
def step(tmp_path: Path) -> Callable[..., ResolvedStart]:
    """A step, in a container with the test's folder at the same path."""
    mount = {"name": "here", "mountPath": str(tmp_path)}
    here = VolumeMount(str(tmp_path), str(tmp_path), is_host=True)

    def make(what: str, id: str = "u-1") -> ResolvedStart:
        if what == "wait":
            os.mkfifo(tmp_path / f"fifo-{id}")
        source = SCRIPTS[what].format(folder=tmp_path, id=id)
        start = StartContainer(
            id,
            f"node-{id}",
            "wf.n",
            f"pod-{id}",
            what,
            ContainerCall(IMAGE, ("sh",), source=source, volume_mounts=(mount,)),
            output_files=(OutputFile("o", "/tmp/o"),),
            captures_result=True,
        )
        return ResolvedStart(PodAddress("c", "ns", "wf", start.pod), start, {}, mounts=(here,))

    return make


Step = Callable[..., ResolvedStart]

IDLE = "exec sleep 60"


def with_sidecar(main: ResolvedStart) -> ResolvedStart:
    """The step as the main container of a pod, beside one that does not end by itself."""
    idle = replace(main.start.call, source=IDLE)
    containers = (
        PodContainer("main", "main", main.start.call),
        PodContainer("idle", "sidecar", idle),
    )
    parts = tuple(
        ResolvedContainer(each, replace(main, start=replace(main.start, call=each.call)))
        for each in containers
    )
    return replace(main, start=replace(main.start, containers=containers), containers=parts)


def test_started_comes_before_ended(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.start(step("say"))
    started, ended = observer.next(), observer.next()
    assert isinstance(started, ContainerStarted)
    assert isinstance(ended, ContainerEnded)
    assert (started.command_id, ended.command_id, ended.node_id) == ("u-1", "u-1", "node-u-1")
    assert started.at <= ended.at
    assert (ended.exit_code, ended.result, ended.outputs) == (0, "said", {"o": "written"})


def test_a_missing_output_is_none(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.start(step("fail"))
    ended = observer.outcome()
    assert isinstance(ended, ContainerEnded)
    assert (ended.exit_code, ended.outputs) == (3, {"o": None})


def test_starting_again_repeats_the_outcome_and_runs_nothing(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    resolved = step("say")
    observer.executor.start(resolved)
    first = observer.outcome()
    observer.executor.start(resolved)
    again = observer.outcome()
    assert isinstance(first, ContainerEnded)
    assert isinstance(again, ContainerEnded)
    assert (again.exit_code, again.outputs) == (first.exit_code, first.outputs)
    assert machine.runs_of("u-1") == 1


def test_a_claim_is_seen(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    assert not observer.executor.is_claimed("u-1")
    observer.executor.start(step("say"))
    observer.outcome()
    assert observer.executor.is_claimed("u-1")


def test_stop_ends_a_running_step(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.start(step("wait"))
    assert isinstance(observer.next(), ContainerStarted)
    observer.executor.stop("u-1", grace_s=10)
    ended = observer.outcome()
    assert isinstance(ended, ContainerEnded)
    assert ended.exit_code == 143


def test_stop_of_an_unknown_or_ended_step_is_ignored(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.stop("u-nobody", grace_s=1)
    observer.executor.start(step("say"))
    observer.outcome()
    observer.executor.stop("u-1", grace_s=1)
    observer.executor.start(step("fail", "u-2"))
    assert observer.outcome().command_id == "u-2"


def test_recovery_follows_a_running_step(machine: Machine, step: Step) -> None:
    before, resolved = Observer(machine), step("wait")
    before.executor.start(resolved)
    assert isinstance(before.next(), ContainerStarted)
    after = Observer(machine)
    after.executor.recover(resolved)
    assert isinstance(after.next(), ContainerStarted)
    machine.release("u-1", 5)
    ended = after.outcome()
    assert isinstance(ended, ContainerEnded)
    assert (ended.exit_code, machine.runs_of("u-1")) == (5, 1)


def test_recovery_reports_what_ended_meanwhile(machine: Machine, step: Step) -> None:
    before, resolved = Observer(machine), step("fail")
    before.executor.start(resolved)
    before.outcome()
    after = Observer(machine)
    after.executor.recover(resolved)
    ended = after.outcome()
    assert isinstance(ended, ContainerEnded)
    assert (ended.exit_code, machine.runs_of("u-1")) == (3, 1)


def test_recovery_starts_what_was_never_claimed(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.recover(step("say"))
    assert isinstance(observer.outcome(), ContainerEnded)
    assert machine.runs_of("u-1") == 1


def test_forgetting_what_is_not_there_is_fine(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.forget("u-nobody")
    observer.executor.start(step("say"))
    observer.outcome()
    observer.executor.forget("u-1")


def test_a_pod_tells_how_each_of_its_containers_ended(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.start(with_sidecar(step("say")))
    ended = observer.outcome()
    assert isinstance(ended, ContainerEnded)
    assert {state.name: state.exit_code for state in ended.containers} == {"main": 0, "idle": 143}
    assert (ended.exit_code, ended.result, ended.outputs) == (0, "said", {"o": "written"})


def test_each_container_of_a_pod_is_told_of_when_it_ends(machine: Machine, step: Step) -> None:
    observer = Observer(machine)
    observer.executor.start(with_sidecar(step("fail")))
    codes = {}
    while not isinstance(event := observer.next(), ContainerEnded):
        if isinstance(event, ContainerMoved) and event.state.has_ended:
            codes[event.state.name] = event.state.exit_code
    assert codes == {"main": 3, "idle": 143}
    assert event.exit_code == 3


def test_recovery_of_a_pod_runs_no_container_again(machine: Machine, step: Step) -> None:
    before, resolved = Observer(machine), with_sidecar(step("say"))
    before.executor.start(resolved)
    before.outcome()
    after = Observer(machine)
    after.executor.recover(resolved)
    ended = after.outcome()
    assert isinstance(ended, ContainerEnded)
    assert (ended.exit_code, machine.runs_of("u-1")) == (0, 1)
