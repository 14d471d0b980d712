"""Where a merge patch is shown to be wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toolkit.errors import BuildError

Refused = Callable[..., BuildError]

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
    "spec: {nodeSelector: {a: b}, containers: [{name: app, env: [{name: A, value: b}]}]}\n"
)
HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"


def inline(patch: str, options: str = "") -> dict[str, str]:
    text = "\n".join(f"    {line}" for line in patch.splitlines())
    kustomization = f"resources: [a.yaml]\npatches:\n- {options}\n  patch: |\n{text}\n"
    return {"kustomization.yaml": kustomization, "a.yaml": POD}


@pytest.mark.parametrize("options", ["options: {}", "target: {kind: Pod}"])
@pytest.mark.parametrize(
    ("patch", "place", "hint"),
    [
        ("spec:\n  nodeSelector: a\n", "9:21", "write a map there, as the object has"),
        ("spec:\n  containers: {name: app}\n", "9:19", "write a list there, as the object has"),
        (
            "spec:\n  containers:\n  - name: app\n    env: a\n",
            "11:14",
            "write a list there, as the object has",
        ),
        ("spec:\n  nodeSelector: {a: [b]}\n", "9:25", "write a text there, as the object has"),
        ("spec:\n  $patch: remove\n", "9:15", "it must be delete, replace or merge"),
    ],
)
def test_the_part_that_does_not_fit_is_shown(
    refused: Refused, options: str, patch: str, place: str, hint: str
) -> None:
    error = refused(inline(HEAD + patch, options))
    assert str(error.location) == f"kustomization.yaml:{place}"
    assert error.hints[0] == hint


def test_the_part_is_shown_in_the_file_of_a_patch(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "resources: [a.yaml]\npatches: [{path: p.yaml}]\n",
        "a.yaml": POD,
        "p.yaml": HEAD + "spec: {nodeSelector: a}\n",
    }
    assert str(refused(files).location) == "p.yaml:4:22"


def test_broken_yaml_within_a_kustomization_is_shown_there(refused: Refused) -> None:
    error = refused(inline("apiVersion: v1\nkind:Pod\nmetadata: {name: web}\n", "options: {}"))
    assert str(error).startswith("kustomization.yaml:6:5: the patch is no YAML: there is no space")
    assert error.excerpt == "    kind:Pod"


def test_a_patch_in_brackets_is_json(refused: Refused) -> None:
    error = refused(inline("[{op: remove, path: /spec}]", "target: {kind: Pod}"))
    assert error.message.endswith("it starts with '[', but is no JSON")
    assert error.hints == ("put its texts in double quotes; or begin each operation with '- '",)


def test_a_key_that_stands_twice_is_shown_in_an_inline_patch(refused: Refused) -> None:
    error = refused(inline(HEAD + "new:\n  a: 1\n  a: 2\n", "options: {}"))
    assert str(error.location) == "kustomization.yaml:10:7"


def test_a_field_of_an_inline_plugin_is_shown_in_it(refused: Refused) -> None:
    text = "transformers:\n- |\n  apiVersion: builtin\n  kind: PrefixTransformer\n"
    error = refused({"kustomization.yaml": f"{text}  metadata: {{name: a}}\n  prefix: [b]\n"})
    assert str(error.location) == "kustomization.yaml:6:11"


def test_a_broken_inline_plugin_is_not_taken_for_a_file(refused: Refused) -> None:
    text = "transformers:\n- |\n  apiVersion: builtin\n  kind: PrefixTransformer\n"
    error = refused({"kustomization.yaml": text})
    assert str(error) == "kustomization.yaml:3:3: the PrefixTransformer has no metadata.name"
