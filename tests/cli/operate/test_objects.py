from __future__ import annotations

import pytest

from toolkit.cli.main import run
from toolkit.resource.identity import ResourceId
from toolkit.sync.tracking import owner_of, tracked
from toolkit.wiring.clusters import own

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: NAME
spec:
  schedules: ["30 5 * * *"]
  timezone: Europe/Rome
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        container: {image: busybox, command: ["true"]}
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: steps
spec:
  templates:
    - name: one
      container: {image: busybox, command: ["true"]}
    - name: two
      container: {image: busybox, command: ["true"]}
"""


@pytest.fixture
def file(tmp_path):
    """Writes a manifest; gives its name."""

    def make(text: str, name: str = "object.yaml") -> str:
        (tmp_path / name).write_text(text)
        return name

    return make


def test_a_cron_is_created_listed_suspended_resumed_and_deleted(workspace, file, read, capsys):
    assert run(["cron", "create", file(CRON.replace("NAME", "nightly"))]) == 0
    assert run(["cron", "suspend", "nightly"]) == 0
    assert read("CronWorkflow", "nightly")["spec"]["suspend"] is True
    assert run(["cron", "resume", "nightly"]) == 0
    assert read("CronWorkflow", "nightly")["spec"]["suspend"] is False
    assert run(["cron", "delete", "nightly"]) == 0
    assert read("CronWorkflow", "nightly") is None
    assert capsys.readouterr().out.splitlines() == [
        "cronworkflow/nightly created",
        "cronworkflow/nightly suspended",
        "cronworkflow/nightly resumed",
        "cronworkflow/nightly deleted",
    ]


def test_cron_list_shows_schedule_zone_suspension_and_the_next_run(workspace, file, capsys):
    for name in ("asleep", "awake"):
        run(["cron", "create", file(CRON.replace("NAME", name))])
    run(["cron", "suspend", "asleep"])
    capsys.readouterr()
    assert run(["cron", "list"]) == 0
    heading, asleep, awake = capsys.readouterr().out.splitlines()
    assert heading.split("   ")[0] == "NAME"
    assert asleep.split()[:8] == ["asleep", "30", "5", "*", "*", "*", "Europe/Rome", "yes"]
    assert asleep.endswith(" -")
    assert awake.split()[7] == "no"
    assert " in " in awake


def test_what_is_created_by_command_belongs_to_nobody_in_git(workspace, file, read):
    run(["template", "create", file(TEMPLATE)])
    assert owner_of(read("WorkflowTemplate", "steps")) == ""


def test_a_template_is_created_listed_shown_and_deleted(workspace, file, read, capsys):
    assert run(["template", "create", file(TEMPLATE)]) == 0
    assert run(["template", "list"]) == 0
    assert "one, two" in capsys.readouterr().out
    assert run(["template", "get", "steps"]) == 0
    assert "kind: WorkflowTemplate" in capsys.readouterr().out
    assert run(["template", "delete", "steps"]) == 0
    assert read("WorkflowTemplate", "steps") is None


def test_creating_twice_points_to_apply(workspace, file, capsys):
    name = file(TEMPLATE)
    run(["template", "create", name])
    assert run(["template", "create", name]) == 1
    assert "gitops apply -f" in capsys.readouterr().err


def test_a_broken_cron_is_refused_with_its_place_and_not_created(workspace, file, read, capsys):
    broken = CRON.replace("NAME", "nightly").replace("30 5 * * *", "99 5 * * *")
    assert run(["cron", "create", file(broken)]) == 4
    assert "object.yaml:6:" in capsys.readouterr().err
    assert read("CronWorkflow", "nightly") is None


def test_another_kind_is_refused(workspace, file, capsys):
    assert run(["cron", "create", file(TEMPLATE)]) == 2
    assert "not a CronWorkflow" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["suspend", "delete"])
def test_a_dry_run_says_and_does_nothing(workspace, file, read, capsys, verb):
    run(["cron", "create", file(CRON.replace("NAME", "nightly"))])
    before = read("CronWorkflow", "nightly")
    assert run(["cron", verb, "nightly", "--dry-run"]) == 0
    assert "would be" in capsys.readouterr().out
    assert read("CronWorkflow", "nightly") == before


def test_steering_what_git_holds_is_done_with_a_warning(workspace, write, read, capsys):
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {"name": "kept", "namespace": "data"},
        "spec": {"schedules": ["* * * * *"], "workflowSpec": {"entrypoint": "main"}},
    }
    write(tracked(body, "here/staging", ResourceId.of(body)))
    assert run(["cron", "suspend", "kept"]) == 0
    assert "the next sync puts back" in capsys.readouterr().err
    assert read("CronWorkflow", "kept")["spec"]["suspend"] is True


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: VALUE\n"


def test_apply_creates_configures_and_leaves_unchanged(workspace, file, read, capsys):
    name = file(CONFIG.replace("VALUE", "x"))
    assert run(["apply", "-f", name]) == 0
    assert run(["apply", "-f", name]) == 0
    assert run(["apply", "-f", file(CONFIG.replace("VALUE", "y"))]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "configmap/c created",
        "configmap/c unchanged",
        "configmap/c configured",
    ]
    assert read("ConfigMap", "c")["data"] == {"a": "y"}


def test_apply_of_a_field_that_git_manages_needs_force(workspace, file, read, capsys):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "data"}}
    with own(workspace) as owner:
        cluster = owner.cluster(workspace.settings().environment("staging"))
        cluster.apply({**body, "data": {"a": "git"}}, field_manager="gitops")
    name = file(CONFIG.replace("VALUE", "mine"))
    assert run(["apply", "-f", name]) == 1
    assert "--force-conflicts" in capsys.readouterr().err
    assert read("ConfigMap", "c")["data"] == {"a": "git"}
    assert run(["apply", "-f", name, "--force-conflicts"]) == 0
    assert read("ConfigMap", "c")["data"] == {"a": "mine"}


def test_apply_reads_several_documents_and_lists(workspace, file, read):
    listed = "apiVersion: v1\nkind: List\nitems:\n- " + CONFIG.replace(
        "name: c", "name: d"
    ).replace("\n", "\n  ")
    assert run(["apply", "-f", file(CONFIG + "---\n" + listed)]) == 0
    assert read("ConfigMap", "c")
    assert read("ConfigMap", "d")


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("kind: ConfigMap\n", 4, "object.yaml:1:1: error: the object has no apiVersion"),
        ("apiVersion: v1\nkind: ConfigMap\n", 2, "without metadata.name"),
        ("apiVersion: v9\nkind: Nothing\nmetadata: {name: a}\n", 1, "serves no kind"),
        ("a: [\n", 4, "object.yaml:2:1"),
    ],
)
def test_apply_of_what_is_no_object_is_refused(workspace, file, capsys, text, code, message):
    assert run(["apply", "-f", file(text)]) == code
    assert message in capsys.readouterr().err


def test_apply_of_a_missing_file_is_a_usage_error(workspace, capsys):
    assert run(["apply", "-f", "none.yaml"]) == 2
    assert "none.yaml" in capsys.readouterr().err
