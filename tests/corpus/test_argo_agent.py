"""Argo's examples of http and plugin templates and of artifacts elsewhere, run to their end with
stand-ins on loopback for the servers they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import git
import pytest
import yaml

from tests.adapters.artifacts.conftest import free_port
from tests.adapters.loopback import Loopback, serving
from tests.wiring.test_engine import SETTINGS, Plant, nodes
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import own
from toolkit.wiring.engine import Engine
from toolkit.wiring.workspace import Workspace

EXAMPLES = Path(__file__).parents[3] / "shared" / "corpus" / "argo" / "examples"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    if not EXAMPLES.is_dir():
        pytest.skip("the conformance data is not here")
    (tmp_path / "gitops.yaml").write_text(SETTINGS.replace("pattern: any", 'pattern: "*"'))
    workspace = Workspace(tmp_path)
    with own(workspace) as owner:
        yield Plant(owner, workspace)


def example(name: str, *replacements: tuple[str, str]) -> Body:
    text = (EXAMPLES / f"{name}.yaml").read_text()
    for pattern, text_instead in replacements:
        text = re.sub(pattern, text_instead, text)
    body: Body = yaml.safe_load(text)
    return body


def run(plant: Plant, engine: Engine, body: Body) -> Body:
    spec = dict(body["spec"])
    templates = spec.pop("templates")
    entry = spec.pop("entrypoint")
    ordered = sorted(templates, key=lambda one: one["name"] != entry)
    return plant.run(engine, "wf", *ordered, **spec)


def phases(body: Body) -> dict[str, str]:
    return {name: node["phase"] for name, node in nodes(body).items() if name != "[0]"}


def secret(engine: Engine, name: str, **values: str) -> None:
    metadata = {"name": name, "namespace": "data"}
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    engine.clusters["staging"].create({**body, "stringData": values})


def test_http_hello_world(plant: Plant, server: Loopback) -> None:
    body = example(
        "http-hello-world",
        (r"https://[^\"]*thisisnotahash[^\"]*", f"{server.url}/status/404"),
        (r"https://raw[^\"]*", f"{server.url}/ok"),
    )
    with plant.engine() as engine:
        ended = run(plant, engine, body)
    assert phases(ended) == {"wf": "Succeeded", "good": "Succeeded", "bad": "Failed"}
    assert nodes(ended)["bad"]["message"] == "received non-2xx response code: 404"


def test_http_success_condition(plant: Plant, server: Loopback) -> None:
    body = example(
        "http-success-condition",
        (r"https://httpbin.org", server.url),
        (r"https://google.com", f"{server.url}/token/google"),
    )
    with plant.engine() as engine:
        ended = run(plant, engine, body)
    assert set(phases(ended).values()) == {"Succeeded"}


def test_workflow_level_executor_plugin(plant: Plant) -> None:
    body = example("workflow-level-executor-plugin", ("4356", str(free_port())))
    with plant.engine() as engine:
        ended = run(plant, engine, body)
    node = nodes(ended)["wf"]
    assert (node["phase"], node["message"]) == (
        "Succeeded", "Hello from a workflow-level executor plugin!",
    )  # fmt: skip


def test_artifactory_artifact(plant: Plant, server: Loopback) -> None:
    body = example("artifactory-artifact", (r"http://artifactory:8081", f"{server.url}/kept"))
    with plant.engine() as engine:
        secret(engine, "my-artifactory-credentials", username="ann", password="p@ss")
        ended = run(plant, engine, body)
    assert ended["status"]["phase"] == "Succeeded", phases(ended)
    assert [one.method for one in server.asked] == ["PUT", "GET"]
    assert {one.header("authorization") for one in server.asked} == {"Basic YW5uOnBAc3M="}


def test_webhdfs_input_output_artifacts(plant: Plant, server: Loopback) -> None:
    """The output's client certificate is left out: the stand-in speaks no TLS."""
    body = example("webhdfs-input-output-artifacts", (r"https://mywebhdfsprovider.com", server.url))
    del body["spec"]["templates"][0]["outputs"]["artifacts"][0]["http"]["auth"]
    with plant.engine() as engine:
        url = f"{server.url}/token/t-1"
        secret(engine, "oauth-sec", clientID="id", clientSecret="hush", tokenURL=url)
        ended = run(plant, engine, body)
    assert ended["status"]["phase"] == "Succeeded", phases(ended)
    _, fetched, saved = server.asked
    assert fetched.header("authorization") == "Bearer t-1"
    assert (saved.method, saved.header("customheader")) == ("PUT", "CustomValue")


def test_input_artifact_git(plant: Plant, tmp_path: Path) -> None:
    repo = git.Repo.init(tmp_path / "origin")
    (tmp_path / "origin" / "VERSION").write_text("2.1.1\n")
    repo.index.add(["VERSION"])
    author = git.Actor("n", "n@example")
    repo.index.commit("one", author=author, committer=author)
    repo.create_tag("v2.1.1")
    body = example("input-artifact-git", (r"https://github.com/.*\.git", f"file://{repo.git_dir}"))
    with plant.engine() as engine:
        ended = run(plant, engine, body)
    assert ended["status"]["phase"] == "Succeeded", nodes(ended)


def test_data_transformations(plant: Plant) -> None:
    """The default store stands in for the bucket."""
    body = example("data-transformations")
    kept = plant.workspace.ensure_state() / "artifacts" / "logs"
    kept.mkdir(parents=True)
    for name in ("a-main.log", "b-main.log", "c.txt"):
        (kept / name).write_text(name)
    with plant.engine() as engine:
        ended = run(plant, engine, body)
    assert ended["status"]["phase"] == "Succeeded", nodes(ended)
    items = [name for name in nodes(ended) if name.startswith("process-logs(")]
    assert sorted(items) == [
        "process-logs(0:logs/a-main.log)", "process-logs(1:logs/b-main.log)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [("hdfs-artifact", "hdfs"), ("input-artifact-azure", "azure"), ("input-artifact-oss", "oss"),
     ("artifact-passing-explicit-plugin", "plugin")],
)  # fmt: skip
def test_what_cannot_be_reached_is_refused_before_it_starts(
    plant: Plant, name: str, kind: str
) -> None:
    with plant.engine() as engine:
        ended = run(plant, engine, example(name))
    assert ended["status"]["phase"] == "Error"
    assert f".{kind} is not supported by the embedded engine" in ended["status"]["message"]
    assert not ended["status"].get("nodes")
