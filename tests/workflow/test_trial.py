"""Trying workflows with mocked steps; expectations; coverage."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.resource.resource import Body
from toolkit.workflow.rehearsal.coverage import Coverage
from toolkit.workflow.rehearsal.expectations import unmet
from toolkit.workflow.spec.step_names import attempt_of, step_of, without_attempt
from toolkit.workflow.trial import Mock, Trial, simulate


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "container": {"image": "any"}, **fields}


OUTPUT = {"parameters": [{"name": "rows", "valueFrom": {"path": "/tmp/rows"}}]}
RETRY = {"limit": "2", "retryPolicy": "Always", "backoff": {"duration": "10s"}}
PIPELINE: Body = {
    "kind": "Workflow",
    "metadata": {"name": "wf"},
    "spec": {
        "entrypoint": "main",
        "onExit": "tell",
        "templates": [
            {
                "name": "main",
                "steps": [
                    [{"name": "extract", "template": "extract"}],
                    [
                        {
                            "name": "load",
                            "template": "load",
                            "when": "{{steps.extract.outputs.parameters.rows}} > 0",
                        }
                    ],
                ],
            },
            container("extract", outputs=OUTPUT),
            container("load", retryStrategy=RETRY),
            {
                "name": "tell",
                "steps": [[{"name": "slack", "templateRef": {"name": "slack-notifier",
                                                             "template": "notify"}}]],
            },
        ],
    },
}  # fmt: skip
NOTIFIER: Body = {
    "kind": "WorkflowTemplate",
    "metadata": {"name": "slack-notifier"},
    "spec": {
        "templates": [
            container(
                "notify",
                inputs={"parameters": [{"name": "title", "value": "{{workflow.status}}"}]},
            )
        ]
    },
}


def tried(*mocks: Mock) -> Trial:
    rows = Mock("extract", outputs={"rows": "3"}, duration_s=60)
    return simulate(PIPELINE, bodies=[NOTIFIER], mocks=[*mocks, rows])


def test_mocks_say_how_steps_end_by_attempt() -> None:
    trial = tried(Mock("load", attempt=0, exit_code=1), Mock("load", attempt=1, error="no node"))
    assert (trial.phase, trial.steps["load"].attempts) == ("Succeeded", 3)
    assert trial.order == ("extract", "load", "slack")
    assert trial.duration_s == 60 + 3 + 2 * 10 + 1
    assert trial.steps["extract"].outputs == {"rows": "3"}
    assert [notice.parameters for notice in trial.notifications] == [{"title": "Succeeded"}]


def test_a_step_that_is_skipped_did_not_start() -> None:
    trial = simulate(PIPELINE, bodies=[NOTIFIER], mocks=[Mock("extract", outputs={"rows": "0"})])
    assert (trial.steps["load"].phase, trial.steps["load"].count) == ("Skipped", 0)
    assert trial.order == ("extract", "slack")


def test_outputs_that_are_used_must_be_mocked() -> None:
    trial = simulate(PIPELINE, bodies=[NOTIFIER])
    assert trial.phase == "Failed"
    assert "mock its output 'rows'" in trial.steps["extract"].message


def test_mocks_that_were_not_needed_are_told() -> None:
    trial = tried(Mock("lod", exit_code=1))
    assert [mock.step for mock in trial.unused] == ["lod"]


APPROVAL: Body = {
    "metadata": {"name": "wf"},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "steps": [[{"name": "ask", "template": "ask"}], [{"name": "go", "template": "go"}]],
            },
            {"name": "ask", "suspend": {}},
            container("go"),
        ],
    },
}

ANSWERS: list[tuple[list[Mock], str, tuple[str, ...]]] = [
    ([], "Running", ()),
    ([Mock("ask", duration_s=60)], "Succeeded", ("go",)),
    ([Mock("ask", exit_code=1)], "Failed", ()),
]


@pytest.mark.parametrize(("mocks", "phase", "order"), ANSWERS)
def test_who_is_asked_answers_only_where_a_mock_says_so(
    mocks: list[Mock], phase: str, order: tuple[str, ...]
) -> None:
    trial = simulate(APPROVAL, mocks=mocks)
    assert (trial.phase, trial.order) == (phase, order)


MET: list[dict[str, Any]] = [
    {"phase": "Succeeded", "duration": "62s"},
    {"order": ["extract", "slack"], "message": ""},
    {"steps": {"load": {"phase": "Succeeded", "attempts": 1, "count": 1}}},
    {"steps": {"extract": {"outputs": {"rows": 3}}, "notify": {"count": 1}}},
    {"notifications": [{"title": {"contains": "ucc"}}]},
    {"notifications": [{"title": {"matches": "^S.*d$"}}]},
]


@pytest.mark.parametrize("expect", MET)
def test_what_is_so_is_met(expect: dict[str, Any]) -> None:
    assert unmet(tried(), expect) == ()


UNMET: list[tuple[dict[str, Any], tuple[str | int, ...], str, str]] = [
    ({"phase": "Failed"}, ("phase",), "Failed", "Succeeded"),
    ({"duration": "1h"}, ("duration",), "1h", "62s"),
    ({"order": ["slack", "load"]}, ("order",), "slack → load", "load → slack"),
    ({"notStarted": ["load"]}, ("notStarted", 0), "load is not started", "it is Succeeded"),
    ({"steps": {"lod": {"count": 1}}}, ("steps", "lod"), "a step or template of that name",
     "there is none: did you mean 'load'?"),
    ({"steps": {"load": {"attempts": 2}}}, ("steps", "load", "attempts"), "'2'", "'1'"),
    ({"steps": {"extract": {"outputs": {"x": 1}}}}, ("steps", "extract", "outputs", "x"),
     "'1'", "nothing of that name"),
    ({"notifications": []}, ("notifications",), "none", "1: Succeeded"),
    ({"notifications": [{"title": {"contains": "F"}}]}, ("notifications", 0, "title"),
     "something that contains 'F'", "'Succeeded'"),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "path", "expected", "found"), UNMET)
def test_what_is_not_so_is_told_with_its_place(
    expect: dict[str, Any], path: tuple[str | int, ...], expected: str, found: str
) -> None:
    (one,) = unmet(tried(), expect)
    assert (one.path, one.expected, one.found) == (path, expected, found)


def test_coverage_counts_templates_and_both_ways_of_each_branch() -> None:
    coverage = Coverage()
    coverage.know([PIPELINE, NOTIFIER, {"kind": "ConfigMap", "metadata": {"name": "x"}}])
    assert set(coverage.templates.values()) == {False}
    coverage.visit(tried().run, PIPELINE)
    assert all(coverage.templates.values())
    assert coverage.branches == {
        "wf/main.load: taken": True,
        "wf/main.load: skipped": False,
        "wf/load: succeeds at once": True,
        "wf/load: is tried again": False,
    }
    coverage.visit(tried(Mock("load", attempt=0, exit_code=1)).run, PIPELINE)
    assert coverage.branches["wf/load: is tried again"]


NAMES = [
    ("wf", "wf", 0, "wf"),
    ("wf[0].extract", "extract", 0, "wf[0].extract"),
    ("wf[1].load(2)", "load", 2, "wf[1].load"),
    ("wf.a(0:2024-05-01).b(1:IT)(3)", "b", 3, "wf.a(0:2024-05-01).b(1:IT)"),
    ("wf.a(0:x.y)", "a", 0, "wf.a(0:x.y)"),
    ("wf.onExit[0].slack", "slack", 0, "wf.onExit[0].slack"),
]


@pytest.mark.parametrize(("name", "step", "attempt", "base"), NAMES)
def test_steps_are_called_by_their_names(name: str, step: str, attempt: int, base: str) -> None:
    assert (step_of(name), attempt_of(name), without_attempt(name)) == (step, attempt, base)


CALLS: Body = {
    "kind": "Workflow",
    "metadata": {"name": "wf"},
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "steps": [
                    [{"name": "ask", "template": "ask"}],
                    [
                        {
                            "name": "tell",
                            "template": "tell",
                            "arguments": {
                                "parameters": [
                                    {"name": "text", "value": "{{steps.ask.outputs.result}}"}
                                ]
                            },
                        }
                    ],
                    [
                        {
                            "name": "load",
                            "template": "load",
                            "when": "{{steps.tell.outputs.parameters.sent}}",
                        }
                    ],
                ],
            },
            {"name": "ask", "http": {"url": "http://api"}},
            {
                "name": "tell",
                "inputs": {"parameters": [{"name": "text"}]},
                "plugin": {"slack": {"text": "{{inputs.parameters.text}}"}},
                "outputs": {"parameters": [{"name": "sent", "valueFrom": {"expression": "sent"}}]},
            },
            container("load"),
        ],
    },
}


def test_http_and_plugin_templates_are_mocked_as_steps_are() -> None:
    mocks = [Mock("ask", result="three"), Mock("tell", outputs={"sent": "true"})]
    trial = simulate(CALLS, mocks=mocks)
    assert trial.phase == "Succeeded"
    assert trial.steps["tell"].inputs == {"text": "three"}
    assert trial.order == ("ask", "tell", "load")


def test_an_http_template_whose_body_is_used_needs_a_mock_that_gives_it() -> None:
    trial = simulate(CALLS)
    assert trial.phase == "Failed"
    assert "mock its result" in trial.steps["ask"].message


def test_a_mocked_failure_of_an_http_template_is_failed() -> None:
    trial = simulate(CALLS, mocks=[Mock("ask", exit_code=1)])
    assert trial.steps["ask"].phase == "Failed"
