"""Pods, Jobs and CronJobs with real processes, the state database and the embedded cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wiring.test_engine import LONG_S, SETTINGS
from toolkit.controllers.batch_controller import JOB
from toolkit.controllers.runs.projecting import POD
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import Owner, own
from toolkit.wiring.engine import Engine, start_engine
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.batch.jobs import end_of


class Plant:
    """An engine over one state, started and stopped at will."""

    def __init__(self, owner: Owner, workspace: Workspace) -> None:
        self.owner = owner
        self.workspace = workspace
        self.environment = workspace.settings().environment("staging")
        self.errors: list[Exception] = []

    def engine(self) -> Any:
        return start_engine(
            self.owner, self.workspace, [self.environment], on_error=self.errors.append
        )

    def until(
        self, engine: Engine, gvk: GroupVersionKind, name: str, is_so: Callable[[Body], Any]
    ) -> Body:
        """The object once it is so."""
        cluster = engine.clusters["staging"]
        version = cluster.list(gvk, "data").resource_version
        body = cluster.get(ObjectRef(gvk, "data", name))
        if body is not None and is_so(body):
            return body
        for event in cluster.watch(gvk, "data", resource_version=version, timeout_s=LONG_S):
            if event.object["metadata"]["name"] == name and is_so(event.object):
                return event.object
        raise AssertionError((cluster.get(ObjectRef(gvk, "data", name)), self.errors))

    def pods(self, engine: Engine) -> list[Body]:
        return list(engine.clusters["staging"].list(POD, "data").items)


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        yield Plant(owner, workspace)


def pod_spec(source: str, policy: str = "Never", **fields: Any) -> Body:
    container = {"name": "c", "image": "any", "command": ["sh", "-c", source], **fields}
    return {"restartPolicy": policy, "containers": [container]}


def pod(source: str, policy: str = "Never", **fields: Any) -> Body:
    metadata = {"name": "p", "namespace": "data"}
    spec = pod_spec(source, policy, **fields)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def job(source: str, **spec: Any) -> Body:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j", "namespace": "data"},
        "spec": {"template": {"spec": pod_spec(source)}, **spec},
    }


def phase(*phases: str) -> Callable[[Body], bool]:
    return lambda body: (body.get("status") or {}).get("phase") in phases


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def await_file(path: Path, size: int = 1) -> str:
    deadline = time.monotonic() + LONG_S
    while not path.exists() or path.read_text().count("\n") < size:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


def test_a_pod_runs_to_its_end_and_its_log_can_be_read(plant: Plant) -> None:
    with plant.engine() as engine:
        cluster = engine.clusters["staging"]
        settings = {"name": "s", "namespace": "data"}
        cluster.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": settings, "data": {"k": "hello"}}
        )
        source = {"configMapKeyRef": {"name": "s", "key": "k"}}
        cluster.create(pod("echo $GREETING", env=[{"name": "GREETING", "valueFrom": source}]))
        body = plant.until(engine, POD, "p", phase("Succeeded", "Failed"))
        lines = list(cluster.pod_log("data", "p", container="c"))
    state = body["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (body["status"]["phase"], state["exitCode"], lines) == ("Succeeded", 0, ["hello"])
    assert not plant.errors


def test_a_pod_waits_for_the_config_map_it_names(plant: Plant) -> None:
    source = {"configMapKeyRef": {"name": "s", "key": "k"}}
    with plant.engine() as engine:
        cluster = engine.clusters["staging"]
        cluster.create(pod("true", env=[{"name": "GREETING", "valueFrom": source}]))

        def is_told(body: Body) -> bool:
            return "CreateContainerConfigError" in str(body.get("status"))

        assert plant.until(engine, POD, "p", is_told)["status"]["phase"] == "Pending"
        metadata = {"name": "s", "namespace": "data"}
        cluster.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}
        )
        plant.until(engine, POD, "p", phase("Succeeded"))


def test_a_pod_that_fails_is_started_again_on_failure(plant: Plant, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with plant.engine() as engine:
        source = f"test -e {mark} || {{ touch {mark}; exit 3; }}"
        engine.clusters["staging"].create(pod(source, "OnFailure"))
        body = plant.until(engine, POD, "p", phase("Succeeded", "Failed"))
    status = body["status"]["containerStatuses"][0]
    assert (body["status"]["phase"], status["restartCount"]) == ("Succeeded", 1)
    assert status["lastState"]["terminated"]["exitCode"] == 3


def test_a_pod_is_followed_through_a_restart_of_the_engine(plant: Plant, tmp_path: Path) -> None:
    starts, go = tmp_path / "starts", tmp_path / "go"
    source = f"echo x >> {starts}; while [ ! -e {go} ]; do sleep 0.05; done"
    with plant.engine() as engine:
        engine.clusters["staging"].create(pod(source))
        await_file(starts)
        plant.until(engine, POD, "p", phase("Running"))
    go.touch()
    with plant.engine() as engine:
        body = plant.until(engine, POD, "p", phase("Succeeded", "Failed"))
    assert (body["status"]["phase"], starts.read_text()) == ("Succeeded", "x\n")


def test_a_job_runs_to_its_completions_no_more_than_its_parallelism_at_once(plant: Plant) -> None:
    most = 0
    with plant.engine() as engine:
        cluster = engine.clusters["staging"]
        cluster.create(job("sleep 0.2", completions=3, parallelism=2))

        def has_ended(body: Body) -> bool:
            nonlocal most
            most = max(most, (body.get("status") or {}).get("active", 0))
            return end_of(body) is not None

        body = plant.until(engine, JOB, "j", has_ended)
        pods = plant.pods(engine)
    assert (body["status"]["succeeded"], len(pods), most) == (3, 3, 2)
    assert end_of(body)["type"] == "Complete"  # type: ignore[index]
    assert {each["metadata"]["labels"]["job-name"] for each in pods} == {"j"}
    assert not plant.errors


def test_a_job_goes_on_after_a_restart_of_the_engine(plant: Plant, tmp_path: Path) -> None:
    starts, go = tmp_path / "starts", tmp_path / "go"
    source = f"echo x >> {starts}; while [ ! -e {go} ]; do sleep 0.05; done"
    with plant.engine() as engine:
        engine.clusters["staging"].create(job(source, completions=3, parallelism=2))
        await_file(starts, 2)
    go.touch()
    with plant.engine() as engine:
        body = plant.until(engine, JOB, "j", end_of)
        pods = plant.pods(engine)
    assert (body["status"]["succeeded"], len(pods), starts.read_text()) == (3, 3, "x\nx\nx\n")
    assert not plant.errors


def test_a_job_fails_at_its_backoff_limit(plant: Plant) -> None:
    with plant.engine() as engine:
        engine.clusters["staging"].create(job("exit 1", backoffLimit=0))
        body = plant.until(engine, JOB, "j", end_of)
        assert len(plant.pods(engine)) == 1
    end = end_of(body)
    assert end is not None
    assert (end["type"], end["reason"]) == ("Failed", "BackoffLimitExceeded")


def test_deleting_a_job_ends_its_processes(plant: Plant, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with plant.engine() as engine:
        cluster = engine.clusters["staging"]
        cluster.create(job(f"echo $$$$ > {pid_file}; exec sleep 600"))
        pid = int(await_file(pid_file))
        cluster.delete(ObjectRef(JOB, "data", "j"))
        deadline = time.monotonic() + LONG_S
        while is_alive(pid) or plant.pods(engine):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert not plant.errors


def test_a_cron_job_fires(plant: Plant) -> None:
    with plant.engine() as engine:
        cluster = engine.clusters["staging"]
        template = {"spec": {"template": {"spec": pod_spec("echo fired")}}}
        cluster.create(
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "cj", "namespace": "data"},
                "spec": {"schedule": "@every 1s", "jobTemplate": template},
            }
        )
        version = cluster.list(JOB, "data").resource_version
        watch = cluster.watch(JOB, "data", resource_version=version, timeout_s=LONG_S)
        made = next(event.object for event in watch)
        body = plant.until(engine, JOB, made["metadata"]["name"], end_of)
    assert body["metadata"]["name"].startswith("cj-")
    assert end_of(body)["type"] == "Complete"  # type: ignore[index]
