"""Hera's WorkflowsService, unchanged, against the laptop."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hera.exceptions import AlreadyExists, BadRequest, NotFound, Unauthorized
from hera.workflows import (
    ClusterWorkflowTemplate,
    Container,
    CronWorkflow,
    Parameter,
    Step,
    Steps,
    Suspend,
    Workflow,
    WorkflowsService,
    WorkflowTemplate,
)
from hera.workflows.models import (
    CronWorkflowResumeRequest,
    CronWorkflowSuspendRequest,
    SubmitOpts,
    WorkflowResubmitRequest,
    WorkflowResumeRequest,
    WorkflowRetryRequest,
    WorkflowSetRequest,
    WorkflowStopRequest,
    WorkflowSubmitRequest,
    WorkflowSuspendRequest,
    WorkflowTerminateRequest,
)

pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated")  # Hera's own


@pytest.fixture
def service(laptop: Any) -> Iterator[WorkflowsService]:
    with WorkflowsService(
        host=f"{laptop.url}/",
        verify_ssl=laptop.authority,
        token=laptop.serving.token,
        namespace="data",
    ) as service:
        yield service


def hello(service: WorkflowsService, name: str, text: str = "hello", **fields: Any) -> Workflow:
    with Workflow(
        name=name, entrypoint="say", namespace="data", workflows_service=service, **fields
    ) as workflow:
        Container(name="say", image="any", command=["sh", "-c"], args=[f"echo {text}"])
    return workflow


def gate(service: WorkflowsService, name: str) -> Workflow:
    """Waits for an approval."""
    with Workflow(
        name=name, entrypoint="main", namespace="data", workflows_service=service
    ) as workflow:
        wait = Suspend(name="wait")
        with Steps(name="main"):
            Step(name="approve", template=wait)
    return workflow


def lines(service: WorkflowsService, name: str, **query: Any) -> list[str]:
    """The log as Hera's session gets it."""
    answer = service.session.get(
        f"{service.host}api/v1/workflows/data/{name}/log",
        params=query,
        headers={"Authorization": service.token},
        verify=service.verify_ssl,
        stream=True,
    )
    return [json.loads(line)["result"]["content"] for line in answer.iter_lines()]


def waits(body: Any) -> bool:
    nodes = (body.get("status") or {}).get("nodes") or {}
    return any(n["type"] == "Suspend" and n["phase"] == "Running" for n in nodes.values())


def test_create_waits_for_the_end(service: WorkflowsService) -> None:
    ended = hello(service, "hera-create").create(wait=True, poll_interval=1)
    assert ended.status.phase == "Succeeded"
    assert service.get_workflow("hera-create").status.progress == "1/1"


def test_a_generated_name_comes_back(service: WorkflowsService) -> None:
    workflow = hello(service, "")
    workflow.name, workflow.generate_name = None, "hera-"
    created = workflow.create()
    assert created.metadata.name.startswith("hera-")
    assert workflow.name == created.metadata.name


def test_list_by_label(service: WorkflowsService) -> None:
    hello(service, "hera-listed", labels={"team": "sales"}).create()
    listed = service.list_workflows(label_selector="team=sales")
    assert [one.metadata.name for one in listed.items] == ["hera-listed"]


def test_list_in_pages(service: WorkflowsService) -> None:
    for number in range(3):
        hello(service, f"hera-page-{number}", labels={"of": "pages"}).create()
    first = service.list_workflows(label_selector="of=pages", limit="2")
    rest = service.list_workflows(
        label_selector="of=pages", limit="2", continue_=first.metadata.continue_
    )
    names = {one.metadata.name for page in (first, rest) for one in page.items}
    assert len(first.items) == 2
    assert names == {"hera-page-0", "hera-page-1", "hera-page-2"}


def test_logs(service: WorkflowsService, laptop: Any) -> None:
    hello(service, "hera-logs", text="'one\ntwo\nthree'").create()
    laptop.ended("hera-logs")
    assert lines(service, "hera-logs") == ["one", "two", "three"]
    assert lines(service, "hera-logs", grep="^t") == ["two", "three"]
    assert lines(service, "hera-logs", **{"logOptions.tailLines": 1}) == ["three"]


def test_heras_own_call_for_logs_is_answered(service: WorkflowsService, laptop: Any) -> None:
    """It reads the stream as one document without its envelope, also of Argo's own server."""
    hello(service, "hera-log").create()
    laptop.ended("hera-log")
    assert service.workflow_logs("hera-log").content is None


def test_lint_says_what_is_wrong(service: WorkflowsService) -> None:
    assert hello(service, "hera-lint").lint().metadata.name == "hera-lint"
    broken = hello(service, "hera-lint")
    broken.entrypoint = "sya"
    with pytest.raises(BadRequest, match="sya"):
        broken.lint()


