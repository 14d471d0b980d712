"""No size cliff: what an event writes does not grow with the workflow."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from toolkit.workflow.nodes import node_id
from toolkit.workflow.rehearsal.simulation import EPOCH, Simulation
from toolkit.workflow.run import Transition
from toolkit.workflow.step.draft import Draft

OK = {
    "name": "ok",
    "inputs": {"parameters": [{"name": "p", "default": "x"}]},
    "container": {"image": "alpine", "command": ["ok", "{{inputs.parameters.p}}"]},
}


def fan_out(size: int, kind: str) -> dict[str, Any]:
    call = {
        "name": "each",
        "template": "ok",
        "withSequence": {"count": size},
        "arguments": {"parameters": [{"name": "p", "value": "{{item}}"}]},
    }
    body = {"steps": [[call]]} if kind == "steps" else {"dag": {"tasks": [call]}}
    return {"spec": {"entrypoint": "main", "templates": [{"name": "main", **body}, OK]}}


def chain(size: int) -> dict[str, Any]:
    tasks = [
        {"name": f"t{each}", "template": "ok", "dependencies": [f"t{each - 1}"] if each else []}
        for each in range(size)
    ]
    main = {"name": "main", "dag": {"tasks": tasks}}
    return {"spec": {"entrypoint": "main", "templates": [main, OK]}}


def largest_in_the_middle(workflow: dict[str, Any]) -> int:
    """The bytes of the largest transition, without the first and the last ones."""
    simulation = Simulation(workflow).run_to_end()
    assert simulation.run.phase == "Succeeded"
    return max(map(size_of, simulation.transitions[1:-3]))


def size_of(transition: Transition) -> int:
    return len(orjson.dumps([transition.run, transition.nodes]))


@pytest.mark.parametrize("kind", ["steps", "dag"])
def test_an_item_of_a_wide_loop_writes_as_much_as_one_of_a_narrow_loop(kind: str) -> None:
    narrow = largest_in_the_middle(fan_out(20, kind))
    assert largest_in_the_middle(fan_out(800, kind)) < narrow + 64


def test_a_link_of_a_long_chain_writes_as_much_as_one_of_a_short_chain() -> None:
    assert largest_in_the_middle(chain(300)) < largest_in_the_middle(chain(20)) + 64


def test_two_names_with_one_hash_get_two_ids() -> None:
    assert node_id("wf", "costarring") == node_id("wf", "liquid")  # a known pair
    draft = Draft(Simulation(chain(1)).run, EPOCH)
    draft.run.row["name"] = "wf"
    first = draft.id_of("costarring")
    draft.add({"id": first, "name": "costarring", "type": "Skipped", "phase": "Skipped"}, {})
    assert draft.id_of("costarring") == first
    assert draft.id_of("liquid") != first
    assert draft.find("liquid") is None
