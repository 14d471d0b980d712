"""A merge puts quotes around what an old reader would take for a boolean or a number, and a scalar
in quotes is a text whatever is written over it: the answers are kustomize's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

RealBuild = Callable[[Path], str | None]

OBJECT = """apiVersion: example.com/v1
kind: Custom
metadata: {name: c}
spec: {a: yes, in: {b: no}, plain: text}
"""
CASES = {
    "a merge alone": (("{a: TRUE}",), {"a": True}),
    "one passed it before": (("{new: 1}", "{a: TRUE}"), {"a": "TRUE"}),
    "an empty one passed it": (("{}", "{in: {b: FALSE}}"), {"in": {"b": "FALSE"}}),
    "one wrote over it before": (("{a: on}", "{a: TRUE}"), {"a": True}),
    "one wrote over it and one passed": (("{a: on}", "{new: 1}", "{a: 5}"), {"a": "5"}),
    "one added it": (("{new: yes}", "{new: TRUE}"), {"new": "TRUE"}),
    "one added what is no boolean": (("{new: text}", "{new: TRUE}"), {"new": True}),
    "one passed what is no boolean": (("{new: 1}", "{plain: TRUE}"), {"plain": True}),
}


LABELLED = """apiVersion: example.com/v1
kind: Custom
metadata: {name: c, labels: {n: VALUE}, annotations: {n: VALUE}}
spec: {n: VALUE}
"""
BY_TARGET = "patches: [{path: patch.yaml, target: {kind: Custom}}]\n"
TARGETED = {
    "a text": ("'x y'", -5, "-5"),
    "a text that ends in a space": ("'x '", -5, "-5"),
    "digits": ("'5'", "-5", "-5"),
    "what an old reader takes for a boolean": ("'yes'", "-5", "-5"),
    "two lines": ('"a\\nb"', "-5", "-5"),
    "no quotes": ("x", -5, -5),
}
"""A label and another field that a patch with a target added: what they are after the next one."""


def _labelled(value: str) -> dict[str, str]:
    return {
        "layer0/a.yaml": OBJECT,
        "layer0/kustomization.yaml": "resources: [a.yaml]\n",
        "layer1/patch.yaml": LABELLED.replace("VALUE", value),
        "layer1/kustomization.yaml": "resources: [../layer0]\n" + BY_TARGET,
        "layer2/patch.yaml": LABELLED.replace("VALUE", "-5"),
        "layer2/kustomization.yaml": "resources: [../layer1]\npatches: [{path: patch.yaml}]\n",
    }


def _renamed() -> dict[str, str]:
    """A patch whose name the object does not get; then one whose name it gets; JSON patches before
    and after, which write it anew.
    """
    operation = "- {op: add, path: /z, value: 1}\n"
    patch = LABELLED.replace("name: c", "name: '9'").replace("VALUE", "x")
    options = ", options: {allowNameChange: true}}]"
    files = {"layer0/a.yaml": OBJECT, "layer0/kustomization.yaml": "resources: [a.yaml]\n"}
    for number, text in enumerate((operation, patch, patch, operation), 1):
        files[f"layer{number}/patch.yaml"] = text
        by_target = BY_TARGET.replace("}]", options) if number == 3 else BY_TARGET
        files[f"layer{number}/kustomization.yaml"] = (
            f"resources: [../layer{number - 1}]\n{by_target}"
        )
    return files


def _files(specs: tuple[str, ...]) -> dict[str, str]:
    files = {"layer0/a.yaml": OBJECT, "layer0/kustomization.yaml": "resources: [a.yaml]\n"}
    for number, spec in enumerate(specs, 1):
        files[f"layer{number}/patch.yaml"] = OBJECT.replace(OBJECT.splitlines()[3], f"spec: {spec}")
        files[f"layer{number}/kustomization.yaml"] = (
            f"resources: [../layer{number - 1}]\npatches: [{{path: patch.yaml}}]\n"
        )
    return files


def _compare(
    files: dict[str, str],
    target: str,
    rendered: Callable[..., str],
    real_kustomize: RealBuild,
    root: Path,
) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    assert rendered(files, target) == real_kustomize(root / target)


@pytest.mark.parametrize("case", CASES)
def test_what_a_merge_writes_over_another_scalar(
    objects: Callable[..., list[dict[str, dict[str, object]]]], case: str
) -> None:
    specs, expected = CASES[case]
    (body,) = objects(_files(specs), f"layer{len(specs)}")
    found = {key: body["spec"][key] for key in expected}
    assert repr(found) == repr(expected)  # True is not 1, nor "TRUE"


@pytest.mark.parametrize("case", CASES)
def test_kustomize_says_the_same(
    rendered: Callable[..., str], real_kustomize: RealBuild, tmp_path: Path, case: str
) -> None:
    specs, _ = CASES[case]
    _compare(_files(specs), f"layer{len(specs)}", rendered, real_kustomize, tmp_path)


@pytest.mark.parametrize("case", TARGETED)
def test_what_a_patch_with_a_target_writes_anew(
    objects: Callable[..., list[dict[str, dict[str, object]]]], case: str
) -> None:
    value, in_labels, in_spec = TARGETED[case]
    (body,) = objects(_labelled(value), "layer2")
    metadata: dict[str, dict[str, object]] = body["metadata"]  # type: ignore[assignment]
    assert repr(metadata["labels"]["n"]) == repr(in_labels)
    assert metadata["annotations"]["n"] == "-5"  # always texts
    assert repr(body["spec"]["n"]) == repr(in_spec)


@pytest.mark.parametrize("case", TARGETED)
def test_kustomize_says_the_same_of_targets(
    rendered: Callable[..., str], real_kustomize: RealBuild, tmp_path: Path, case: str
) -> None:
    _compare(_labelled(TARGETED[case][0]), "layer2", rendered, real_kustomize, tmp_path)


def test_a_name_that_a_patch_gives_is_a_number_after_a_json_patch(
    rendered: Callable[..., str], real_kustomize: RealBuild, tmp_path: Path
) -> None:
    _compare(_renamed(), "layer4", rendered, real_kustomize, tmp_path)
