"""What may be meant by a file or folder that is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from toolkit.errors import BuildError

Refused = Callable[..., BuildError]

FILES = {
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": "kind: A\nmetadata: {name: a}\n",
    "base/crd/web.yaml": "kind: A\nmetadata: {name: b}\n",
}


def naming(name: str) -> Mapping[str, str]:
    return {**FILES, "top/kustomization.yaml": f"resources:\n- '{name}'\n"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("../base/deploymnt.yaml", "did you mean ../base/deployment.yaml?"),
        ("../base/deployment.yml", "did you mean ../base/deployment.yaml?"),
        ("../bas", "did you mean ../base?"),
        ("../bse/deployment.yaml", "did you mean ../base/deployment.yaml?"),
        ("../base/web.yaml", "did you mean ../base/crd/web.yaml?"),
        ("../base/*.yaml", "list the files one by one: a pattern is not taken"),
        ("nothing\\like.yaml", "put / between folders, not \\"),
        ("a/b.yaml", "there is no folder top/a: create it, or correct the path"),
    ],
)
def test_a_missing_file_is_told_where_it_may_be(refused: Refused, name: str, hint: str) -> None:
    error = refused(naming(name), "top")
    assert str(error.location) == "top/kustomization.yaml:2:3"
    assert error.hints == (hint,)


def test_an_ending_makes_no_names_alike(refused: Refused) -> None:
    (hint,) = refused(naming("../base/x.yaml"), "top").hints
    assert hint.startswith("create it in base, or correct the path")


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("bases", "did you mean base?"),
        ("nothing", "name a folder with a kustomization: nothing like it is in the current folder"),
        ("", "name a folder that has one: base"),
        ("base/crd", "name a folder with one, or create it there with a `resources:` list"),
    ],
)
def test_a_target_is_told_what_to_build(refused: Refused, target: str, hint: str) -> None:
    assert refused(FILES, target).hints == (hint,)


@pytest.mark.parametrize("name", ["kustomisation.yaml", "Kustomization.yaml", "kustomization.yam"])
def test_a_kustomization_with_another_name_is_to_be_renamed(refused: Refused, name: str) -> None:
    error = refused({f"base/{name}": "resources: []\n"}, "base")
    assert error.hints == (f"rename base/{name} to kustomization.yaml",)


def test_a_kustomization_is_no_resource(refused: Refused) -> None:
    files = {**FILES, "kustomization.yaml": "resources: [base/kustomization.yaml]\n"}
    error = refused(files)
    assert str(error.location) == "kustomization.yaml:1:13"
    assert error.hints == ("name its folder: base",)


def test_a_missing_file_of_a_generator_is_shown_where_it_is_named(refused: Refused) -> None:
    text = "configMapGenerator:\n- name: a\n  files:\n  - a=b.txt\n  envs: []\n"
    assert str(refused({"kustomization.yaml": text}).location) == "kustomization.yaml:4:5"
