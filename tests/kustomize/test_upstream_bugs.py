"""Behaviour of upstream that surprises, and is kept: docs/compatibility-kustomize.md lists it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
MERGE = "patches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: c}\n"

Objects = Callable[..., list[dict[str, Any]]]
Refused = Callable[..., Exception]


def _patched(objects: Objects, resource: str, patch: str) -> dict[str, Any]:
    files = {"kustomization.yaml": f"resources: [a.yaml]\n{MERGE}    {patch}\n", "a.yaml": resource}
    (body,) = objects(files)
    return body


@pytest.mark.parametrize("written", ["'5'", '"text"', "|-\n    block"])
def test_a_number_patched_over_a_quoted_text_is_text(objects: Objects, written: str) -> None:
    body = _patched(objects, f"{CONFIG_MAP}data:\n  a: {written}\n", "data: {a: 0o17}")
    assert body["data"]["a"] == "0o17"


def test_a_number_patched_over_a_plain_text_is_a_number(objects: Objects) -> None:
    assert _patched(objects, f"{CONFIG_MAP}data: {{a: text}}\n", "data: {a: 6}")["data"] == {"a": 6}


def test_a_blank_null_is_dropped_by_a_merge_and_a_written_one_stays(objects: Objects) -> None:
    body = _patched(objects, f"{CONFIG_MAP}data:\n  blank:\n  said: null\n", "data: {a: b}")
    assert body["data"] == {"said": None, "a": "b"}


@pytest.mark.parametrize(("present", "found"), [("text", 15), ("'~'", "0o17")])
def test_a_number_in_an_annotation_that_is_shared_is_one_in_the_template(
    objects: Objects, present: str, found: object
) -> None:
    deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d"
    patch = deployment.replace("\n", "\n    ") + ", annotations: {note: 0o17}}"
    (body,) = objects(
        {
            "base/kustomization.yaml": "resources: [a.yaml]\n"
            f"commonAnnotations: {{note: {present}}}\n",
            "base/a.yaml": f"{deployment}}}\nspec: {{template: {{spec: {{}}}}}}\n",
            "kustomization.yaml": f"resources: [base]\npatches:\n- patch: |-\n    {patch}\n",
        }
    )
    assert body["metadata"]["annotations"] == {"note": "0o17"}
    assert body["spec"]["template"]["metadata"]["annotations"] == {"note": found}


def test_replacing_a_whole_object_by_directive_changes_nothing(objects: Objects) -> None:
    body = _patched(objects, f"{CONFIG_MAP}data: {{a: b}}\n", "$patch: replace")
    assert body["data"] == {"a": "b"}


def test_numbers_among_annotations_keep_their_spelling(objects: Objects) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: 1e3, b: 0o17}}\n"
    (body,) = objects({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert body["metadata"]["annotations"] == {"a": "1e3", "b": "0o17"}


def test_annotations_that_are_null_become_the_text_of_the_file(objects: Objects) -> None:
    annotations = "  annotations:\n    a:\n    b: null\n    c: ~\n"
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n{annotations}"
    (body,) = objects({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert body["metadata"]["annotations"] == {"a": "", "b": "null", "c": "~"}


def test_a_merge_drops_an_annotation_that_is_nothing(objects: Objects) -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n    a:\n    b: ~\n"
    )
    assert _patched(objects, text, "data: {x: y}")["metadata"]["annotations"] == {"b": "~"}


def test_a_merge_keeps_it_where_an_earlier_step_made_it_text(objects: Objects) -> None:
    files = {
        "kustomization.yaml": f"resources: [base]\n{MERGE}    data: {{x: z}}\n",
        "base/kustomization.yaml": "resources: [a.yaml]\nnamespace: ns\n",
        "base/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n"
        "  annotations:\n    a:\n",
    }
    (body,) = objects(files)
    assert body["metadata"]["annotations"] == {"a": ""}


def test_a_folded_annotation_is_not_folded_again(objects: Objects) -> None:
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations:\n"
        "    note: >\n      one\n       two\ndata:\n  note: >\n    one\n     two\n"
    )
    (body,) = objects({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert body["metadata"]["annotations"]["note"] == "one\n two\n"
    assert body["data"]["note"] == "one\n\n two\n"


@pytest.mark.parametrize(
    "operation",
    [
        "{op: add, path: /metadata/annotations/a, value: b}",
        "{op: replace, path: /metadata/annotations, value: {a: b}}",
    ],
)
def test_a_json_patch_meets_annotations_where_there_are_none(
    objects: Objects, operation: str
) -> None:
    patch = f"patches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n    - {operation}\n"
    files = {"kustomization.yaml": f"resources: [a.yaml]\n{patch}", "a.yaml": CONFIG_MAP}
    (body,) = objects(files)
    assert body["metadata"] == {"name": "c", "annotations": {"a": "b"}}


def test_removing_annotations_that_are_not_there_changes_nothing(objects: Objects) -> None:
    patch = "- {op: remove, path: /metadata/annotations}"
    text = (
        f"resources: [a.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n    {patch}\n"
    )
    (body,) = objects({"kustomization.yaml": text, "a.yaml": CONFIG_MAP})
    assert body["metadata"] == {"name": "c"}


def test_empty_annotations_are_dropped(objects: Objects) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {}, labels: {}}\n"
    (body,) = objects({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert body["metadata"] == {"name": "c", "labels": {}}


@pytest.mark.parametrize("key", ["1", "true", "~", "2001-01-01"])
def test_keys_that_read_as_something_else_are_refused(refused: Refused, key: str) -> None:
    text = f"resources: [a.yaml]\nlabels: [{{pairs: {{'{key}': x}}}}]\n"
    assert f"the key {key!r} reads as" in str(
        refused({"kustomization.yaml": text, "a.yaml": CONFIG_MAP})
    )


def test_a_separator_with_content_is_refused(refused: Refused) -> None:
    text = f"{CONFIG_MAP}--- !tag\n{CONFIG_MAP}"
    error = refused({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert "a separator of documents stands alone" in str(error)


def test_values_inside_of_yaml_text_are_replaced_where_they_stand(objects: Objects) -> None:
    inner = "data:\n  app.yaml: |\n    # why\n    b: 1\n    a: {x: 'y'}   # because\n"
    text = (
        "resources: [a.yaml]\nreplacements:\n- sourceValue: new\n  targets:\n"
        "  - select: {kind: ConfigMap}\n    fieldPaths: ['data.[app.yaml].a.x']\n"
    )
    (body,) = objects({"kustomization.yaml": text, "a.yaml": CONFIG_MAP + inner})
    assert body["data"]["app.yaml"] == "# why\nb: 1\na: {x: 'new'} # because"


def test_values_inside_of_json_text_are_replaced(objects: Objects) -> None:
    text = (
        "resources: [a.yaml]\nreplacements:\n- sourceValue: '5'\n  targets:\n"
        "  - select: {kind: ConfigMap}\n    fieldPaths: [data.j.b]\n"
    )
    inner = 'data:\n  j: \'{"b": 1, "a": "<"}\'\n'
    (body,) = objects({"kustomization.yaml": text, "a.yaml": CONFIG_MAP + inner})
    assert body["data"]["j"] == r'{"a":"\u003c","b":5}'


@pytest.mark.parametrize("patch", ["spec: {new: 1}", "spec: {m: {new: 1}}"])
def test_nothing_in_a_flow_map_is_dropped_by_a_merge(objects: Objects, patch: str) -> None:
    body = _patched(objects, f"{CONFIG_MAP}spec: {{m: {{a: , b}}}}\n", patch)
    assert body["spec"].get("new", 1) == 1
    assert body["spec"]["m"].keys() <= {"new"}


def test_nothing_in_a_flow_map_of_a_patch_deletes(objects: Objects) -> None:
    body = _patched(objects, f"{CONFIG_MAP}data: {{a: b, c: d}}\n", "data: {a: , e}")
    assert body["data"] == {"c": "d"}


def test_nothing_in_a_flow_map_is_a_text_else(rendered: Callable[..., str]) -> None:
    text = f"{CONFIG_MAP}data: {{a: , b}}\n"
    assert 'data:\n  a: ""\n  b: ""\n' in rendered(
        {"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text}
    )


def test_a_merge_by_target_shows_that_there_is_no_api_version(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml, target: {name: c}}]",
        "a.yaml": "kind: C\nmetadata: {name: c}\n",
        "p.yaml": "spec: {a: 1}\nkind: C\nmetadata: {name: c}\n",
    }
    assert objects(files)[0]["apiVersion"] is None


def test_notes_of_an_earlier_build_are_taken_away(objects: Objects) -> None:
    notes = (
        "{config.kubernetes.io/origin: 'path: x', alpha.config.kubernetes.io/transformations: y}"
    )
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  annotations: {notes}\n"
    (body,) = objects({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": text})
    assert "annotations" not in body["metadata"]


@pytest.mark.parametrize(
    "patches", ["patchesStrategicMerge: [p.yaml]", "patches: [{path: p.yaml, target: {name: c}}]"]
)
def test_labels_and_annotations_of_these_merge_patches_are_texts(
    objects: Objects, patches: str
) -> None:
    metadata = "{name: c, labels: {a: 0o17}, annotations: {b: null, x: ~}}"
    files = {
        "kustomization.yaml": f"resources: [a.yaml]\n{patches}",
        "a.yaml": CONFIG_MAP.replace("{name: c}", "{name: c, annotations: {x: y}}"),
        "p.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n",
    }
    (body,) = objects(files)
    assert body["metadata"]["labels"] == {"a": "0o17"}
    assert body["metadata"]["annotations"] == {"b": "null", "x": "~"}


LIST = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: c, annotations: {a: 1e3}}
  data: {plain: text}
"""


