"""``/metrics`` of a station that runs, over HTTPS, read as Prometheus reads it."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from toolkit.controllers.runs.active_run import RunNotice
from toolkit.wiring.station import Station, open_station
from toolkit.wiring.workspace import Workspace

SETTINGS = """\
environments:
  staging:
    overlay: overlays/staging
    namespace: data
    sync: {automated: false}
runtime:
  images:
    - pattern: "*"
"""
METRIC = {
    "name": "sold",
    "help": "Things sold",
    "labels": [{"key": "shop", "value": "rome"}],
    "counter": {"value": "3"},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "gitops.yaml").write_text(SETTINGS)
    return Workspace(tmp_path)


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def station(workspace: Workspace, ended: threading.Event) -> Iterator[Station]:
    def notice(told: Any) -> None:
        if isinstance(told, RunNotice) and told.phase == "Succeeded":
            ended.set()

    environments = tuple(workspace.settings().environments.values())
    with open_station(workspace, environments, notice) as station:
        yield station


def scrape(station: Station, token: str) -> dict[str, float]:
    context = ssl.create_default_context(cafile=str(station.serving.authority_file))
    request = urllib.request.Request(f"{station.serving.url}/metrics")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        text = answer.read().decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_run_shows_in_the_engine_s_and_in_its_own_metrics(
    station: Station, workspace: Workspace, ended: threading.Event
) -> None:
    template = {
        "name": "main",
        "container": {"image": "any", "command": ["true"]},
        "metrics": {"prometheus": [METRIC]},
    }
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf", "namespace": "data"},
        "spec": {"entrypoint": "main", "templates": [template]},
    }
    station.engine.clusters["staging"].create(body)
    assert ended.wait(60)
    found = scrape(station, (workspace.state / "token").read_text())
    prefix, labels = "argo_workflows_", 'environment="staging",namespace="data",phase'
    assert found[f'{prefix}sold{{shop="rome"}}'] == 3
    assert found[f'{prefix}total_count{{{labels}="Running"}}'] == 1
    assert found[f'{prefix}total_count{{{labels}="Succeeded"}}'] == 1
    assert found[f'{prefix}pods_total_count{{{labels}="Succeeded"}}'] == 1
    assert found[f'{prefix}operation_duration_seconds_count{{environment="staging"}}'] >= 2
    assert (
        f'{prefix}queue_depth_gauge{{environment="staging",queue_name="workflow_queue"}}' in found
    )
    assert f'{prefix}gauge{{environment="staging",phase="Failed"}}' in found


def test_metrics_are_behind_the_token_as_everything_is(station: Station) -> None:
    with pytest.raises(urllib.error.HTTPError) as refusal:
        scrape(station, "another")
    assert refusal.value.code == 401
    assert json.loads(refusal.value.read())["reason"] == "Unauthorized"
