from __future__ import annotations

import copy

import pytest

from toolkit.errors import UsageError
from toolkit.workflow.submission.submission import (
    CRON_WORKFLOW,
    WORKFLOW_TEMPLATE,
    Wishes,
    fit,
    is_finished,
    parse_pairs,
    parse_target,
)

WORKFLOW = {
    "kind": "Workflow",
    "metadata": {"generateName": "x-", "namespace": "elsewhere", "labels": {"a": "1"}},
    "spec": {
        "entrypoint": "main",
        "arguments": {
            "parameters": [
                {"name": "day", "value": "monday"},
                {"name": "from", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
            ]
        },
        "templates": [{"name": "main", "args": ["{{workflow.parameters.undeclared}}"]}],
    },
    "status": {"phase": "Failed"},
}


def parameters(**values):
    arguments = fit(WORKFLOW, "data", Wishes(parameters=values))["spec"]["arguments"]
    return arguments["parameters"]


def test_it_runs_in_the_environments_namespace_with_a_fresh_state():
    before = copy.deepcopy(WORKFLOW)
    result = fit(WORKFLOW, "data", Wishes())
    assert result["metadata"] == {**WORKFLOW["metadata"], "namespace": "data"}
    assert "status" not in result
    assert before == WORKFLOW


def test_a_parameter_keeps_its_place_and_loses_its_source():
    assert parameters(**{"from": "x", "day": "friday"}) == [
        {"name": "day", "value": "friday"},
        {"name": "from", "value": "x"},
    ]


def test_a_parameter_that_is_only_mentioned_may_be_given():
    assert parameters(undeclared="x")[-1] == {"name": "undeclared", "value": "x"}


def test_an_unknown_parameter_is_refused_with_what_is_close():
    with pytest.raises(UsageError, match="no parameter 'dya'") as caught:
        parameters(dya="x")
    assert caught.value.hints == ("did you mean 'day'?",)


def test_the_parameters_of_a_referenced_template_are_not_known_here():
    workflow = {"spec": {"workflowTemplateRef": {"name": "t"}}}
    assert fit(workflow, "data", Wishes(parameters={"any": "1"}))["spec"]["arguments"] == {
        "parameters": [{"name": "any", "value": "1"}]
    }


def test_a_name_labels_and_an_entrypoint_can_be_wished():
    result = fit(WORKFLOW, "data", Wishes(labels={"b": "2"}, name="mine", entrypoint="other"))
    assert result["metadata"] == {
        "name": "mine",
        "namespace": "data",
        "labels": {"a": "1", "b": "2"},
    }
    assert result["spec"]["entrypoint"] == "other"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("cron/x", CRON_WORKFLOW),
        ("CronWorkflow/x", CRON_WORKFLOW),
        ("cwf/x", CRON_WORKFLOW),
        ("template/x", WORKFLOW_TEMPLATE),
        ("wftmpl/x", WORKFLOW_TEMPLATE),
        ("workflowtemplate/x", WORKFLOW_TEMPLATE),
    ],
)
def test_kinds_have_short_names(text, kind):
    assert parse_target(text) == (kind, "x")


@pytest.mark.parametrize(
    ("text", "message"), [("corn/x", "no kind"), ("cron/", "not KIND/NAME"), ("x", "no file")]
)
def test_what_is_no_target_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_target(text)


def test_pairs_take_everything_after_the_first_equals_sign():
    assert parse_pairs(("a=1=2", "b=", "a=3")) == {"a": "3", "b": ""}
    with pytest.raises(UsageError):
        parse_pairs(("a",))


@pytest.mark.parametrize(
    ("phase", "ended"), [("Succeeded", True), ("Error", True), ("Running", False), (None, False)]
)
def test_a_final_phase_is_the_end(phase, ended):
    assert is_finished({"status": {"phase": phase}}) is ended


def test_a_priority_is_the_runs_own() -> None:
    wished = fit({"spec": {"priority": 1}}, "data", Wishes(priority=0))
    assert wished["spec"]["priority"] == 0
    assert "priority" not in fit({"spec": {}}, "data", Wishes())["spec"]
