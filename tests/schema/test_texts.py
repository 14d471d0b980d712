"""Numbers and booleans where a text is meant."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.schema import with_texts


def workflow(**template: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "wf"},
        "spec": {"templates": [template]},
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), (1.5, "1.5"), (2.0, "2"), (1e21, "1e+21"), (True, "true"), (False, "false")],
)
def test_a_scalar_becomes_the_text_it_is_in_argo(value: object, text: str) -> None:
    assert with_texts(workflow(container={"args": [value]})) == workflow(container={"args": [text]})


def test_what_may_be_a_number_stays_one() -> None:
    body = workflow(
        activeDeadlineSeconds=3,
        retryStrategy={"limit": 2},
        inputs={"parameters": [{"name": "n", "value": 3}]},
        steps=[[{"name": "s", "withItems": [1, True]}]],
        daemon=True,
    )
    assert with_texts(body) == body


def test_an_unknown_kind_and_unknown_fields_stay() -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Other", "spec": {"a": 1}}
    assert with_texts(other) == other
    assert with_texts(workflow(noSuchField=1)) == workflow(noSuchField=1)
