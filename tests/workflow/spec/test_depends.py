from __future__ import annotations

from typing import Any

import pytest

from toolkit.errors import ExpressionError
from toolkit.workflow.spec.depends import RESULTS, evaluate, graph_of, needed


def tasks(*texts: str, **fields: Any) -> dict[str, Any]:
    """``"B: A"`` is a task B that depends on A."""
    found = []
    for text in texts:
        name, _, depends = text.partition(":")
        found.append({"name": name, **({"depends": depends.strip()} if depends else {})})
    return {"tasks": found, **fields}


def truths(*results: str) -> dict[str, bool]:
    return {name: name in results for name in RESULTS}


def test_a_bare_name_means_that_it_went_well_was_skipped_or_serves() -> None:
    graph = graph_of(tasks("a-b", "C: a-b"))
    for result in ("Succeeded", "Skipped", "Daemoned"):
        assert evaluate(graph.logic["C"], [("a-b", truths(result))])
    for result in ("Failed", "Errored", "Omitted"):
        assert not evaluate(graph.logic["C"], [("a-b", truths(result))])


def test_continue_on_admits_failures() -> None:
    dag = {
        "tasks": [
            {"name": "A", "continueOn": {"failed": True}},
            {"name": "B", "dependencies": ["A"]},
        ]
    }
    logic = graph_of(dag).logic["B"]
    assert evaluate(logic, [("A", truths("Failed"))])
    assert not evaluate(logic, [("A", truths("Errored"))])


@pytest.mark.parametrize("result", RESULTS)
def test_every_result_can_be_named(result: str) -> None:
    graph = graph_of(tasks("1a", f"B: 1a.{result} && !(1a.Failed && 1a.Errored)"))
    assert evaluate(graph.logic["B"], [("1a", truths(result))])
    assert not evaluate(graph.logic["B"], [("1a", truths())])


def test_the_graph_of_a_diamond() -> None:
    graph = graph_of(tasks("A", "B: A", "C: A", "D: B && C"))
    assert graph.targets == ("D",)
    assert graph.dependents["A"] == ("B", "C")
    assert graph.ancestors("D") == {"A", "B", "C"}
    assert needed(graph) == {"A", "B", "C", "D"}


def test_targets_leave_the_rest_out() -> None:
    graph = graph_of(tasks("A", "B: A", "C: A", "D", target="C D"))
    assert graph.targets == ("C", "D")
    assert needed(graph) == {"A", "C", "D"}


BROKEN = [
    (tasks("A: B"), "dependency 'B' not defined"),
    (tasks("A", "B: A.Nope"), "task result 'Nope' for task 'A' is invalid"),
    (tasks("A: C", "B: A", "C: B"), "dependency cycle detected: A->C->B->A"),
    (tasks("A: A"), "dependency cycle detected: A->A"),
    (tasks("A", target="Z"), "target 'Z' is not defined"),
]


@pytest.mark.parametrize(("dag", "message"), BROKEN)
def test_broken_graphs(dag: dict[str, Any], message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        graph_of(dag)
    assert message in caught.value.message


def test_a_long_chain_is_no_deep_recursion() -> None:
    graph = graph_of(tasks("t0", *(f"t{each}: t{each - 1}" for each in range(1, 5000))))
    assert len(graph.ancestors("t4999")) == 4999
