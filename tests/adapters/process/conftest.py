"""A real executor over real processes, and the twin, behind one bench."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.clock import SystemClock
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.logs.files import Logs
from toolkit.adapters.process import isolation as isolation_module
from toolkit.adapters.process.cgroups import NONE as NO_CGROUPS
from toolkit.adapters.process.cgroups import Cgroups
from toolkit.adapters.process.executor import ProcessExecutor
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.images import ImageMap
from toolkit.adapters.process.isolation import NONE, Namespaces, probe
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.adapters.state.volumes import Volumes
from toolkit.repository.settings import ImageRule
from toolkit.workflow.commands import (
    ContainerCall,
    OutputFile,
    PodContainer,
    StartContainer,
)
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerMoved,
    ContainerProgressed,
    ContainerState,
)
from toolkit.workflow.pods.resources import Amounts
from toolkit.workflow.ports import (
    ExecutorEvent,
    PodAddress,
    ResolvedContainer,
    ResolvedStart,
    VolumeMount,
)

LONG_S = 30


class Bench:
    """Starts steps and waits for what the executor reports."""

    def __init__(
        self,
        root: Path,
        namespaces: Namespaces,
        *,
        slots: int = 8,
        rules: Sequence[ImageRule] = (),
        engines: Mapping[str, ContainerEngine] | None = None,
        capacity: Amounts | None = None,
        cgroups: Cgroups = NO_CGROUPS,
    ) -> None:
        self.root = root
        self.events: SimpleQueue[ExecutorEvent] = SimpleQueue()
        self.logs = Logs(root / "logs")
        self.artifacts = ArtifactStore(root / "artifacts")
        rules = [ImageRule("any"), ImageRule("hello", ("echo", "hello")), *rules]
        images = ImageMap(rules, root, MadeOnce(root / "made"))
        self.executor = ProcessExecutor(
            root / "steps",
            self.logs,
            Host(
                images,
                namespaces,
                (root.resolve(),),
                self.artifacts,
                Volumes(root / "volumes"),
                engines=engines or {},
                cgroups=cgroups,
            ),
            SystemClock(),
            self.events.put,
            slots=slots,
            capacity=capacity,
        )

        self._is_open = True

    def close(self) -> None:
        """As gitops ends: steps go on."""
        if self._is_open:
            self._is_open = False
            self.executor.close()

    def start(self, resolved: ResolvedStart) -> None:
        self.executor.start(resolved)

    def next(self) -> ExecutorEvent:
        return self.events.get(timeout=LONG_S)

    def outcome(self, command_id: str = "") -> ContainerEnded | ContainerErrored:
        """The next outcome (of one command)."""
        while True:
            event = self.next()
            wanted = isinstance(event, ContainerEnded | ContainerErrored)
            if wanted and command_id in ("", event.command_id):
                return event

    def ended(self, resolved: ResolvedStart) -> ContainerEnded:
        self.start(resolved)
        event = self.outcome(resolved.start.id)
        assert isinstance(event, ContainerEnded), event
        return event

    def errored(self, resolved: ResolvedStart) -> ContainerErrored:
        self.start(resolved)
        event = self.outcome(resolved.start.id)
        assert isinstance(event, ContainerErrored), event
        return event

    def log(self, resolved: ResolvedStart, container: str = "main") -> list[str]:
        return list(self.logs.lines(resolved.address, container=container))

    def state(self, name: str, *, has_ended: bool = False) -> ContainerState:
        """The next state of a container that is running, or has ended."""
        while True:
            event = self.next()
            if isinstance(event, ContainerMoved) and event.state.name == name:
                state = event.state
                if state.has_ended is has_ended:
                    return state


def heard(bench: Bench) -> str:
    """The next progress that a step tells before it ends."""
    while True:
        event = bench.next()
        assert not isinstance(event, ContainerEnded), event
        if isinstance(event, ContainerProgressed):
            return event.progress


def await_end(pid: int) -> None:
    """Returns once the process has ended; fails the test where it does not."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor, "rb"):
        assert select.select([descriptor], [], [], LONG_S)[0]


