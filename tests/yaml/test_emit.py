from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml import emit, emit_all, load_all
from toolkit.yaml.emit import sort_keys

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "kustomize"

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(-(2.0**53), 2.0**53)  # beyond, Go prints the shortest digits: another whole number
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=90)
    | st.text(alphabet="ab '\":#-\n\t?~{}[]0", max_size=120)
)
keys = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20).filter(
    lambda key: key != "<<"  # go-yaml prints it bare, and then it is a merge key
)
bodies = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


def value_line(value) -> str:
    return emit({"v": value}).removeprefix("v: ").removesuffix("\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1000.0, "1000"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (123456789.125, "1.23456789125e+08"),
        (999999.5, "999999.5"),
        (0.00001, "1e-05"),
        (1e19, "10000000000000000000"),
        (1e20, "1e+20"),
        (2.0**63, "9223372036854776000"),
        (2**70, "1.1805916207174113e+21"),
        ("", '""'),
        ("yes", '"yes"'),
        ("12:30", '"12:30"'),
        ("2001-12-14", '"2001-12-14"'),
        ("<<", "<<"),
        ("a: b", "'a: b'"),
        ("it's: x", "'it''s: x'"),
        (" a", "' a'"),
        ("a:b", "a:b"),
        ("a #b", "'a #b'"),
        ("-", "'-'"),
        ("-a", "-a"),
        ("{{x}}", "'{{x}}'"),
        ("a\tb", '"a\\tb"'),
        ("\U0001f600", '"\\U0001F600"'),
        ("é", "é"),
        ("a\n", "|\n  a"),
        ("a\n\nb", "|-\n  a\n\n  b"),
        ("a\n\n", "|+\n  a\n"),
        (" a\nb\n", "|2\n   a\n  b"),
        ("a \nb", '"a \\nb"'),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_a_value_is_written_as_go_yaml_does(value, text):
    assert value_line(value) == text


def test_collections_are_laid_out_as_go_yaml_does():
    body = {"b": [1, {"d": 1, "c": [2]}, [3, [4]], []], "a": {"x": {"z": None}}}
    assert emit(body) == (
        "a:\n  x:\n    z: null\nb:\n- 1\n- c:\n  - 2\n  d: 1\n- - 3\n  - - 4\n- []\n"
    )


def test_a_key_over_128_bytes_stands_on_its_own_line():
    key = "k" * 129
    assert emit({key: [{"a": 1, "b": 2}]}) == f"? {key}\n: - a: 1\n    b: 2\n"
    assert emit({"k" * 128: 1}) == "k" * 128 + ": 1\n"


def test_text_is_folded_at_single_spaces_beyond_column_80():
    assert emit({"a": "word " * 20 + "end"}) == (
        "a: " + "word " * 15 + "word\n  word word word word end\n"
    )


def test_keys_come_in_go_yaml_order():
    assert sort_keys(["b", "a10", "a9", "a", "A", "_", "1", "a-b", "a01", "é"]) == [
        "_",
        "1",
        "A",
        "a",
        "a-b",
        "a01",
        "a9",
        "a10",
        "b",
        "é",
    ]


def test_documents_are_separated_and_nothing_is_nothing():
    assert emit_all([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"
    assert emit_all([]) == ""


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_json_cannot_carry_is_refused(value):
    with pytest.raises(YamlError):
        emit({"a": value})


@given(bodies)
def test_what_was_emitted_loads_as_it_was(body):
    assert load_all(emit(body)) == [body]


@given(bodies)
def test_emitting_is_stable(body):
    once = emit(body)
    assert emit(load_all(once)[0]) == once


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the conformance corpus is not here")
def test_every_output_of_kustomize_survives_load_and_emit():
    texts = {str(path): path.read_bytes().decode() for path in sorted(CORPUS.glob("*/real*.yaml"))}
    assert [p for p, text in texts.items() if emit_all(load_all(text, p)) != text] == []


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**64 - 1)
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(alphabet="ab '\":#-\n\t?~{}[]01é日!&*%@,|>\\=", max_size=150),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.text(alphabet="aB-_.0123/ :~\n", max_size=20), inner, max_size=5
                )
            ),
            max_leaves=30,
        ),
        min_size=1,
        max_size=30,
    )
)
def test_random_bodies_are_printed_as_the_real_kustomize_prints_them(kustomize_once, values):
    bodies = [
        {"apiVersion": "x/v1", "kind": "Odd", "metadata": {"name": f"n{n:03}"}, "spec": value}
        for n, value in enumerate(values)
    ]
    text = "---\n".join(json.dumps(body) + "\n" for body in bodies)
    assert kustomize_once(text) == emit_all(load_all(text))