def test_a_list_alone_in_its_file_keeps_its_spelling(objects: Objects) -> None:
    body = _patched(objects, LIST, "data: {plain: 5}")
    assert body["metadata"]["annotations"] == {"a": "1e3"}
    assert body["data"] == {"plain": 5}


def test_a_list_among_documents_comes_through_json(objects: Objects) -> None:
    body = _patched(objects, f"{LIST}---\n", "data: {plain: 5}")
    assert body["metadata"]["annotations"] == {"a": "1000"}
    assert body["data"] == {"plain": "5"}


def test_numbers_of_merged_data_are_texts_as_typed(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [base]\nconfigMapGenerator:\n"
        "- {name: c, behavior: merge, literals: [x=y]}\n",
        "base/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "base/a.yaml": f"{CONFIG_MAP}data: {{a: 0x1F}}\n",
        "base/p.yaml": f"{CONFIG_MAP}data: {{b: 0o17}}\n",
    }
    assert objects(files)[0]["data"] == {"a": "0x1F", "b": "0o17", "x": "y"}


def test_a_variable_reaches_every_place_of_a_label(objects: Objects) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\n"
        "labels: [{pairs: {l: $(V)}, includeTemplates: true}]\n"
        "vars: [{name: V, objref: {apiVersion: apps/v1, kind: Deployment, name: web}}]\n",
        "a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
    }
    (body,) = objects(files)
    assert body["spec"]["template"]["metadata"]["labels"] == {"l": "web"}


