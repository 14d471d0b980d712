"""Custom metrics as the machine measures them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from toolkit.workflow.measures.metrics import Measure, running_gauges
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation
from toolkit.workflow.status.projection import project_workflow

COUNTER = {"name": "done", "help": "steps done", "counter": {"value": "1"}}


def container(name: str = "main", *metrics: dict[str, Any], **fields: Any) -> dict[str, Any]:
    found = {"name": name, "container": {"image": "any"}, **fields}
    return found | ({"metrics": {"prometheus": list(metrics)}} if metrics else {})


def workflow(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "wf", "namespace": "data", "uid": "u1"},
        "spec": {"entrypoint": "main", "templates": list(templates), **spec},
    }


def played(body: dict[str, Any], *codes: int, seconds: int = 5, **outcome: Any) -> Simulation:
    left = list(codes)

    def end(_: Any) -> Outcome:
        code = left.pop(0) if left else 0
        return Outcome(exit_code=code, duration=timedelta(seconds=seconds), **outcome)

    return Simulation(body, outcome=end).run_to_end(most=1_000)


def measures(simulation: Simulation) -> list[Measure]:
    return [m for transition in simulation.transitions for m in transition.measures]


def conditions(simulation: Simulation) -> dict[str, str]:
    found = project_workflow(simulation.run, {"metadata": {}})["status"]["conditions"]
    return {one["type"]: one.get("message", one["status"]) for one in found}


def test_a_counter_counts_when_its_step_ends() -> None:
    (found,) = measures(played(workflow(container("main", COUNTER))))
    assert (found.name, found.kind, found.value) == ("argo_workflows_done", "counter", 1.0)
    assert found.help == "steps done"


def test_labels_and_values_are_variables_of_the_step() -> None:
    gauge = {
        "name": "took",
        "help": "h",
        "labels": [
            {"key": "status", "value": "{{status}}"},
            {"key": "day", "value": "{{inputs.parameters.day}}"},
            {"key": "code", "value": "{{exitCode}}"},
            {"key": "wf", "value": "{{workflow.name}}"},
        ],
        "gauge": {"value": "{{duration}}"},
    }
    inputs = {"parameters": [{"name": "day", "value": "monday"}]}
    (found,) = measures(played(workflow(container("main", gauge, inputs=inputs)), 3))
    assert dict(found.labels) == {"status": "Failed", "day": "monday", "code": "3", "wf": "wf"}
    assert found.value == 5.0


def test_a_histogram_takes_its_value_from_an_output() -> None:
    histogram = {
        "name": "rand",
        "help": "h",
        "when": "{{status}} == Succeeded",
        "histogram": {"buckets": [2.01, 8.01], "value": "{{outputs.parameters.rows}}"},
    }
    outputs = {"parameters": [{"name": "rows", "valueFrom": {"path": "/rows"}}]}
    body = workflow(container("main", histogram, outputs=outputs))
    (found,) = measures(played(body, outputs={"rows": "7"}))
    assert (found.kind, found.buckets, found.value) == ("histogram", (2.01, 8.01), 7.0)


def test_expressions_are_values_too() -> None:
    gauge = {"name": "g", "help": "h", "gauge": {"value": "{{=asFloat(duration) * 2}}"}}
    (found,) = measures(played(workflow(container("main", gauge))))
    assert found.value == 10.0


def test_a_false_when_measures_nothing_and_asks_for_nothing() -> None:
    failed = {
        **COUNTER,
        "when": "{{status}} == Failed",
        "counter": {"value": "{{outputs.parameters.absent}}"},
    }
    simulation = played(workflow(container("main", failed)))
    assert measures(simulation) == []
    assert "MetricsError" not in conditions(simulation)


def test_a_workflow_measures_itself_at_its_end() -> None:
    gauge = {
        "name": "exec",
        "help": "h",
        "labels": [{"key": "status", "value": "{{workflow.status}}"}],
        "gauge": {"value": "{{workflow.duration}}", "operation": "Add"},
    }
    (found,) = measures(played(workflow(container(), metrics={"prometheus": [gauge]}), 1))
    assert (found.labels, found.value, found.operation) == ((("status", "Failed"),), 5.0, "Add")


def test_a_step_that_is_retried_counts_once_with_its_retries() -> None:
    counter = {**COUNTER, "labels": [{"key": "retries", "value": "{{retries}}"}]}
    body = workflow(container("main", counter, retryStrategy={"limit": 3}))
    (found,) = measures(played(body, 1, 1, 0))
    assert dict(found.labels) == {"retries": "2"}


def test_each_item_of_a_loop_counts() -> None:
    steps = [[{"name": "each", "template": "work", "withItems": [1, 2, 3]}]]
    body = workflow({"name": "main", "steps": steps}, container("work", COUNTER))
    assert len(measures(played(body))) == 3


def test_a_step_that_is_skipped_does_not_count() -> None:
    steps = [[{"name": "no", "template": "work", "when": "false"}]]
    body = workflow({"name": "main", "steps": steps}, container("work", COUNTER))
    assert measures(played(body)) == []


def test_a_dag_measures_itself_when_it_ends() -> None:
    dag = {"name": "main", "dag": {"tasks": [{"name": "a", "template": "work"}]}}
    body = workflow(dag | {"metrics": {"prometheus": [COUNTER]}}, container("work"))
    assert len(measures(played(body))) == 1


REALTIME = {"name": "live", "help": "h", "gauge": {"realtime": True, "value": "{{duration}}"}}


def test_a_realtime_gauge_begins_with_its_step_and_stops_with_it() -> None:
    simulation = played(workflow(container("main", REALTIME)))
    began, *_, ended = measures(simulation)
    assert began.since == ended.since
    assert began.ended is None
    assert ended.ended is not None
    assert ended.since is not None
    assert (ended.ended - ended.since).total_seconds() == 5
    assert began.owner == "u1"


def test_a_realtime_gauge_is_found_again_after_a_restart() -> None:
    body = workflow(container("main", REALTIME, COUNTER))
    simulation = Simulation(body, outcome=lambda _: Outcome(is_stuck=True))
    (found,) = running_gauges(simulation.run, simulation.now)
    assert found.name == "argo_workflows_live"


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({**COUNTER, "counter": {"value": "{{outputs.parameters.absent}}"}}, "absent"),
        ({**COUNTER, "counter": {"value": "many"}}, "'many' is no number"),
        ({**COUNTER, "counter": {"value": "NaN"}}, "no finite number"),
        ({"name": "x", "help": "h"}, "expected one of gauge, histogram, counter, found 0"),
        ({"name": "x", "help": "h", "histogram": {"value": "1"}}, "a histogram needs buckets"),
        (
            {"name": "x", "help": "h", "gauge": {"realtime": True, "value": "{{status}}"}},
            "is not available as a real time metric",
        ),
        ({**COUNTER, "when": "{{status}} =="}, "Invalid 'when' expression"),
    ],
)
def test_what_cannot_be_measured_is_a_condition_and_fails_nothing(
    metric: dict[str, Any], message: str
) -> None:
    simulation = played(workflow(container("main", metric, COUNTER)))
    assert simulation.run.phase == "Succeeded"
    assert message in conditions(simulation)["MetricsError"]
    assert [found.name for found in measures(simulation)] == ["argo_workflows_done"]


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ({**COUNTER, "name": "with-dash"}, "metric name 'with-dash' is invalid"),
        ({**COUNTER, "help": ""}, "must contain a help string"),
        ({**COUNTER, "labels": [{"key": "a-b", "value": "1"}]}, "metric label 'a-b' is invalid"),
    ],
)
def test_a_metric_of_the_whole_run_is_looked_at_when_it_is_measured(
    metric: dict[str, Any], message: str
) -> None:
    body = workflow(container("main"), metrics={"prometheus": [metric]})
    simulation = played(body)
    assert simulation.run.phase == "Succeeded"
    assert message in conditions(simulation)["MetricsError"]


def test_where_nothing_is_declared_nothing_is_looked_at() -> None:
    assert measures(played(workflow(container()))) == []


def test_an_inline_template_is_measured_too() -> None:
    inline = {k: v for k, v in container("x", COUNTER).items() if k != "name"}
    body = workflow({"name": "main", "steps": [[{"name": "a", "inline": inline}]]})
    assert len(measures(played(body))) == 1
