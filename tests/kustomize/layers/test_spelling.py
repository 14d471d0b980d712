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


def _files(specs: tuple[str, ...]) -> dict[str, str]:
    files = {"layer0/a.yaml": OBJECT, "layer0/kustomization.yaml": "resources: [a.yaml]\n"}
    for number, spec in enumerate(specs, 1):
        files[f"layer{number}/patch.yaml"] = OBJECT.replace(OBJECT.splitlines()[3], f"spec: {spec}")
        files[f"layer{number}/kustomization.yaml"] = (
            f"resources: [../layer{number - 1}]\npatches: [{{path: patch.yaml}}]\n"
        )
    return files


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
    files = _files(specs)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    target = f"layer{len(specs)}"
    assert rendered(files, target) == real_kustomize(tmp_path / target)
