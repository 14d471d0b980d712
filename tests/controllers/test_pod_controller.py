from __future__ import annotations

import pytest

from tests.controllers.conftest import NAMESPACE
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.state.volumes import Volumes
from toolkit.controllers.pod_controller import PodController, pod_logs, pod_starts
from toolkit.controllers.runs.projecting import POD
from toolkit.resource.cluster import ObjectRef, WatchEvent
from toolkit.resource.resource import Body
from toolkit.workflow.events import ContainerEnded, ContainerState
from toolkit.workflow.ports import ResolvedStart

P = ObjectRef(POD, NAMESPACE, "p")


class Recorder:
    """An executor that only notes what it is asked."""

    volumes: Volumes

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def start(self, resolved: ResolvedStart) -> None:
        self.asked.append(("start", resolved.start.id))

    recover = start

    def is_claimed(self, command_id: str) -> bool:
        return ("start", command_id) in self.asked

    def why_waiting(self, command_id: str) -> str:  # noqa: ARG002
        return ""

    def stop(self, command_id: str, *, grace_s: float) -> None:  # noqa: ARG002
        self.asked.append(("stop", command_id))

    def forget(self, command_id: str) -> None:
        self.asked.append(("forget", command_id))


class PodBench:
    """A controller without threads, told of pods and of their ends by the test."""

    def __init__(self, cluster: EmbeddedCluster, clock: VirtualClock) -> None:
        self.cluster = cluster
        self.clock = clock
        self.executor = Recorder()
        self.controller = PodController(
            "staging", cluster, self.executor, clock, given={}, on_error=_raise
        )

    def create(self, policy: str = "Never") -> Body:
        container = {"name": "c", "image": "i"}
        return self.cluster.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "p", "namespace": NAMESPACE},
                "spec": {"restartPolicy": policy, "containers": [container]},
            }
        )

    def pod(self) -> Body:
        body = self.cluster.get(P)
        assert body is not None
        return body

    def end(self, body: Body, code: int, start: int = 0) -> str:
        """Reports the end of a start, and gives its id."""
        uid, now = body["metadata"]["uid"], self.clock.now()
        id = f"pod-{uid}-{start}"
        state = ContainerState("c", started=now, finished=now, exit_code=code)
        self.controller.receive(ContainerEnded(id, uid, code, now, containers=(state,)))
        self.controller.loop.run_ready()
        return id


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> PodBench:
    return PodBench(cluster, clock)


def test_an_end_is_written_before_the_executor_may_forget(bench: PodBench) -> None:
    body = bench.create()
    bench.controller.listed([body])
    id = bench.end(body, 0)
    assert bench.executor.asked == [("start", id), ("forget", id)]
    assert bench.pod()["status"]["phase"] == "Succeeded"


def test_old_news_of_a_pod_that_has_ended_does_not_start_it_again(bench: PodBench) -> None:
    body = bench.create()
    bench.controller.listed([body])
    id = bench.end(body, 0)
    bench.controller.changed(WatchEvent("MODIFIED", body))
    assert bench.executor.asked == [("start", id), ("forget", id)]
    assert bench.pod()["status"]["phase"] == "Succeeded"


def test_what_is_under_way_is_known_before_it_is_performed(bench: PodBench) -> None:
    body = bench.create()
    bench.controller.listed([body])
    uid = body["metadata"]["uid"]
    assert pod_starts(bench.cluster) == {f"pod-{uid}-0"}
    assert pod_logs(bench.cluster) == {f"{NAMESPACE}/_{uid}"}
    bench.end(body, 0)
    assert pod_starts(bench.cluster) == pod_logs(bench.cluster) == frozenset()


def test_the_next_start_of_a_restart_has_a_claim_of_its_own(bench: PodBench) -> None:
    body = bench.create("OnFailure")
    bench.controller.listed([body])
    first = bench.end(body, 1)
    second = f"pod-{body['metadata']['uid']}-1"
    assert bench.executor.asked == [("start", first), ("forget", first), ("start", second)]


def test_a_controller_that_comes_after_takes_up_what_was_begun(bench: PodBench) -> None:
    body = bench.create()
    bench.controller.listed([body])
    later = PodBench(bench.cluster, bench.clock)
    later.controller.listed([bench.pod()])
    assert later.executor.asked == bench.executor.asked


def test_a_pod_that_is_deleted_is_stopped_and_then_forgotten(bench: PodBench) -> None:
    body = bench.create()
    bench.controller.listed([body])
    bench.cluster.delete(P)
    bench.controller.changed(WatchEvent("DELETED", body))
    id = bench.end(body, 143)
    assert bench.executor.asked == [("start", id), ("stop", id), ("forget", id)]
