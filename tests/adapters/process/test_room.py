"""Requests are reserved before a step starts; what cannot be is refused, or waits and says why."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.process.conftest import Bench, step
from toolkit.workflow.commands import ContainerCall, PodContainer, StartContainer
from toolkit.workflow.pods.resources import Amounts, requested
from toolkit.workflow.ports import ResolvedStart

Opener = Callable[..., Bench]
GIBI = 1 << 30


def asking(source: str, id: str, **requests: str) -> ResolvedStart:
    return step(source, id=id, call={"resources": {"requests": requests}})


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def test_a_step_waits_for_the_processors_that_others_have(open_bench: Opener, gate: Path) -> None:
    bench = open_bench(capacity=Amounts(1.0, GIBI))
    bench.start(asking(f"read x < {gate}", "u-1", cpu="600m"))
    bench.next()
    bench.start(asking("true", "u-2", cpu="600m"))
    said = bench.executor.why_waiting("u-2")
    assert said == "waiting for processors: 0.6 are requested, 0.4 are free"
    gate.write_text("go\n")
    assert {bench.outcome().command_id, bench.outcome().command_id} == {"u-1", "u-2"}


def test_a_smaller_step_does_not_wait_for_a_larger_one(open_bench: Opener, gate: Path) -> None:
    bench = open_bench(capacity=Amounts(4.0, GIBI))
    bench.start(asking(f"read x < {gate}", "u-1", memory="600Mi"))
    bench.next()
    bench.start(asking("true", "u-2", memory="600Mi"))
    bench.start(asking("true", "u-3", memory="100Mi"))
    assert bench.outcome().command_id == "u-3"
    assert "waiting for memory: 0.586 GiB" in bench.executor.why_waiting("u-2")
    gate.write_text("go\n")
    bench.outcome("u-2")


@pytest.mark.parametrize(
    ("requests", "message"),
    [
        ({"cpu": "64"}, "it requests 64 processors, and this machine has 2 processors"),
        ({"memory": "10Gi"}, "it requests 10 GiB of memory, and this machine has 1 GiB"),
        ({"memory": "much"}, "'much' is no quantity"),
    ],
)
def test_what_can_never_run_here_is_refused_at_once(
    requests: dict[str, str], message: str, open_bench: Opener
) -> None:
    bench = open_bench(capacity=Amounts(2.0, GIBI))
    assert message in bench.errored(asking("true", "u-1", **requests)).message


def test_a_daemon_that_is_up_takes_no_slot(open_bench: Opener) -> None:
    bench = open_bench(slots=1)
    bench.start(step("sleep 1000", id="u-1", awaits_ready=True))
    bench.next()
    bench.ended(step("true", id="u-2"))
    bench.executor.stop("u-1", grace_s=10)
    bench.outcome("u-1")
    bench.ended(step("true", id="u-3"))


def test_a_step_stopped_while_it_waits_never_runs(open_bench: Opener, gate: Path) -> None:
    bench = open_bench(slots=1)
    bench.start(step(f"read x < {gate}", id="u-1"))
    bench.next()
    bench.start(step("true", id="u-2"))
    bench.executor.stop("u-2", grace_s=1)
    assert "stopped before" in getattr(bench.outcome("u-2"), "message", "")
    gate.write_text("go\n")
    bench.outcome("u-1")


def amounts(**resources: Any) -> Amounts:
    call = ContainerCall("i", resources=resources)
    return requested(StartContainer("u", "n", "wf", "p", "t", call))


def test_a_limit_without_a_request_is_the_request() -> None:
    limits = {"cpu": "2", "memory": "1Ki"}
    assert amounts(limits=limits, requests={"cpu": "500m"}) == Amounts(0.5, 1024)


def test_a_pod_requests_the_sum_or_its_largest_init_container() -> None:
    def container(role: str, cpu: str) -> PodContainer:
        return PodContainer(role, role, ContainerCall("i", resources={"requests": {"cpu": cpu}}))

    def pod(init: str) -> StartContainer:
        containers = (container("init", init), container("main", "1"), container("sidecar", "1"))
        return StartContainer("u", "n", "wf", "p", "t", containers[1].call, containers=containers)

    assert requested(pod("500m")).cpu == 2.0
    assert requested(pod("3")).cpu == 3.0
