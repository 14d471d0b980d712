from __future__ import annotations

from typing import Any

import pytest

from toolkit.errors import UsageError
from toolkit.workflow.submission.options import with_options, with_parameters

WORKFLOW: dict[str, Any] = {
    "metadata": {"generateName": "a-", "labels": {"kept": "yes"}},
    "spec": {"arguments": {"parameters": [{"name": "day", "value": "1"}, {"name": "hour"}]}},
}


def test_options_say_what_the_workflow_is_to_be() -> None:
    changed = with_options(
        WORKFLOW,
        {
            "name": "b",
            "entryPoint": "main",
            "serviceAccount": "runner",
            "priority": 3,
            "labels": "team=sales,kept=no",
            "annotations": "why=test",
            "parameters": ["day=2=3"],
        },
    )
    assert changed["metadata"] == {
        "generateName": "a-",
        "name": "b",
        "labels": {"kept": "no", "team": "sales"},
        "annotations": {"why": "test"},
    }
    assert changed["spec"] == {
        "entrypoint": "main",
        "serviceAccountName": "runner",
        "priority": 3,
        "arguments": {"parameters": [{"name": "day", "value": "2=3"}, {"name": "hour"}]},
    }


def test_the_workflow_given_stays_as_it_is() -> None:
    with_options(WORKFLOW, {"labels": "team=sales", "parameters": ["day=9"]})
    assert WORKFLOW["metadata"]["labels"] == {"kept": "yes"}
    assert WORKFLOW["spec"]["arguments"]["parameters"][0]["value"] == "1"


def test_empty_options_say_nothing() -> None:
    empty = {"name": "", "labels": "", "parameters": [], "ownerReference": None, "dryRun": True}
    assert with_options(WORKFLOW, empty) == WORKFLOW


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"labels": "team"}, "NAME=VALUE"),
        ({"parameters": ["day"]}, "NAME=VALUE"),
        ({"parameters": "day=1"}, "must be a list"),
        ({"artifacts": ["a=b"]}, "submitOptions.artifacts is not supported"),
    ],
)
def test_what_is_not_understood_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        with_options(WORKFLOW, options)


def test_parameters_alone() -> None:
    changed = with_parameters({"spec": {}}, ["x=1"])
    assert changed["spec"]["arguments"]["parameters"] == [{"name": "x", "value": "1"}]
    assert with_parameters(WORKFLOW, []) == WORKFLOW
