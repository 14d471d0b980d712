"""The real argo command line, unchanged: through Argo's API, and by kubeconfig."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ARGO = shutil.which("argo")
pytestmark = pytest.mark.skipif(ARGO is None, reason="no argo on this machine")
LONG_S = 120
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Argo:
    """One way of reaching the laptop. ``prefix`` keeps the names of the ways apart."""

    def __init__(self, laptop: Any, folder: Path, prefix: str, **environment: str) -> None:
        self._environment = laptop.environment(**environment)
        self._folder = folder
        self.prefix = prefix

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What it prints; ``code``: how it is to end."""
        assert ARGO is not None
        done = subprocess.run(
            [ARGO, *arguments],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=LONG_S,
            check=False,
        )
        told = _COLOUR.sub("", done.stdout + done.stderr)
        assert done.returncode == code, told
        return told

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "-o", "json"))

    def file(self, kind: str, name: str, **spec: Any) -> str:
        """A manifest in a file; the name gets the prefix."""
        path = self._folder / f"{name}.yaml"
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": f"{self.prefix}-{name}"},
            "spec": spec,
        }
        path.write_text(yaml.safe_dump(body))
        return str(path)


@pytest.fixture(params=["server", "root", "kubeconfig"])
def argo(request: pytest.FixtureRequest, laptop: Any, tmp_path: Path) -> Argo:
    server = {
        "ARGO_SERVER": f"127.0.0.1:{laptop.serving.port}",
        "ARGO_HTTP1": "true",
        "ARGO_SECURE": "true",
        "ARGO_TOKEN": f"Bearer {laptop.serving.token}",
        "ARGO_NAMESPACE": "data",
        "SSL_CERT_FILE": laptop.authority,
        "KUBECONFIG": "/dev/null",
    }
    match request.param:
        case "server":
            return Argo(laptop, tmp_path, "srv", ARGO_BASE_HREF="/clusters/staging", **server)
        case "root":
            return Argo(laptop, tmp_path, "root", **server)
        case _:
            return Argo(laptop, tmp_path, "kube")


def say(*lines: str) -> dict[str, Any]:
    source = "\n".join(f"echo {line}" for line in lines)
    return {
        "entrypoint": "say",
        "templates": [
            {"name": "say", "script": {"image": "any", "command": ["sh"], "source": source}}
        ],
    }


GATE = {
    "entrypoint": "main",
    "templates": [
        {"name": "main", "steps": [[{"name": "approve", "template": "wait"}]]},
        {"name": "wait", "suspend": {}},
    ],
}


def waits(body: Any) -> bool:
    nodes = (body.get("status") or {}).get("nodes") or {}
    return any(n["type"] == "Suspend" and n["phase"] == "Running" for n in nodes.values())


def test_submit_and_watch_to_the_end(argo: Argo) -> None:
    told = argo("submit", "--watch", argo.file("Workflow", "watched", **say("hello")))
    assert "Succeeded" in told
    assert "say" in told


def test_submit_with_the_log(argo: Argo) -> None:
    told = argo("submit", "--log", argo.file("Workflow", "logged", **say("one", "two")))
    assert [line.rpartition(": ")[2] for line in told.splitlines() if ": " in line][-2:] == [
        "one",
        "two",
    ]


def test_a_submit_that_waits_fails_with_its_workflow(argo: Argo) -> None:
    failing = {**say("x")}
    failing["templates"][0]["script"]["source"] = "exit 3"
    argo("submit", "--wait", argo.file("Workflow", "failing", **failing), code=1)
    assert argo.json("get", f"{argo.prefix}-failing")["status"]["phase"] == "Failed"


def test_logs_of_a_finished_workflow(argo: Argo) -> None:
    argo("submit", "--wait", argo.file("Workflow", "logs", **say("one", "two", "three")))
    name = f"{argo.prefix}-logs"
    assert texts(argo("logs", name)) == ["one", "two", "three"]
    assert texts(argo("logs", name, "--tail", "1")) == ["three"]
    assert texts(argo("logs", name, "--grep", "^t")) == ["two", "three"]
    assert texts(argo("logs", name, "--since", "1h")) == ["one", "two", "three"]
    assert texts(argo("logs", name, "--since-time", "2100-01-01T00:00:00Z")) == []


def texts(told: str) -> list[str]:
    return [line.partition(": ")[2] for line in told.splitlines()]


def test_resume_of_a_waiting_step(argo: Argo, laptop: Any) -> None:
    name = f"{argo.prefix}-gate"
    argo("submit", argo.file("Workflow", "gate", **GATE))
    laptop.awaited(name, waits)
    assert "resumed" in argo("resume", name)
    argo("wait", name)
    assert argo.json("get", name)["status"]["phase"] == "Succeeded"


def test_stop_suspend_terminate(argo: Argo, laptop: Any) -> None:
    for verb in ("stop", "terminate"):
        name = f"{argo.prefix}-{verb}"
        argo("submit", argo.file("Workflow", verb, **GATE))
        laptop.awaited(name, waits)
        argo("suspend", name)
        argo(verb, name)
        assert laptop.ended(name)["status"]["phase"] == "Failed"