def test_what_cannot_run_is_not_created(service: WorkflowsService) -> None:
    broken = hello(service, "hera-broken")
    broken.entrypoint = "sya"
    with pytest.raises(BadRequest, match="sya"):
        broken.create()
    with pytest.raises(NotFound):
        service.get_workflow("hera-broken")


def test_a_name_that_is_taken(service: WorkflowsService) -> None:
    hello(service, "hera-taken").create()
    with pytest.raises(AlreadyExists, match="hera-taken"):
        hello(service, "hera-taken").create()


def test_without_the_token(laptop: Any) -> None:
    service = WorkflowsService(
        host=f"{laptop.url}/", verify_ssl=laptop.authority, token="wrong", namespace="data"
    )
    with service, pytest.raises(Unauthorized):
        service.list_workflows()


def test_delete(service: WorkflowsService, laptop: Any) -> None:
    hello(service, "hera-delete").create()
    laptop.ended("hera-delete")
    service.delete_workflow("hera-delete")
    with pytest.raises(NotFound):
        service.get_workflow("hera-delete")


def test_resume_lets_a_waiting_step_go_on(service: WorkflowsService, laptop: Any) -> None:
    gate(service, "hera-resume").create()
    laptop.awaited("hera-resume", waits)
    service.resume_workflow("hera-resume", WorkflowResumeRequest(name="hera-resume"))
    assert laptop.ended("hera-resume")["status"]["phase"] == "Succeeded"


def test_suspend_then_stop(service: WorkflowsService, laptop: Any) -> None:
    gate(service, "hera-stop").create()
    laptop.awaited("hera-stop", waits)
    suspended = service.suspend_workflow("hera-stop", WorkflowSuspendRequest(name="hera-stop"))
    assert suspended.spec.suspend
    service.stop_workflow("hera-stop", WorkflowStopRequest(name="hera-stop", message="enough"))
    assert laptop.ended("hera-stop")["status"]["phase"] == "Failed"


def test_terminate(service: WorkflowsService, laptop: Any) -> None:
    gate(service, "hera-terminate").create()
    laptop.awaited("hera-terminate", waits)
    service.terminate_workflow("hera-terminate", WorkflowTerminateRequest(name="hera-terminate"))
    assert laptop.ended("hera-terminate")["status"]["phase"] == "Failed"


def test_set_fails_a_waiting_step_with_words(service: WorkflowsService, laptop: Any) -> None:
    gate(service, "hera-set").create()
    laptop.awaited("hera-set", waits)
    wish = WorkflowSetRequest(
        node_field_selector="displayName=approve", phase="Failed", message="numbers are wrong"
    )
    service.set_workflow("hera-set", wish)
    nodes = laptop.ended("hera-set")["status"]["nodes"].values()
    [told] = [node["message"] for node in nodes if node["displayName"] == "approve"]
    assert told == "numbers are wrong"


def test_retry_runs_the_failed_step_again(service: WorkflowsService, laptop: Any) -> None:
    marker = laptop.workspace.root / "marker"
    script = f"test -e {marker} || {{ echo absent; exit 1; }}"
    with Workflow(
        name="hera-retry", entrypoint="say", namespace="data", workflows_service=service
    ) as workflow:
        Container(name="say", image="any", command=["sh", "-c"], args=[script])
    workflow.create()
    assert laptop.ended("hera-retry")["status"]["phase"] == "Failed"
    marker.touch()
    service.retry_workflow("hera-retry", WorkflowRetryRequest(name="hera-retry"))
    laptop.awaited("hera-retry", lambda body: body["status"].get("phase") == "Succeeded")


def test_resubmit_with_other_parameters(service: WorkflowsService, laptop: Any) -> None:
    with Workflow(
        name="hera-again",
        entrypoint="say",
        namespace="data",
        arguments=Parameter(name="day", value="1"),
        workflows_service=service,
    ) as workflow:
        Container(name="say", image="any", command=["echo"], args=["{{workflow.parameters.day}}"])
    workflow.create()
    laptop.ended("hera-again")
    again = service.resubmit_workflow("hera-again", WorkflowResubmitRequest(parameters=["day=2"]))
    assert laptop.ended(again.metadata.name)["status"]["phase"] == "Succeeded"
    assert lines(service, again.metadata.name) == ["2"]


def test_submit_from_a_template(service: WorkflowsService, laptop: Any) -> None:
    with WorkflowTemplate(
        name="hera-template",
        entrypoint="say",
        namespace="data",
        arguments=Parameter(name="day", value="1"),
        workflows_service=service,
    ) as template:
        Container(name="say", image="any", command=["echo"], args=["{{workflow.parameters.day}}"])
    template.create()
    wish = WorkflowSubmitRequest(
        resource_kind="WorkflowTemplate",
        resource_name="hera-template",
        submit_options=SubmitOpts(
            parameters=["day=7"], labels="team=hera,kind=test", generate_name="from-hera-"
        ),
    )
    submitted = service.submit_workflow(wish)
    assert submitted.metadata.name.startswith("from-hera-")
    assert submitted.metadata.labels["team"] == "hera"
    assert laptop.ended(submitted.metadata.name)["status"]["phase"] == "Succeeded"
    assert lines(service, submitted.metadata.name) == ["7"]


