"""Pods of several containers for random workflows: container sets, init containers, sidecars."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from toolkit.workflow.commands import StartContainer
from toolkit.workflow.nodes import CONTAINER
from toolkit.workflow.pods.life import SIDECAR
from toolkit.workflow.rehearsal.simulated_pod import Ending
from toolkit.workflow.run import Run


def put_containers(choose: random.Random, template: dict[str, Any]) -> None:
    """Perhaps makes a container template one of several containers."""
    if choose.random() < 0.1:
        own = template.pop("container")
        template["containerSet"] = {"containers": _members(choose, own)}
    if choose.random() < 0.1:
        count = choose.randint(1, 2)
        template["initContainers"] = [{"name": f"i{at}", "image": "i"} for at in range(count)]
    if choose.random() < 0.1:
        count = choose.randint(1, 2)
        template["sidecars"] = [{"name": f"s{at}", "image": "i"} for at in range(count)]
    if choose.random() < 0.05 and "container" in template:
        template["container"]["readinessProbe"] = {"exec": {"command": ["true"]}}
    if choose.random() < 0.05:
        template["pendingTimeout"] = f"{choose.randint(1, 5)}s"


def _members(choose: random.Random, own: dict[str, Any]) -> list[dict[str, Any]]:
    """A graph in which each may wait for those before it; ``main`` is somewhere in it."""
    names = [f"m{at}" for at in range(choose.randint(0, 3))]
    names.insert(choose.randint(0, len(names)), "main")
    return [
        {**own, "name": name,
         "dependencies": [before for before in names[:at] if choose.random() < 0.5]}
        for at, name in enumerate(names)
    ]  # fmt: skip


def endings(choose: random.Random, start: StartContainer) -> dict[str, Ending]:
    """How the containers end that are not ``main``; most sidecars go on until they are ended."""
    found = {}
    for each in start.containers:
        if each.name == "main" or (each.role == SIDECAR and choose.random() < 0.8):
            continue
        code = choose.choice([0, 0, 0, 0, 1, 64, 137])
        found[each.name] = Ending(code, timedelta(seconds=choose.choice([0, 1, 3])))
    return found


def check_containers(run: Run) -> None:
    """Container nodes go with their pods."""
    for node in run.nodes.values():
        if node.type != CONTAINER:
            continue
        pod = run.nodes[node.boundary]
        assert pod.has_ended <= node.has_ended, f"{node.name} outlives its pod"
        assert node.status["displayName"] in pod.engine["containers"]
