"""What the server completes of a Job, as Kubernetes does."""

from __future__ import annotations

from typing import Any

from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

JOB = GroupVersionKind("batch", "v1", "Job")


def created(logical: LogicalCluster, **spec: Any) -> Body:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j", "namespace": "data"},
        "spec": {"template": template, **spec},
    }
    return logical.create(Request(logical.kind(JOB), "data", ""), body).body


def test_a_job_selects_its_pods_by_its_uid(logical: LogicalCluster) -> None:
    job = created(logical)
    uid = job["metadata"]["uid"]
    assert job["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert job["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"


def test_a_job_that_selects_by_itself_is_left_as_it_is(logical: LogicalCluster) -> None:
    selector = {"matchLabels": {"mine": "yes"}}
    job = created(logical, manualSelector=True, selector=selector)
    assert job["spec"]["selector"] == selector
    assert "metadata" not in job["spec"]["template"]


def test_one_completion_is_the_default_where_nothing_is_said(logical: LogicalCluster) -> None:
    spec = created(logical)["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)


def test_with_parallelism_alone_it_is_a_work_queue(logical: LogicalCluster) -> None:
    assert "completions" not in created(logical, parallelism=3)["spec"]


def test_an_update_that_leaves_out_what_was_completed_changes_nothing(
    logical: LogicalCluster,
) -> None:
    job = created(logical)
    spec = {key: job["spec"][key] for key in ("template",)}
    request = Request(logical.kind(JOB), "data", "j")
    assert logical.update(request, {**job, "spec": spec}).body["spec"] == job["spec"]
