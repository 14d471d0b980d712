"""``gitops up`` killed with SIGKILL at random moments while a DAG of real processes runs."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.crash.conftest import Gitops
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.controllers.runs.projecting import WORKFLOW
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.resource import Body
from toolkit.wiring.clusters import open_cluster, own, running_server

KILLS = 20
SEED = 20261123
LAYERS = 64
FEW_LAYERS = 5
WIDTH = 3
WHILE_STARTING_S = 1.0
WHILE_SERVING_S = 0.6
END_TIMEOUT_S = 90.0

SCRIPT = """\
echo "start {{inputs.parameters.name}}" >> "$JOURNAL"
echo "{{inputs.parameters.name}}" > /tmp/out.txt
sleep 0.2
echo "end {{inputs.parameters.name}} $(cat /tmp/out.txt)" >> "$JOURNAL"
"""


def layered_dag(journal: Path, layers: int) -> Body:
    """Layers of steps that all write /tmp/out.txt; each layer waits for the one before.

    A start that was claimed and never came to run is an error of its attempt: hence the retries.
    """
    tasks = [
        {
            "name": f"t-{layer}-{column}",
            "template": "work",
            "arguments": {"parameters": [{"name": "name", "value": f"t-{layer}-{column}"}]},
            **(
                {"depends": " && ".join(f"t-{layer - 1}-{c}" for c in range(WIDTH))}
                if layer
                else {}
            ),
        }
        for layer in range(layers)
        for column in range(WIDTH)
    ]
    script = {
        "image": "any",
        "command": ["sh"],
        "source": SCRIPT,
        "env": [{"name": "JOURNAL", "value": str(journal)}],
    }
    work = {
        "name": "work",
        "inputs": {"parameters": [{"name": "name"}]},
        "outputs": {"parameters": [{"name": "o", "valueFrom": {"path": "/tmp/out.txt"}}]},
        "retryStrategy": {"limit": 10, "retryPolicy": "OnError"},
        "script": script,
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "dag", "namespace": "data"},
        "spec": {
            "entrypoint": "main",
            "templates": [{"name": "main", "dag": {"tasks": tasks}}, work],
        },
    }


def submit(gitops: Gitops, workflow: Body) -> None:
    settings = gitops.workspace.settings()
    with own(gitops.workspace) as owner:
        owner.cluster(settings.environment("staging")).create(workflow)


def state(gitops: Gitops, name: str = "dag") -> Body:
    environment = gitops.workspace.settings().environment("staging")
    with open_cluster(gitops.workspace, environment, write=False) as cluster:
        return get(cluster, name)


def get(cluster: Cluster, name: str) -> Body:
    body = cluster.get(ObjectRef(WORKFLOW, "data", name))
    assert body is not None
    return body


def await_end(gitops: Gitops, name: str = "dag") -> str:
    """The phase in which the run ends, asked through the server as any verb would."""
    deadline = time.monotonic() + END_TIMEOUT_S
    environment = gitops.workspace.settings().environment("staging")
    await_served(gitops)
    with open_cluster(gitops.workspace, environment, write=False) as cluster:
        found = cluster.list(WORKFLOW, "data")
        phase = str((get(cluster, name).get("status") or {}).get("phase", ""))
        while phase not in ("Succeeded", "Failed", "Error") and time.monotonic() < deadline:
            for event in cluster.watch(
                WORKFLOW, "data", resource_version=found.resource_version, timeout_s=5
            ):
                phase = str((event.object.get("status") or {}).get("phase", ""))
                if phase in ("Succeeded", "Failed", "Error"):
                    break
        return phase


def await_served(gitops: Gitops) -> None:
    deadline = time.monotonic() + END_TIMEOUT_S
    while running_server(gitops.workspace) is None:
        assert gitops.is_running(), gitops.log()
        assert time.monotonic() < deadline, gitops.log()
        time.sleep(0.01)


def test_no_step_runs_twice_and_no_run_is_lost(gitops: Gitops, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    moments = random.Random(SEED)
    submit(gitops, layered_dag(journal, LAYERS))
    for number in range(KILLS):
        gitops.up()
        if number % 4:
            await_served(gitops)
            time.sleep(moments.uniform(0, WHILE_SERVING_S))
        else:
            time.sleep(moments.uniform(0, WHILE_STARTING_S))
        gitops.kill()
        assert not ended(gitops), "the DAG is too short: the kills must fall into it"
    assert journal.read_text().count("start") > KILLS, "the kills came before anything ran"
    gitops.up()
    assert await_end(gitops) == "Succeeded", gitops.log()
    assert_ran_once(journal, LAYERS)
    gitops.kill(signal.SIGTERM)
    with Database(gitops.workspace.state / "state.db", read_only=True) as database:
        runs = SqliteRuns(database)
        assert len(runs.uids("staging")) == 1
        assert runs.unsettled("staging") == ()
        assert runs.outstanding() == frozenset()


def ended(gitops: Gitops) -> bool:
    return bool((state(gitops).get("status") or {}).get("finishedAt"))


def assert_ran_once(journal: Path, layers: int) -> None:
    lines = Counter(journal.read_text().splitlines())
    names = [f"t-{layer}-{column}" for layer in range(layers) for column in range(WIDTH)]
    expected: dict[str, Any] = {}
    for name in names:
        expected |= {f"start {name}": 1, f"end {name} {name}": 1}
    assert lines == expected


def test_a_clean_stop_leaves_steps_running_and_the_next_start_takes_them_up(
    gitops: Gitops, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    submit(gitops, layered_dag(journal, FEW_LAYERS))
    gitops.up()
    deadline = time.monotonic() + END_TIMEOUT_S
    while not journal.exists():
        assert time.monotonic() < deadline, gitops.log()
        time.sleep(0.01)
    assert gitops.kill(signal.SIGTERM) == 0
    assert "steps that run go on" in gitops.log()
    gitops.up()
    assert await_end(gitops) == "Succeeded", gitops.log()
    assert_ran_once(journal, FEW_LAYERS)
