"""Transcripts: each case is a YAML file (how the world plays, the workflow, what it refers to) and
a text beside it: what was started, with which words, and the nodes in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.workflow.commands import CallHttp, CallPlugin, CallResource, Work
from toolkit.workflow.events import NodesResumed, SpecChanged
from toolkit.workflow.rehearsal.simulation import EPOCH, Simulation
from toolkit.workflow.spec.library import Library

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def played(path: Path, scripted: Callable[..., Any]) -> Simulation:
    world, workflow, *others = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    templates = {
        (body["kind"], body["metadata"]["name"]): body
        for body in others
        if body["kind"] != "ConfigMap"
    }
    config_maps = {
        body["metadata"]["name"]: body["data"] for body in others if body["kind"] == "ConfigMap"
    }
    simulation = Simulation(
        workflow,
        library=Library(templates=templates, config_maps=config_maps),
        outcome=scripted(world.get("outcomes") or {}),
    )
    for deed in world.get("steer") or ():
        at = EPOCH + timedelta(seconds=deed["at"])
        simulation.run_until(at)
        steer(simulation, deed)
    return simulation.run_to_end(most=10_000)


def steer(simulation: Simulation, deed: dict[str, Any]) -> None:
    match deed["do"]:
        case "suspend" | "unsuspend":
            simulation.send(SpecChanged(deed["do"] == "suspend", ""))
        case "stop" | "terminate":
            simulation.send(SpecChanged(suspend=False, shutdown=deed["do"].capitalize()))
        case "resume":
            node = simulation.node(deed["node"])
            supplied = {node.id: deed.get("parameters", {})}
            event = NodesResumed((node.id,), supplied, succeeded=deed.get("succeeded", True))
            simulation.send(event)


def transcript(simulation: Simulation) -> str:
    lines = [_started(command) for command in simulation.started]
    lines += [f"stop {command.start_id}" for command in simulation.stopped]
    lines += ["", simulation.tree()]
    if simulation.run.row.get("outputs"):
        lines.append(f"outputs {simulation.run.row['outputs']}")
    seconds = (simulation.now - EPOCH).total_seconds()
    return "\n".join([*lines, f"after {seconds:g}s", ""])


def _started(command: Work) -> str:
    if isinstance(command, CallHttp):
        said = f"{command.method or 'GET'} {command.url}"
        return f"{command.node_name}: {' '.join(filter(None, [said, command.body]))}"
    if isinstance(command, CallPlugin):
        return f"{command.node_name}: {command.body['plugin']}"
    if isinstance(command, CallResource):
        return f"{command.action} {command.pod}: {command.manifest.strip()}"
    words = [*command.call.command, *command.call.args]
    words += [f"source={command.call.source.strip()!r}"] if command.call.source else []
    words += [f"result -> {command.template}"] if command.captures_result else []
    return f"{command.node_name}: {' '.join(words)}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(
    path: Path, golden: Callable[[Path, str], None], scripted_outcomes: Callable[..., Any]
) -> None:
    golden(path.with_suffix(".txt"), transcript(played(path, scripted_outcomes)))
