"""PersistentVolumeClaims: whose they are, when they go, and what a step sees of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controllers.bench import Bench
from tests.controllers.conftest import NAMESPACE
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.executor import Ending
from toolkit.controllers.steps.claims import CLAIM
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.workflow.ports import ResolvedStart

TEMPLATE = {"metadata": {"name": "work"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
MOUNT = {"name": "work", "mountPath": "/work", "subPath": "a/b"}
STEP = {"name": "main", "container": {"image": "i", "volumeMounts": [MOUNT]}}


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Bench:
    return Bench(cluster, clock)


def run(bench: Bench, *, code: int = 0, **spec: Any) -> list[ResolvedStart]:
    """What the executor was given."""
    given: list[ResolvedStart] = []

    def script(resolved: ResolvedStart) -> Ending:
        given.append(resolved)
        return Ending(exit_code=code)

    bench.script = script
    bench.submit(entrypoint="main", templates=[STEP], **spec)
    return given


def claim(bench: Bench, name: str = "wf-work") -> Body | None:
    return bench.cluster.get(ObjectRef(CLAIM, NAMESPACE, name))


def existing(name: str) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def test_a_claim_of_the_workflow_goes_when_it_succeeded(bench: Bench) -> None:
    (start,) = run(bench, volumeClaimTemplates=[TEMPLATE])
    (mount,) = start.mounts
    volume = mount.volume.removesuffix("/a/b")
    assert (mount.path, volume.startswith(f"staging/{NAMESPACE}/wf-work.")) == ("/work", True)
    assert claim(bench) is None
    assert bench.executor.volumes.removed == [volume]
    assert "persistentVolumeClaims" not in bench.workflow()["status"]


def test_a_failed_workflow_keeps_its_claim_for_a_retry(bench: Bench) -> None:
    run(bench, code=1, volumeClaimTemplates=[TEMPLATE])
    kept = claim(bench)
    assert kept is not None
    assert kept["status"]["phase"] == "Bound"
    volume = {"name": "work", "persistentVolumeClaim": {"claimName": "wf-work"}}
    assert bench.workflow()["status"]["persistentVolumeClaims"] == [volume]


def test_on_completion_the_claim_goes_after_a_failure_too(bench: Bench) -> None:
    strategy = {"strategy": "OnWorkflowCompletion"}
    run(bench, code=1, volumeClaimTemplates=[TEMPLATE], volumeClaimGC=strategy)
    assert claim(bench) is None


def test_a_claim_that_was_there_is_bound_and_stays(bench: Bench) -> None:
    bench.cluster.create(existing("old"))
    volume = {"name": "work", "persistentVolumeClaim": {"claimName": "old"}}
    run(bench, volumes=[volume])
    kept = claim(bench, "old")
    assert kept is not None
    assert kept["status"]["phase"] == "Bound"
    assert bench.executor.volumes.removed == []


def test_a_claim_that_is_not_there_is_an_error_that_names_it(bench: Bench) -> None:
    run(bench, volumes=[{"name": "work", "persistentVolumeClaim": {"claimName": "none"}}])
    status = bench.workflow()["status"]
    assert status["phase"] == "Error"
    assert 'persistentvolumeclaim "none" not found' in status["message"]


def test_a_claim_of_another_owner_is_not_taken(bench: Bench) -> None:
    bench.cluster.create(existing("wf-work"))
    run(bench, volumeClaimTemplates=[TEMPLATE])
    assert "different ownerreference" in bench.workflow()["status"]["message"]
    assert claim(bench) is not None


def test_a_host_folder_is_mounted_as_it_is(bench: Bench) -> None:
    (start,) = run(bench, volumes=[{"name": "work", "hostPath": {"path": "/srv"}}])
    (mount,) = start.mounts
    assert (mount.volume, mount.is_host) == ("/srv/a/b", True)