def test_a_plugin_meets_annotations_that_upstream_hides(objects: Objects) -> None:
    plugin = (
        "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\n"
        "annotations: {by: plugin}\nfieldSpecs: [{path: metadata/annotations}]\n"
    )
    files = {"transformers.yaml": plugin, "a.yaml": CONFIG_MAP}
    fields = "resources: [a.yaml]\ntransformers: [transformers.yaml]\n"
    (body,) = objects({"kustomization.yaml": fields, **files})
    assert "annotations" not in body["metadata"]
    (body,) = objects({"kustomization.yaml": f"{fields}namePrefix: p-\n", **files})
    assert body["metadata"]["annotations"] == {"by": "plugin"}


def test_a_plugin_of_two_steps_is_noted_once(objects: Objects) -> None:
    plugin = (
        "apiVersion: builtin\nkind: PrefixSuffixTransformer\nmetadata: {name: t}\n"
        "prefix: a-\nsuffix: -b\nfieldSpecs: [{path: metadata/name}]\n"
    )
    files = {
        "kustomization.yaml": "resources: [a.yaml]\ntransformers: [t.yaml]\n"
        "buildMetadata: [transformerAnnotations]\n",
        "t.yaml": plugin,
        "a.yaml": CONFIG_MAP,
    }
    (body,) = objects(files)
    note = body["metadata"]["annotations"]["alpha.config.kubernetes.io/transformations"]
    assert note.count("configuredIn") == 1


@pytest.mark.parametrize(("text", "found"), [("2001-12-14", "5"), ("yes", "5"), ("word", 5)])
def test_after_a_json_patch_a_text_has_quotes_where_it_needs_them(
    objects: Objects, text: str, found: object
) -> None:
    files = {
        "base/kustomization.yaml": "resources: [a.yaml]\npatches:\n- target: {name: c}\n"
        '  patch: \'[{"op": "add", "path": "/data/x", "value": "y"}]\'\n',
        "base/a.yaml": f"{CONFIG_MAP}data: {{a: '{text}'}}\n",
        "kustomization.yaml": f"resources: [base]\n{MERGE}    data: {{a: 5}}\n",
    }
    assert objects(files)[0]["data"]["a"] == found


@pytest.mark.parametrize(
    ("patches", "names"), [("", ["c"]), (f"{MERGE}    data: {{a: b}}\n", ["c", "side"])]
)
def test_a_schema_hides_the_built_in_kinds_unless_a_patch_was_merged_before(
    objects: Objects, patches: str, names: list[str]
) -> None:
    containers = "{template: {spec: {containers: [{name: c, image: new}]}}}"
    files = {
        "kustomization.yaml": "resources: [a, b]\npatches: [{path: p.yaml}]\n",
        "a/kustomization.yaml": f"resources: [c.yaml]\n{patches}",
        "a/c.yaml": CONFIG_MAP,
        "b/kustomization.yaml": "resources: [d.yaml]\nopenapi: {path: s.json}\n",
        "b/s.json": '{"definitions": {}}',
        "b/d.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        "spec: {template: {spec: {containers: [{name: c}, {name: side}]}}}\n",
        "p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        f"spec: {containers}\n",
    }
    body = objects(files)[-1]
    found = body["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in found] == names
