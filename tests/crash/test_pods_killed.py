"""``gitops up`` killed with SIGKILL at random moments while pods of several containers run."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.crash.conftest import Gitops
from tests.crash.test_up_killed import (
    WHILE_SERVING_S,
    await_end,
    await_served,
    state,
    submit,
)
from toolkit.resource.resource import Body

KILLS = 8
SEED = 20261130
PODS = 4
CHAIN = 6
WHOLE = {"start side"} | {
    f"{word} {name}"
    for name in ("init", *(f"c{link}" for link in range(CHAIN)))
    for word in ("start", "end")
}


def pod_workflow(journal: Path) -> Body:
    """Pods one after the other, of an init container, a chain of containers and a sidecar. Each
    container writes when it starts and when it ends.
    """
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "pods", "namespace": "data"},
        "spec": {
            "entrypoint": "main",
            "templates": [
                {"name": "main", "steps": [[_step(at)] for at in range(PODS)]},
                {
                    "name": "pod",
                    "inputs": {"parameters": [{"name": "n"}]},
                    "retryStrategy": {"limit": 10, "retryPolicy": "OnError"},
                    "volumes": [{"name": "work", "emptyDir": {}}],
                    "initContainers": [_container("init", journal)],
                    "containerSet": {
                        "volumeMounts": [{"name": "work", "mountPath": "/shared"}],
                        "containers": [_link(at, journal) for at in range(CHAIN)],
                    },
                    "sidecars": [{**_container("side", journal), "args": [_endless(journal)]}],
                },
            ],
        },
    }


def _step(at: int) -> dict[str, Any]:
    arguments = {"parameters": [{"name": "n", "value": f"p{at}"}]}
    return {"name": f"p{at}", "template": "pod", "arguments": arguments}


def _container(name: str, journal: Path) -> dict[str, Any]:
    said = f"{{{{pod.name}}}} {name}"
    script = f"echo 'start {said}' >> {journal}; sleep 0.2; echo 'end {said}' >> {journal}"
    return {"name": name, "image": "any", "command": ["sh", "-c"], "args": [script]}


def _endless(journal: Path) -> str:
    return f"echo 'start {{{{pod.name}}}} side' >> {journal}; exec sleep 600"


def _link(at: int, journal: Path) -> dict[str, Any]:
    waits = {"dependencies": [f"c{at - 1}"]} if at else {}
    return {**_container(f"c{at}", journal), **waits}


def test_no_container_runs_twice_and_no_pod_is_lost(gitops: Gitops, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    moments = random.Random(SEED)
    submit(gitops, pod_workflow(journal))
    for _ in range(KILLS):
        gitops.up()
        await_served(gitops)
        time.sleep(moments.uniform(0, WHILE_SERVING_S))
        gitops.kill()
        assert not ended_pods(gitops), "the pods are too short: the kills must fall into them"
    gitops.up()
    assert await_end(gitops, "pods") == "Succeeded", gitops.log()
    said = Counter(journal.read_text().splitlines())
    assert set(said.values()) == {1}, said
    assert list(by_pod(said).values()).count(WHOLE) == PODS
    nodes = (state(gitops, "pods")["status"]["nodes"]).values()
    phases = Counter((node["type"], node["phase"]) for node in nodes)
    assert phases["Container", "Succeeded"] >= PODS * CHAIN


def by_pod(said: Iterable[str]) -> dict[str, set[str]]:
    """What the containers of each pod wrote. A kill between the claim on a container and its start
    makes the pod interrupted: its retry is a pod of another name.
    """
    found: dict[str, set[str]] = {}
    for line in said:
        word, pod, name = line.split()
        found.setdefault(pod, set()).add(f"{word} {name}")
    return found


def ended_pods(gitops: Gitops) -> bool:
    return bool((state(gitops, "pods").get("status") or {}).get("finishedAt"))