def test_retry_and_resubmit(argo: Argo, laptop: Any) -> None:
    marker = laptop.workspace.root / f"{argo.prefix}-marker"
    failing = say("x")
    failing["templates"][0]["script"]["source"] = f"test -e {marker}"
    argo("submit", "--wait", argo.file("Workflow", "again", **failing), code=1)
    marker.touch()
    assert "Succeeded" in argo("retry", f"{argo.prefix}-again", "--watch")
    assert "Succeeded" in argo("resubmit", f"{argo.prefix}-again", "--watch")


TWO_STEPS = {
    "entrypoint": "main",
    "arguments": {"parameters": [{"name": "code", "value": "3"}]},
    "templates": [
        {
            "name": "main",
            "steps": [[{"name": "make", "template": "make"}], [{"name": "use", "template": "use"}]],
        },
        {"name": "make", "script": {"image": "busybox", "command": ["sh"], "source": "echo made"}},
        {
            "name": "use",
            "script": {
                "image": "busybox",
                "command": ["sh"],
                "source": "exit {{workflow.parameters.code}}",
            },
        },
    ],
}


def test_a_retry_with_a_parameter(argo: Argo) -> None:
    name = f"{argo.prefix}-coded"
    argo("submit", "--wait", argo.file("Workflow", "coded", **TWO_STEPS), code=1)
    before = nodes_by_step(argo, name)
    assert "Succeeded" in argo("retry", name, "-p", "code=0", "--watch")
    after = nodes_by_step(argo, name)
    assert after["make"]["startedAt"] == before["make"]["startedAt"]
    shown = argo("get", name)
    assert "Progress:            2/2" in shown
    assert "*(1 cpu)" in shown
    assert "PodRunning          False" in shown


def test_a_memoized_resubmit(argo: Argo) -> None:
    argo("submit", "--wait", argo.file("Workflow", "memo", **TWO_STEPS), code=1)
    old = f"{argo.prefix}-memo"
    told = argo("resubmit", old, "--memoized", "-p", "code=0", "-o", "name")
    name = next(line for line in told.splitlines() if line.startswith(f"{old}-"))
    assert "Succeeded" in argo("watch", name)
    made = nodes_by_step(argo, name)["make"]
    assert (made["phase"], made["type"]) == ("Skipped", "Skipped")
    assert made["message"].startswith(f"original pod: {old}-")


def nodes_by_step(argo: Argo, name: str) -> dict[str, Any]:
    nodes = argo.json("get", name)["status"]["nodes"].values()
    return {node["displayName"]: node for node in nodes}


def test_templates_live(argo: Argo) -> None:
    name = f"{argo.prefix}-template"
    file = argo.file("WorkflowTemplate", "template", **say("from a template"))
    argo("template", "lint", file)
    assert name in argo("template", "create", file)
    assert name in argo("template", "list")
    assert argo.json("template", "get", name)["metadata"]["name"] == name
    assert "Succeeded" in argo("submit", "--from", f"workflowtemplate/{name}", "--watch")
    argo("template", "delete", name)
    assert name not in argo("template", "list")


def test_cluster_templates_live(argo: Argo) -> None:
    name = f"{argo.prefix}-shared"
    argo("cluster-template", "create", argo.file("ClusterWorkflowTemplate", "shared", **say("all")))
    assert name in argo("cluster-template", "list")
    assert "Succeeded" in argo("submit", "--from", f"clusterworkflowtemplate/{name}", "--watch")
    argo("cluster-template", "delete", name)


def test_crons_live(argo: Argo) -> None:
    name = f"{argo.prefix}-cron"
    spec = {"schedules": ["0 3 * * *"], "workflowSpec": say("nightly")}
    assert name in argo("cron", "create", argo.file("CronWorkflow", "cron", **spec))
    assert "0 3 * * *" in argo("cron", "list")
    argo("cron", "suspend", name)
    assert argo.json("cron", "get", name)["spec"]["suspend"]
    argo("cron", "resume", name)
    assert "Succeeded" in argo("submit", "--from", f"cronwf/{name}", "--watch")
    argo("cron", "delete", name)


def test_list_and_delete(argo: Argo) -> None:
    argo("submit", "--wait", "-l", f"of={argo.prefix}", argo.file("Workflow", "listed", **say("x")))
    listed = argo("list", "-l", f"of={argo.prefix}")
    assert f"{argo.prefix}-listed" in listed
    assert "Succeeded" in listed
    argo("delete", f"{argo.prefix}-listed")
    assert f"{argo.prefix}-listed" not in argo("list", "-l", f"of={argo.prefix}")


def test_lint(argo: Argo) -> None:
    argo("lint", argo.file("Workflow", "fine", **say("x")))
    broken = {**say("x"), "entrypoint": "sya"}
    assert "sya" in argo("lint", argo.file("Workflow", "broken", **broken), code=1)


def test_what_is_not_there(argo: Argo) -> None:
    assert "not found" in argo("get", "nobody", code=1)