def step(
    source: str | None = None,
    *,
    id: str = "uid-1",
    call: dict[str, Any] | None = None,
    outputs: tuple[str, ...] = (),
    **fields: Any,
) -> ResolvedStart:
    """A script step, its outputs named by their paths."""
    names = ("environment", "files", "mounts", "secrets")
    resolved_fields = {name: fields.pop(name) for name in names if name in fields}
    given = {"image": "any", "command": ("sh",), "source": source, **(call or {})}
    start = StartContainer(
        id=id,
        node_id=f"node-{id}",
        node_name="wf.step",
        pod=f"pod-{id}",
        template="step",
        call=ContainerCall(**given),
        output_files=tuple(OutputFile(path, path) for path in outputs),
        **fields,
    )
    address = PodAddress("staging", "data", "wf", start.pod)
    return ResolvedStart(address, start, **{"environment": {}, **resolved_fields})


def container(name: str, source: str, role: str = "main", **fields: Any) -> PodContainer:
    """A container that runs a shell script."""
    call = {key: fields.pop(key) for key in ("image", "probes", "lifecycle") if key in fields}
    made = ContainerCall(**{"image": "any", "command": ("sh",), "source": source, **call})
    return PodContainer(name, role, made, **fields)


def pod(
    *containers: PodContainer,
    id: str = "uid-1",
    mounts: tuple[VolumeMount, ...] = (),
    outputs: tuple[str, ...] = (),
    **fields: Any,
) -> ResolvedStart:
    """Containers that all have the mounts; outputs are those of ``main``."""
    main = next((each for each in containers if each.name == "main"), containers[-1])
    whole = step(id=id, outputs=outputs, **fields)
    start = replace(whole.start, call=main.call, containers=containers)
    return replace(
        whole,
        start=start,
        containers=tuple(_resolved(each, start, whole, mounts) for each in containers),
    )


def _resolved(
    each: PodContainer,
    start: StartContainer,
    whole: ResolvedStart,
    mounts: tuple[VolumeMount, ...],
) -> ResolvedContainer:
    is_main = each.name == "main"
    volume_mounts = tuple({"name": m.volume, "mountPath": m.path} for m in mounts)
    part = replace(
        start,
        call=replace(each.call, volume_mounts=volume_mounts),
        containers=(),
        deadline=None,
        captures_result=start.captures_result and is_main,
        output_files=start.output_files if is_main else (),
        output_artifacts=start.output_artifacts if is_main else (),
        input_files=start.input_files if is_main else (),
    )
    return ResolvedContainer(each, replace(whole, start=part, mounts=mounts))


@pytest.fixture(scope="session")
def namespaces(tmp_path_factory: pytest.TempPathFactory) -> Namespaces:
    return probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture(scope="session")
def user_namespaces(tmp_path_factory: pytest.TempPathFactory) -> Namespaces:
    """What an unprivileged user gets, where the machine allows it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolation_module, "PREFIXES", (("-r", "-m"),))
        return probe(tmp_path_factory.mktemp("probe"))


@pytest.fixture(params=["namespaces", "user_namespaces", "rewriting"])
def isolation(request: pytest.FixtureRequest) -> Namespaces:
    if request.param == "rewriting":
        return NONE
    found: Namespaces = request.getfixturevalue(request.param)
    if not found.is_private:
        pytest.skip("this machine does not allow such namespaces")
    return found


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Opens benches over one folder: a second one is gitops after a restart."""
    benches: list[Bench] = []

    def opener(isolation: Namespaces = NONE, **options: Any) -> Bench:
        benches.append(Bench(tmp_path, isolation, **options))
        return benches[-1]

    yield opener
    for bench in benches:
        bench.executor.sweep(frozenset())
        bench.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()
