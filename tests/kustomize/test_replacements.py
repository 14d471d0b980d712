"""replacements: what is written where, and how it is spelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Objects = Callable[..., list[dict[str, Any]]]
Rendered = Callable[..., str]
Refused = Callable[..., Exception]

SOURCE = "apiVersion: e.com/v1\nkind: From\nmetadata: {name: a}\nspec: "
TARGET = "apiVersion: e.com/v1\nkind: To\nmetadata: {name: b}\nspec:\n"


def _files(spec: str, target: str, entry: str) -> dict[str, str]:
    return {
        "kustomization.yaml": f"resources: [a.yaml, b.yaml]\nreplacements:\n- {entry}\n",
        "a.yaml": f"{SOURCE}{spec}\n",
        "b.yaml": f"{TARGET}  {target}\n",
    }


def _targets(path: str, options: str = "{}") -> str:
    return f"targets: [{{select: {{kind: To}}, fieldPaths: [{path}], options: {options}}}]"


def _written(
    objects: Objects, spec: str, target: str, path: str, options: str = "{}"
) -> dict[str, Any]:
    entry = f"{{source: {{kind: From, fieldPath: spec.v}}, {_targets(path, options)}}}"
    spec_of_target: dict[str, Any] = objects(_files(spec, target, entry))[1]["spec"]
    return spec_of_target


@pytest.mark.parametrize("written", ["1.50", "0777", "1_000", "0x1F", "True", "+1"])
def test_a_number_goes_into_a_text_as_its_file_has_it(objects: Objects, written: str) -> None:
    assert _written(objects, f"{{v: {written}}}", "t: old", "spec.t") == {"t": written}


def test_a_number_goes_into_a_number_by_value(objects: Objects) -> None:
    assert _written(objects, "{v: 0777}", "n: 5", "spec.n") == {"n": 511}


def test_a_value_below_a_null_is_lost(objects: Objects) -> None:
    assert _written(objects, "{v: x}", "n: null", "spec.n.x", "{create: true}") == {"n": None}


def test_a_constant_of_several_lines_is_indented_as_any_text(rendered: Rendered) -> None:
    entry = f'sourceValue: "a\\nb\\n"\n  {_targets("spec.t")}'
    text = rendered(_files("{}", "t: old", entry))
    assert text.endswith("spec:\n  t: |\n    a\n    b\n")


@pytest.mark.parametrize(
    ("index", "found"), [(-1, "new/a/b"), (0, "new/b"), (1, "a/new"), (7, "a/b/new")]
)
def test_a_part_between_delimiters(objects: Objects, index: int, found: str) -> None:
    options = f"{{delimiter: /, index: {index}}}"
    assert _written(objects, "{v: new}", "t: a/b", "spec.t", options) == {"t": found}


def test_an_item_is_chosen_by_gos_regular_expressions(objects: Objects) -> None:
    target = "list: [{name: a1, v: 1}, {name: B, v: 2}]"
    spec = _written(objects, "{v: 9}", target, "'spec.list.[name=(?i)b].v'")
    assert spec["list"] == [{"name": "a1", "v": 1}, {"name": "B", "v": 9}]


def test_an_item_pattern_that_is_none_is_refused(refused: Refused) -> None:
    targets = _targets("'spec.list.[name=(].v'")
    entry = f"{{source: {{kind: From}}, {targets}}}"
    assert "no regular expression" in str(refused(_files("{}", "list: []", entry)))
