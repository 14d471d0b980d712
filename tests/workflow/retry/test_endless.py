"""Attempts that fail as they begin, and no limit to them: the engine goes on meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from toolkit.workflow.events import SpecChanged
from toolkit.workflow.rehearsal.simulation import EPOCH, Simulation

HEAD = """
metadata: {name: wf, namespace: data, uid: u}
spec:
  entrypoint: main
  templates:
"""
TOO_SHORT = """
  - {name: main, retryStrategy: {retryPolicy: Always}, timeout: 1s, container: {image: i}}
"""
INSIDE = """
  - {name: main, retryStrategy: {retryPolicy: Always}, steps: [[{name: a, template: short}]]}
  - {name: short, timeout: 1s, container: {image: i}}
"""


@pytest.mark.parametrize("templates", [TOO_SHORT, INSIDE])
def test_an_attempt_a_second_until_it_is_stopped(templates: str) -> None:
    simulation = Simulation(yaml.safe_load(HEAD + templates))
    simulation.run_until(EPOCH + timedelta(seconds=5, milliseconds=500))
    attempts = [node for node in simulation.run.nodes.values() if node.name.startswith("wf(")]
    tops = [node for node in attempts if node.name.endswith(")")]
    assert len(tops) == 6
    assert all(node.is_unsuccessful for node in tops)
    assert simulation.node("wf").phase == "Running"
    simulation.send(SpecChanged(suspend=False, shutdown="Stop"))
    simulation.run_to_end()
    assert simulation.run.phase == "Failed"


def test_a_limit_ends_it_at_once() -> None:
    text = HEAD + TOO_SHORT.replace("retryPolicy", "limit: 3, retryPolicy")
    simulation = Simulation(yaml.safe_load(text)).run_to_end()
    assert simulation.run.phase == "Error"
    assert simulation.node("wf").status["finishedAt"] == simulation.node("wf").status["startedAt"]
