"""What is advised where a field has the wrong type, or is not known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from toolkit.errors import BuildError

Refused = Callable[..., BuildError]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("resources: a.yaml", "1:1", "write a list: [a.yaml]"),
        ("resources: 5", "1:1", "write a list: [FILE]"),
        ("resources: [[a.yaml]]", "1:13", "write the text alone: - a.yaml"),
        ("resources: [{path: a.yaml}]", "1:13", "write the text alone: - a.yaml"),
        ("- a.yaml", "1:1", "put `resources:` above the list"),
        ("resources", "1:1", "put a ':' behind resources"),
        ("a.yaml", "1:1", "start it with `resources:`, and list what it builds below"),
        ("", "1:1", "list what it builds under `resources:`"),
        ("images: nginx", "1:1", "write a list: [{name: IMAGE, newTag: TAG}]"),
        ("images: [nginx:1.2]", "1:10", 'write a map: {name: nginx, newTag: "1.2"}'),
        ("images: [a:5000/b]", "1:10", 'write a map: {name: a:5000/b, newTag: "TAG"}'),
        (
            "images: {name: a}",
            "1:1",
            "put '- ' before name, to make it the first entry of a list",
        ),
        ("images: [{name: a, tag: b}]", "1:20", "did you mean 'newTag'?"),
        ("labels: {app: web}", "1:1", "write a list: [{pairs: {app: web}}]"),
        ("labels: [{app: web}]", "1:11", "put it under `pairs:`, if app is a label"),
        ("commonLabels: [a]", "1:1", "write its entries without '- ', each as key: value"),
        ("commonLabels: a", "1:1", "write its entries below it, each as key: value"),
        ("commonLabels: {a: 1}", "1:16", 'put it in quotes: "1"'),
        ("replicas: {web: 2}", "1:1", "write a list: [{name: NAME, count: 2}]"),
        (
            "replicas: [{name: a, count: '2'}]",
            "1:22",
            "write a whole number, without quotes",
        ),
        ("patches: [p.yaml]", "1:11", "write a map: {path: p.yaml}"),
        (
            "patches: [{patch: {kind: A}}]",
            "1:12",
            "put '|-' behind `patch:`, to give the patch as a text",
        ),
        ("patches: [{target: Job, path: a}]", "1:12", "write a map: {kind: Deployment}"),
        (
            "patchesStrategicMerge: [{kind: A}]",
            "1:25",
            "put '|-' behind the '-', to give the object as a text; or name a file",
        ),
        (
            "configMapGenerator: [{name: a, literals: {b: c}}]",
            "1:32",
            "write a list: [key=value]",
        ),
        (
            "configMapGenerator: [{name: a, literals: [{b: c}]}]",
            "1:43",
            "write each entry as key=value",
        ),
        (
            "generatorOptions: {disableNameSuffixHash: 'true'}",
            "1:20",
            "write true or false, without quotes",
        ),
        ("namespace: [a]", "1:1", "write the text alone: namespace: a"),
        ("namespace: {name: a}", "1:1", "write one text behind `namespace:`"),
        ("openapi: a.json", "1:1", "write a map: {path: a.json}"),
        ("sortOptions: legacy", "1:1", "write a map: {order: legacy}"),
        (
            "kind: Deployment\nspec: {}",
            "1:1",
            "name the file otherwise, and list it under `resources:` of a kustomization",
        ),
        ("kind: kustomization\nresources: []", "1:1", "did you mean Kustomization?"),
        (
            "apiVersion: v1\nresources: [a]",
            "1:1",
            "drop the line: it is what is taken without one",
        ),
    ],
)
def test_a_kustomization_is_told_what_to_write(
    refused: Refused, text: str, place: str, hint: str
) -> None:
    error = refused({"kustomization.yaml": text + "\n" if text else ""})
    assert str(error.location) == f"kustomization.yaml:{place}"
    assert error.hints == (hint,)


@pytest.mark.parametrize("literals", ["hunter2", "[5432, hunter2]", "[{hunter2: 1}]", "[hunter2]"])
def test_literals_are_never_shown(refused: Refused, literals: str) -> None:
    text = f"secretGenerator: [{{name: a, literals: {literals}}}]\n"
    error = refused({"kustomization.yaml": text})
    shown = (error.message, *error.hints, error.excerpt or "")
    assert not any("hunter2" in each or "5432" in each for each in shown)


def test_a_literal_on_a_line_of_its_own_is_not_shown(refused: Refused) -> None:
    text = "secretGenerator:\n- name: a\n  literals:\n  - 5432\n"
    assert refused({"kustomization.yaml": text}).excerpt == "  - …"


def test_an_object_is_no_configuration(refused: Refused) -> None:
    files = {
        "kustomization.yaml": "configurations: [a.yaml]\n",
        "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    }
    error = refused(files)
    assert str(error) == "a.yaml:2:1: this is an object, not a configuration"
    assert "list objects under `resources:`" in error.hints[0]
