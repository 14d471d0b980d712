"""The operate verbs against a running engine, and an engine of their own."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from toolkit.cli.engine import engine_here
from toolkit.cli.main import run
from toolkit.cli.showing import Screen
from toolkit.resource.cluster import ObjectRef
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.submission.submission import CRON_WORKFLOW, WORKFLOW, WORKFLOW_TEMPLATE

SETTINGS = """\
defaultEnvironment: staging
environments:
  staging: {overlay: overlays/staging, namespace: data}
  production: {overlay: overlays/production, namespace: data}
runtime:
  images:
    - pattern: "*"
"""
HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: hello-
spec:
  entrypoint: main
  arguments:
    parameters:
      - {name: who, value: world}
      - {name: code, value: "0"}
  templates:
    - name: main
      steps:
        - - {name: greet, template: say}
        - - {name: leave, template: leave}
    - name: say
      container: {image: any, command: [echo, "hello {{workflow.parameters.who}}"]}
    - name: leave
      container: {image: any, command: [sh, -c, "echo bye; exit {{workflow.parameters.code}}"]}
"""
APPROVAL = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: approval
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - {name: approve, template: wait}
        - - {name: go, template: go}
    - name: wait
      suspend: {}
    - name: go
      container: {image: any, command: ["true"]}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: greeter
spec:
  entrypoint: main
  arguments:
    parameters:
      - {name: who, value: world}
  templates:
    - name: main
      container: {image: any, command: [echo, "dear {{workflow.parameters.who}}"]}
"""
CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: yearly
spec:
  schedules: ["0 0 1 1 *"]
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container: {image: any, command: [echo, happy new year]}
"""


FILES = {
    "gitops.yaml": SETTINGS,
    "hello.yaml": HELLO,
    "approval.yaml": APPROVAL,
    "template.yaml": TEMPLATE,
    "cron.yaml": CRON,
}
KINDS = (WORKFLOW, WORKFLOW_TEMPLATE, CRON_WORKFLOW)


def repository(root: Path) -> Workspace:
    for name, text in FILES.items():
        (root / name).write_text(text)
    return Workspace(root)


@pytest.fixture
def quiet(tmp_path, monkeypatch):
    """A repository of its own; nothing runs."""
    monkeypatch.chdir(tmp_path)
    return repository(tmp_path)


@pytest.fixture(scope="module")
def station(tmp_path_factory):
    """An engine that serves, as `gitops up` does, for all tests of this module."""
    workspace = repository(tmp_path_factory.mktemp("station"))
    with engine_here(workspace, workspace.settings().environment("staging")) as cluster:
        yield workspace, cluster


@pytest.fixture
def up(station, monkeypatch):
    """The running engine's repository; its cluster is empty again afterwards."""
    workspace, cluster = station
    monkeypatch.chdir(workspace.root)
    yield workspace
    for gvk in KINDS:
        for body in cluster.list(gvk, "data").items:
            cluster.delete(ObjectRef(gvk, "data", body["metadata"]["name"]))


@pytest.fixture
def output(capsys):
    """Runs a verb that must end with ``code``; gives what it printed."""

    def call(*arguments: str, code: int = 0) -> str:
        assert run(list(arguments)) == code, capsys.readouterr().err
        return capsys.readouterr().out

    return call


def until_suspended() -> None:
    """Waits for the step that waits for approval."""
    from toolkit.cli.showing import follow
    from toolkit.cli.workflows import opened
    from toolkit.report.workflow_tree import phase_of

    with opened(None) as place:
        states = follow(place.cluster, place.ref(WORKFLOW, "approval"))
        next(body for body in states if phase_of(body) == "Suspended")


def test_run_with_wait_and_no_engine_is_its_own_engine(quiet, output):
    shown = output("run", "hello.yaml", "--wait", "-p", "who=me")
    assert "Status:              ✔ Succeeded" in shown
    assert "who: me" in shown
    assert "├─✔ greet" in shown
    assert "└─✔ leave" in shown
    assert output("logs") == "greet: hello me\nleave: bye\n"


def test_run_of_what_fails_ends_with_1(quiet, output):
    shown = output("run", "hello.yaml", "--wait", "-p", "code=3", code=1)
    assert "✖ Failed" in shown
    assert "exit code 3" in shown