def test_templates_live(service: WorkflowsService) -> None:
    def template(text: str) -> WorkflowTemplate:
        with WorkflowTemplate(
            name="hera-crud", entrypoint="say", namespace="data", workflows_service=service
        ) as template:
            Container(name="say", image="any", command=["echo"], args=[text])
        return template

    template("one").create()
    template("two").update()
    found = service.get_workflow_template("hera-crud")
    assert found.spec.templates[0].container.args == ["two"]
    names = [one.metadata.name for one in service.list_workflow_templates().items]
    assert "hera-crud" in names
    service.delete_workflow_template("hera-crud")
    with pytest.raises(NotFound):
        service.get_workflow_template("hera-crud")


def test_cluster_templates_live(service: WorkflowsService, laptop: Any) -> None:
    with ClusterWorkflowTemplate(
        name="hera-shared", entrypoint="say", workflows_service=service
    ) as template:
        Container(name="say", image="any", command=["echo"], args=["shared"])
    template.create()
    wish = WorkflowSubmitRequest(
        resource_kind="ClusterWorkflowTemplate", resource_name="hera-shared"
    )
    submitted = service.submit_workflow(wish)
    assert laptop.ended(submitted.metadata.name)["status"]["phase"] == "Succeeded"
    service.delete_cluster_workflow_template("hera-shared")
    assert not service.list_cluster_workflow_templates().items


def test_crons_live(service: WorkflowsService, laptop: Any) -> None:
    def cron(schedule: str) -> CronWorkflow:
        with CronWorkflow(
            name="hera-cron",
            entrypoint="say",
            namespace="data",
            schedules=[schedule],
            cron_suspend=True,
            workflows_service=service,
        ) as cron:
            Container(name="say", image="any", command=["echo"], args=["cron"])
        return cron

    cron("0 3 * * *").create()
    while service.get_cron_workflow("hera-cron").spec.schedules != ["0 4 * * *"]:
        with contextlib.suppress(AlreadyExists):  # the controller wrote between Hera's get and put
            cron("0 4 * * *").update()
    assert service.get_cron_workflow("hera-cron").spec.schedules == ["0 4 * * *"]
    resumed = service.resume_cron_workflow("hera-cron", CronWorkflowResumeRequest())
    assert not resumed.spec.suspend
    suspended = service.suspend_cron_workflow("hera-cron", CronWorkflowSuspendRequest())
    assert suspended.spec.suspend
    wish = WorkflowSubmitRequest(resource_kind="CronWorkflow", resource_name="hera-cron")
    submitted = service.submit_workflow(wish)
    assert laptop.ended(submitted.metadata.name)["status"]["phase"] == "Succeeded"
    service.delete_cron_workflow("hera-cron")
    assert not service.list_cron_workflows().items


def test_a_cron_that_never_ticks_is_refused(service: WorkflowsService) -> None:
    with CronWorkflow(
        name="hera-never",
        entrypoint="say",
        namespace="data",
        schedules=["61 * * * *"],
        workflows_service=service,
    ) as cron:
        Container(name="say", image="any", command=["echo"])
    with pytest.raises(BadRequest, match="61"):
        cron.create()


def test_the_default_environment_is_also_at_the_root(laptop: Any) -> None:
    with WorkflowsService(
        host=laptop.serving.url,
        verify_ssl=laptop.authority,
        token=laptop.serving.token,
        namespace="data",
    ) as service:
        hello(service, "hera-root").create()
    assert laptop.ended("hera-root")["status"]["phase"] == "Succeeded"


def test_environments_do_not_see_each_other(laptop: Any, service: WorkflowsService) -> None:
    hello(service, "hera-staging").create()
    with (
        WorkflowsService(
            host=f"{laptop.serving.url}/clusters/production/",
            verify_ssl=laptop.authority,
            token=laptop.serving.token,
            namespace="data",
        ) as production,
        pytest.raises(NotFound),
    ):
        production.get_workflow("hera-staging")


def test_an_environment_that_is_not_served(laptop: Any) -> None:
    host = f"{laptop.serving.url}/clusters/nowhere/"
    token = laptop.serving.token
    service = WorkflowsService(host=host, verify_ssl=laptop.authority, token=token, namespace="x")
    with service, pytest.raises(NotFound, match="nowhere"):
        service.list_workflows()


def test_who_and_what_answers(service: WorkflowsService) -> None:
    assert service.get_version().version.startswith("gitops-toolkit-")
    assert service.get_user_info().subject == "gitops:owner"
    assert service.get_info().links == []
