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


def _over_a_number(*layers: str) -> dict[str, str]:
    """A text put over the number ``spec.n``, and more layers on top."""
    entry = f"{{sourceValue: text, {_targets('spec.n')}}}"
    files = {f"layer0/{name}": text for name, text in _files("{}", "n: 5", entry).items()}
    for number, fields in enumerate(layers, 1):
        text = f"resources: [../layer{number - 1}]\n{fields}"
        files[f"layer{number}/kustomization.yaml"] = text
    return files


def _layer_with(sourced: str) -> str:
    return f"replacements:\n- {{sourceValue: '{sourced}', {_targets('spec.n')}}}\n"


DELETED = """patches:
- target: {kind: To}
  patch: '{apiVersion: e.com/v1, kind: To, metadata: {name: b}, spec: {n: null, m: 1}}'
"""


def test_a_text_over_a_number_is_refused_where_it_was_put(refused: Refused) -> None:
    error = refused(_over_a_number("namePrefix: p-\n"), "layer1")
    assert "To b: spec.n: is a whole number, which 'text' is not" in str(error)
    assert "layer0/kustomization.yaml:3:3" in str(error)


def test_a_text_over_a_number_may_be_gone_in_the_end(objects: Objects) -> None:
    assert objects(_over_a_number(DELETED), "layer1")[1]["spec"] == {"m": 1}


def test_a_number_may_be_put_over_a_text_over_a_number(objects: Objects) -> None:
    assert objects(_over_a_number(_layer_with("7")), "layer1")[1]["spec"] == {"n": 7}


def test_a_part_of_a_text_over_a_number_is_text(objects: Objects) -> None:
    source = "{kind: To, fieldPath: spec.n, options: {delimiter: e}}"
    part = f"replacements:\n- {{source: {source}, {_targets('spec.p', '{create: true}')}}}\n"
    files = _over_a_number(part, DELETED)
    assert objects(files, "layer2")[1]["spec"] == {"m": 1, "p": "t"}


def test_a_text_of_a_secret_is_not_shown(refused: Refused) -> None:
    entry = f"{{source: {{kind: Secret, fieldPath: stringData.v}}, {_targets('spec.n')}}}"
    files = _files("{}", "n: 5", entry)
    files["a.yaml"] = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {v: hush}\n"
    error = refused(files)
    assert "spec.n: is a whole number, which this text of a Secret is not" in str(error)
    assert "hush" not in f"{error} {error.__dict__}"


def test_vars_pass_over_a_text_over_a_number_in_a_map(refused: Refused) -> None:
    variable = "{name: V, objref: {apiVersion: e.com/v1, kind: From, name: a}}"
    files = _over_a_number(f"vars: [{variable}]\nconfigurations: [fields.yaml]\n")
    files["layer1/fields.yaml"] = "varReference: [{path: spec, kind: To}]\n"
    assert "which 'text' is not" in str(refused(files, "layer1"))


def test_a_json_patch_meets_a_text_over_a_number(refused: Refused) -> None:
    remove = "patches: [{target: {kind: To}, patch: '- {op: remove, path: /spec/n}'}]\n"
    assert "which 'text' is not" in str(refused(_over_a_number(remove), "layer1"))


def test_a_date_goes_into_a_date(objects: Objects) -> None:
    found = _written(objects, "{v: '2002-01-01'}", "d: 2001-01-01", "spec.d")
    assert found == {"d": "2002-01-01T00:00:00Z"}


def test_a_text_does_not_go_into_a_date(refused: Refused) -> None:
    entry = f"{{source: {{kind: From, fieldPath: spec.v}}, {_targets('spec.d')}}}"
    error = refused(_files("{v: text}", "d: 2001-01-01", entry))
    assert "is a date, which 'text' is not" in str(error)


def test_a_text_goes_into_a_date_in_quotes(objects: Objects) -> None:
    assert _written(objects, "{v: text}", "d: '2001-01-01'", "spec.d") == {"d": "text"}


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


def test_a_source_among_its_targets_gives_what_it_got(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\nreplacements:\n"
        "- source: {kind: C, name: a, fieldPath: spec.v}\n"
        "  targets:\n"
        "  - select: {kind: C}\n"
        "    fieldPaths: [spec.v]\n"
        "    options: {delimiter: '-', index: -1}\n",
        "a.yaml": "---\n".join(
            f"apiVersion: e/v1\nkind: C\nmetadata: {{name: {name}}}\nspec: {{v: {name}}}\n"
            for name in "ab"
        ),
    }
    assert [body["spec"]["v"] for body in objects(files)] == ["a-a", "a-a-b"]


def test_an_annotation_that_is_made_is_text(objects: Objects) -> None:
    entry = f"{{sourceValue: '0o17', {_targets('metadata.annotations.a', '{create: true}')}}}"
    _, body = objects(_files("{}", "t: old", entry))
    assert body["metadata"]["annotations"] == {"a": "0o17"}


def test_a_name_is_not_emptied(refused: Refused) -> None:
    entry = f"{{sourceValue: '', {_targets('metadata.name')}}}"
    assert "metadata.name would be empty" in str(refused(_files("{}", "t: old", entry)))


@pytest.mark.parametrize("order", ["fifo", "legacy"])
def test_two_objects_that_end_as_one_are_refused(refused: Refused, order: str) -> None:
    entry = "{sourceValue: same, targets: [{select: {version: v1}, fieldPaths: [metadata.name]}]}"
    files = _files("{}", "t: old", entry)
    files["b.yaml"] = f"{SOURCE.replace('name: a', 'name: b')}{{}}\n"
    files["kustomization.yaml"] += f"sortOptions: {{order: {order}}}\n"
    assert "there twice" in str(refused(files))