def test_run_without_wait_and_without_engine_is_refused(quiet, capsys):
    assert run(["run", "hello.yaml"]) == 1
    error = capsys.readouterr().err
    assert "nothing was started" in error
    assert "gitops up staging" in error
    assert "--wait" in error


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("corn/x", "did you mean cron/x?"),
        ("nothing.yaml", "nothing.yaml"),
        ("hello", "no file, and not KIND/NAME"),
        ("wf/x", "gitops resubmit x"),
    ],
)
def test_what_is_no_target_is_said_before_anything_starts(quiet, capsys, target, message):
    assert run(["run", target, "--wait"]) == 2
    assert message in capsys.readouterr().err
    assert not quiet.state.exists()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("kind: Workflow", "1:1", "the object has no apiVersion"),
        ("- 1", "1:1", "this document is a list, not an object"),
        ("apiVersion: v1\nkind: List\nitems: [1]", "1:1", "this document is the number 1"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: {a: b}", "2:7", "kind: expected a text"),
        ("spec: {a: 1", "1:7", "the '{' mapping is not closed"),
    ],
)
def test_what_is_no_manifest_is_refused_there(quiet, capsys, tmp_path, text, place, message):
    (tmp_path / "broken.yaml").write_text(text)
    assert run(["run", "broken.yaml", "--wait"]) == 4
    error = capsys.readouterr().err
    assert f"broken.yaml:{place}: error: {message}" in error
    assert "hint: " in error
    assert not quiet.state.exists()


def test_a_dry_run_prints_the_workflow_and_needs_no_engine(quiet, output):
    shown = output("run", "hello.yaml", "-p", "who=me", "-l", "a=b", "--dry-run", "-o", "json")
    body = json.loads(shown)
    assert body["metadata"] == {
        "generateName": "hello-",
        "namespace": "data",
        "labels": {"a": "b"},
    }
    assert output("list", "-o", "name") == ""


def test_a_number_where_a_text_is_wanted_is_read_as_that_text(quiet, output, tmp_path):
    container = {"image": "busybox", "command": ["sleep"], "args": [5]}
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "numbers-", "labels": {"nightly": True}},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": container}]},
    }
    (tmp_path / "numbers.yaml").write_text(json.dumps(workflow))
    body = json.loads(output("run", "numbers.yaml", "--dry-run", "-o", "json"))
    assert body["metadata"]["labels"] == {"nightly": "true"}
    assert body["spec"]["templates"][0]["container"]["args"] == ["5"]


def test_run_with_an_engine_starts_and_returns(up, output):
    created = output("run", "hello.yaml", "-o", "name").strip()
    name = created.removeprefix("workflow/")
    output("watch", name)
    assert output("get", name, "-o", "json")
    assert output("list", "--status", "Succeeded", "-o", "name").split() == [created]


def test_a_template_and_a_cron_run_from_the_cluster(up, output):
    output("template", "create", "template.yaml")
    output("cron", "create", "cron.yaml")
    assert "dear you" in output("run", "wftmpl/greeter", "-p", "who=you", "--log")
    assert "happy new year" in output("run", "CronWorkflow/yearly", "--log")
    assert output("list", "--cron", "yearly", "-o", "name").startswith("workflow/yearly-")


def test_logs_can_be_of_one_step_and_its_end(up, output):
    output("run", "hello.yaml", "--wait")
    assert output("logs", "@latest", "leave") == "bye\n"
    assert output("logs", "@latest", "greet", "--tail", "0") == ""
    assert output("logs", "@latest", "-f") == "greet: hello world\nleave: bye\n"


def test_logs_of_an_unknown_step_name_the_steps(up, output, capsys):
    output("run", "hello.yaml", "--wait")
    assert run(["logs", "@latest", "nope"]) == 2
    assert "greet, leave" in capsys.readouterr().err


def test_an_approval_is_given_from_the_command_line(up, output):
    output("run", "approval.yaml")
    until_suspended()
    assert "Suspended" in output("list")
    assert output("resume", "approval") == "workflow/approval resumed\n"
    output("watch", "approval")


def test_an_approval_is_refused_from_the_command_line(up, output):
    output("run", "approval.yaml")
    until_suspended()
    output("resume", "approval", "--reject", "--message", "not today")
    output("watch", "approval", code=1)
    assert "not today" in output("get", "approval")


@pytest.mark.parametrize("verb", ["stop", "terminate"])
def test_a_waiting_workflow_can_be_ended(up, output, verb):
    output("run", "approval.yaml")
    until_suspended()
    output(verb, "approval")
    output("watch", "approval", code=1)
    assert "Failed" in output("get", "approval")


def test_a_suspended_workflow_goes_on_when_resumed(up, output):
    (up.root / "held.yaml").write_text(HELLO.replace("spec:\n", "spec:\n  suspend: true\n", 1))
    output("run", "held.yaml", "--name", "held")
    assert "Suspended" in output("list")
    output("resume", "held")
    output("watch", "held")


