"""Tags: simple, nested, expressions; what must resolve and what may stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.workflow.substitution.scope import MISSING, NodeRefs, Scope, Values
from toolkit.workflow.substitution.substitute import (
    Strictness,
    SubstitutionError,
    is_pure_reference,
    replace,
    substitute,
)

STEP = {"outputs.result": "heads", "outputs.parameters.p-1": 'say "hi"\n', "status": "Succeeded"}
SKIPPED = {"outputs.parameters.gone": None, "status": "Skipped"}
NODES: dict[str, dict[str, Any]] = {"flip-coin": STEP, "not-run": SKIPPED}
SCOPE = Scope(
    NodeRefs("steps", NODES.get, lambda: frozenset(NODES)),
    Values(
        {
            "inputs.parameters.day": "mon",
            "inputs.parameters.n": "3",
            "workflow.parameters": '[{"name":"a"}]',
            "workflow.parameters.a": "A",
            "workflow.labels.app.kubernetes.io/name": "shop",
            "inputs.artifacts.art": {"path": "/x"},
        }
    ),
)

REPLACED = [
    ("no tags", "no tags"),
    ("{{inputs.parameters.day}}", "mon"),
    ("a-{{ inputs.parameters.day }}-b{{workflow.parameters.a}}", "a-mon-bA"),
    ("{{steps.flip-coin.outputs.parameters.p-1}}", 'say "hi"\n'),
    ("{{workflow.parameters}}", '[{"name":"a"}]'),
    ("{{unknown.tag}} stays", "{{unknown.tag}} stays"),
    ("{{item}}", "{{item}}"),
    ("{{inputs.artifacts.art}}", "{{inputs.artifacts.art}}"),
    ("open {{ only", "open {{ only"),
    ("{{steps.run-{{inputs.parameters.day}}.status}}", "{{steps.run-mon.status}}"),
    ("{{=asInt(inputs.parameters.n) + 1}}", "4"),
    ("{{=steps['flip-coin'].outputs.result == 'heads'}}", "true"),
    ("{{=[1, 'two']}}", '[1,"two"]'),
    ("{{=workflow.parameters.a}}", "A"),
    ("{{=workflow.labels.app}}", '{"kubernetes":{"io/name":"shop"}}'),
    ("{{=steps['not-run'].outputs.parameters.gone ?? 'other'}}", "other"),
    ("{{=item + 1}}", "{{=item + 1}}"),
    ("{{=workflow.status == 'Failed'}}", "{{=workflow.status == 'Failed'}}"),
    ("{{=nope(}}", "{{=nope(}}"),
]


@pytest.mark.parametrize(("text", "expected"), REPLACED)
def test_lenient(text: str, expected: str) -> None:
    assert replace(text, SCOPE) == expected


STRICT = [
    ("{{steps.flip-coin.outputs.parameters.none}}", "failed to resolve {{steps.flip-coin.outputs"),
    ("{{steps.nobody.status}}", "failed to resolve {{steps.nobody.status}}"),
    ("{{steps.not-run.outputs.parameters.gone}}", "output is an absent optional"),
    ("{{=steps.nobody.status}}", "failed to evaluate expression: steps.nobody.status is missing"),
    ("{{=asInt(steps['flip-coin'].status)}}", "failed to evaluate expression: invalid operation"),
]


@pytest.mark.parametrize(("text", "message"), STRICT)
def test_references_to_nodes_must_resolve(text: str, message: str) -> None:
    with pytest.raises(SubstitutionError) as caught:
        replace(text, SCOPE, Strictness.NODES)
    assert message in caught.value.message


def test_artifacts_of_nodes_are_found_later() -> None:
    text = "{{steps.flip-coin.outputs.artifacts.out}}"
    assert replace(text, SCOPE, Strictness.NODES) == text


def test_in_a_loop_every_tag_must_resolve() -> None:
    with pytest.raises(SubstitutionError, match=r"failed to resolve \{\{item.none\}\}"):
        replace("{{item.none}}", SCOPE, Strictness.ALL)


def test_the_tree_is_replaced_and_what_has_no_tag_is_shared() -> None:
    plain = {"deep": [1, None, "x"]}
    tree = {"{{inputs.parameters.day}}": ["{{workflow.parameters.a}}", 1], "plain": plain}
    replaced = substitute(tree, SCOPE)
    assert replaced == {"mon": ["A", 1], "plain": plain}
    assert replaced["plain"] is plain
    assert tree["{{inputs.parameters.day}}"][0] == "{{workflow.parameters.a}}"


@given(st.text(alphabet="{}= abx.'\"\\\n", max_size=40))
def test_any_text_is_replaced_or_refused(text: str) -> None:
    for strictness in Strictness:
        try:
            replace(text, SCOPE, strictness)
        except SubstitutionError:
            continue


@given(st.text(max_size=20).filter(lambda text: "{{" not in text))
def test_a_value_is_put_in_as_it_is(value: str) -> None:
    scope = Scope(Values({"v": value}))
    assert replace("<{{v}}>", scope) == f"<{value}>"


@pytest.mark.parametrize(
    ("text", "key"),
    [("{{a.b}}", "a.b"), ("{{ a }}", "a"), ("x{{a}}", ""), ("{{a}}{{b}}", ""), ("{{=a}}", "")],
)
def test_pure_references(text: str, key: str) -> None:
    assert is_pure_reference(text) == key


def test_a_scope_knows_what_is_in_front() -> None:
    scope = SCOPE.over(Values({"inputs.parameters.day": "tue"}))
    assert scope.get("inputs.parameters.day") == "tue"
    assert scope.get("inputs.parameters.none") is MISSING
    assert scope.names_below("steps") == {"flip-coin", "not-run"}
