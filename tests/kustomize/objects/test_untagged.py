"""What becomes of a scalar that a step wrote without a type: the answers are kustomize's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.kustomize.objects.untagged import Untagged, settle, visited

RealBuild = Callable[[Path], str | None]

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec: {{template: {{spec: {{containers: [{{name: c0, image: {image}}}]}}}}}}
"""
IMAGE = "spec.template.spec.containers.0.image"
MERGE = """patches:
- target: {kind: Deployment}
  patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {y: 1}}'
"""
JSON = """patches:
- target: {kind: Deployment}
  patch: '- {op: add, path: /spec/y, value: 1}'
"""
RENAMED = """patches:
- target: {kind: Deployment}
  options: {allowNameChange: true}
  patch: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: '9'}, spec: {made: '3'}}"
"""
VALUE = """transformers:
- |-
  apiVersion: builtin
  kind: ValueAddTransformer
  metadata: {name: v}
  value: '80'
  targets: [{selector: {kind: Deployment}, fieldPath: spec/made}]
"""


def _made(text: str, path: str = "spec.made") -> str:
    return (
        f"replacements: [{{sourceValue: '{text}', targets: [{{select: {{kind: Deployment}}, "
        f"options: {{create: true}}, fieldPaths: [{path}]}}]}}]\n"
    )


def _files(name: str, image: str, layers: tuple[str, ...]) -> dict[str, str]:
    files = {"layer0/a.yaml": DEPLOYMENT.format(name=name, image=image)}
    for number, fields in enumerate(("resources: [a.yaml]\n", *layers)):
        below = f"resources: [../layer{number - 1}]\n" if number else ""
        files[f"layer{number}/kustomization.yaml"] = below + fields
    return files


FIRST_PART = """replacements:
- source: {kind: Deployment, fieldPath: IMAGE, options: {delimiter: ':', index: 0}}
  targets:
  - select: {kind: Deployment}
    options: {create: true}
    fieldPaths: [spec.part]
""".replace("IMAGE", IMAGE)
NINE = "images: [{name: nginx, newTag: '9'}]\n"
EIGHTY = "images: [{name: nginx, newName: '80'}]\n"
CASES = {
    "a text stays text": ("a", "nginx", (_made("80", IMAGE),), IMAGE, "80"),
    "an image that was set": ("a", "nginx", (NINE, _made("80", IMAGE)), IMAGE, 80),
    "quotes stay": ("a", "'nginx'", (NINE, _made("80", IMAGE)), IMAGE, "80"),
    "an image set to digits": ("a", "nginx", (EIGHTY,), IMAGE, 80),
    "a merge passes it": ("a", "nginx", (EIGHTY, MERGE), IMAGE, "80"),
    "written again": ("a", "nginx", (EIGHTY, _made("abc", IMAGE)), IMAGE, "abc"),
    "a made field": ("a", "nginx", (_made("80"),), "spec.made", 80),
    "a made field, merged": ("a", "nginx", (_made("80"), MERGE), "spec.made", "80"),
    "a made field, merged, then text": (
        *("a", "nginx", (_made("80"), MERGE, _made("1e3"))),
        *("spec.made", "1e3"),
    ),
    "a made text over a number": ("a", "nginx", (_made("80"), _made("abc")), "spec.made", "abc"),
    "a made part that is empty": (
        *("a", "':b'", (_made("x"), FIRST_PART)),
        *("spec.part", ""),
    ),
    "a made date": ("a", "nginx", (_made("2001-01-01"),), "spec.made", "2001-01-01T00:00:00Z"),
    "JSON gives the type": ("a", "nginx", (_made("abc"), JSON, _made("80")), "spec.made", "80"),
    "a name with a prefix": ("e5", "nginx", ("namePrefix: '1'\n",), "metadata.name", 100_000.0),
    "a name in quotes": ("'e5'", "nginx", ("namePrefix: '1'\n",), "metadata.name", "1e5"),
    "a name, merged": ("5", "nginx", (MERGE,), "metadata.name", 5),
    "a name in quotes, merged": ("'5'", "nginx", (MERGE,), "metadata.name", "5"),
    "a name over one without quotes": (
        *("e5", "nginx", (JSON, _made("80", "metadata.name"), RENAMED)),
        *("metadata.name", 9),
    ),
    "a patch over a made field": (
        *("a", "nginx", (_made("null"), RENAMED, VALUE)),
        *("spec.made", 80),
    ),
    "an annotation": ("a", "nginx", (_made("0o17", "metadata.annotations.a"),), "", "0o17"),
    "an annotation, through JSON": (
        *("a", "nginx", (_made("0o17", "metadata.annotations.a"), JSON)),
        *("", "15"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_scalar_without_a_type(objects: Callable[..., list[dict[str, Any]]], case: str) -> None:
    name, image, layers, path, found = CASES[case]
    value: Any = objects(_files(name, image, layers), f"layer{len(layers)}")[0]
    for part in path.split(".") if path else ("metadata", "annotations", "a"):
        value = value[int(part)] if part.isdigit() else value[part]
    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize("case", CASES)
def test_kustomize_says_the_same(
    rendered: Callable[..., str], real_kustomize: RealBuild, tmp_path: Path, case: str
) -> None:
    name, image, layers, _, _ = CASES[case]
    files = _files(name, image, layers)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    target = f"layer{len(layers)}"
    assert rendered(files, target) == real_kustomize(tmp_path / target)


def test_settling_gives_each_scalar_its_type() -> None:
    body = {"a": [Untagged("80"), "80"], "b": {"c": Untagged("abc"), "d": Untagged("null")}}
    assert settle(body) == {"a": [80, "80"], "b": {"c": "abc", "d": None}}
    assert type(body["b"]["c"]) is str  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "is_settled"),
    [("80", True), ("on", True), ("1:20", False), ("2001-01-01", False), ("", False)],
)
def test_a_merge_quotes_what_an_old_reader_would_misread(text: str, is_settled: bool) -> None:
    assert (type(visited(Untagged(text))) is str) is is_settled


def test_a_result_holds_plain_texts(built: Callable[..., Any]) -> None:
    result = built(_files("a", "nginx", (NINE,)), "layer1")
    (resource,) = result.resources
    container = resource.body["spec"]["template"]["spec"]["containers"][0]
    assert type(container["image"]) is str