def test_retry_runs_only_what_failed(up, output):
    flag = up.root / "flag"
    text = HELLO.replace("echo bye; exit {{workflow.parameters.code}}", f"echo bye; cat {flag}")
    (up.root / "flaky.yaml").write_text(text)
    output("run", "flaky.yaml", "--name", "flaky", "--wait", code=1)
    before = json.loads(output("get", "flaky", "-o", "json"))["status"]["nodes"]
    flag.write_text("")
    assert "✔ Succeeded" in output("retry", "flaky", "--wait")
    after = json.loads(output("get", "flaky", "-o", "json"))["status"]["nodes"]
    [greet] = [id for id, node in before.items() if node["displayName"] == "greet"]
    assert after[greet]["startedAt"] == before[greet]["startedAt"]


def test_retry_with_another_value(up, output):
    output("run", "hello.yaml", "--name", "bad", "-p", "code=3", "--wait", code=1)
    assert run(["retry", "bad", "-p", "cod=0"]) == 2
    assert "✔ Succeeded" in output("retry", "bad", "-p", "code=0", "--wait")
    assert "code: 0" in output("get", "bad")


def test_retry_of_all_that_a_selector_chooses(up, output):
    for name in ("one", "two"):
        output("run", "hello.yaml", "--name", name, "-p", "code=3", "--wait", code=1)
    retried = output("retry", "two", "-l", "workflows.argoproj.io/phase=Failed", "-p", "code=0")
    assert retried == "workflow/one retried\nworkflow/two retried\n"
    for name in ("one", "two"):
        output("watch", name)


def test_resubmit_memoized_runs_only_what_failed(up, output):
    output("run", "hello.yaml", "--name", "bad", "-p", "code=3", "--wait", code=1)
    output("resubmit", "bad", "--memoized", "--name", "again", "-p", "code=0", "--wait")
    nodes = json.loads(output("get", "again", "-o", "json"))["status"]["nodes"].values()
    told = {node["displayName"]: (node["type"], node.get("message", "")) for node in nodes}
    assert told["greet"][0] == "Skipped"
    assert told["greet"][1].startswith("original pod: bad-")
    assert told["leave"] == ("Pod", "")
    assert run(["resubmit", "again", "--memoized"]) == 1


def test_nothing_chosen_and_a_name_for_several_are_refused(up, output, capsys):
    output("run", "hello.yaml", "--name", "one", "--wait")
    output("run", "hello.yaml", "--name", "two", "--wait")
    capsys.readouterr()
    assert run(["resubmit"]) == 2
    assert "nothing is chosen" in capsys.readouterr().err
    assert run(["resubmit", "one", "two", "--name", "three"]) == 2
    assert "--name is for one workflow" in capsys.readouterr().err


def test_resubmit_runs_all_again_under_a_new_name(up, output):
    output("run", "hello.yaml", "--wait")
    output("resubmit", "@latest", "-p", "who=again", "--wait")
    assert len(output("list", "--status", "Succeeded", "-o", "name").split()) == 2
    assert "hello again" in output("logs", "@latest", "greet")


def test_what_has_ended_is_not_steered_but_deleted(up, output, capsys):
    output("run", "hello.yaml", "--name", "done", "--wait")
    assert run(["stop", "done"]) == 1
    assert "has ended (Succeeded)" in capsys.readouterr().err
    assert output("delete", "--completed", "--dry-run") == "workflow/done would be deleted\n"
    assert output("delete", "done") == "workflow/done deleted\n"
    assert output("list", "-o", "name") == ""


def test_delete_of_nothing_in_particular_is_a_usage_error(workspace):
    assert run(["delete"]) == 2


def test_a_screen_is_drawn_over_its_last_version_and_never_higher_than_the_terminal():
    stream = io.StringIO()
    screen = Screen(stream, height=3)
    screen.draw("a\nb\nc")
    screen.draw("d")
    assert stream.getvalue() == "\x1b[?7lb\nc\x1b[?7h\n\x1b[2A\r\x1b[J\x1b[?7ld\x1b[?7h\n"


@pytest.mark.parametrize("arguments", [["list"], ["run", "hello.yaml"], ["cron", "suspend", "x"]])
def test_an_environment_that_is_not_served_is_said_so(up, capsys, arguments):
    assert run([*arguments, "--env", "production"]) == 1
    error = capsys.readouterr().err
    assert "does not serve production" in error
    assert "gitops up" in error


def test_what_an_environment_holds_is_read_past_an_owner_that_does_not_serve_it(
    workspace, write, output
):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "data"}}
    write(body, env="production")
    with engine_here(workspace, workspace.settings().environment("staging")):
        assert output("list", "--env", "production", "-o", "name") == ""
