"""Our checker against the library: the same verdict on everything."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.repository.load import load_settings, settings_schema
from toolkit.repository.schema_check import problems
from toolkit.yaml import load_all

REFERENCE = jsonschema.Draft7Validator(settings_schema())
OURS = load_all((Path(__file__).parents[2] / "gitops.yaml").read_bytes())[0]
PLACES: list[tuple[str | int, ...]] = [
    ("defaultEnvironment",),
    ("environments",),
    ("environments", "staging"),
    ("environments", "staging", "overlay"),
    ("environments", "staging", "namespace"),
    ("environments", "staging", "compat"),
    ("environments", "staging", "deploy"),
    ("environments", "staging", "deploy", "branch"),
    ("environments", "staging", "sync", "guards"),
    ("environments", "staging", "sync", "guards", "maxPruneCount"),
    ("environments", "staging", "sync", "guards", "maxPrunePercent"),
    ("environments", "staging", "autostart"),
    ("environments", "staging", "unknown"),
    ("environments", "Wrong Name"),
    ("runtime",),
    ("runtime", "images"),
    ("runtime", "images", 0),
    ("runtime", "kind"),
    ("runtime", "images", 0, "entrypoint"),
    ("runtime", "images", 0, "onHost"),
    ("runtime", "images", 0, "python"),
    ("runtime", "images", 0, "path"),
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 200),
    st.sampled_from(["", "a", "argo", "kustomize", "Data", "env/x", "a" * 64, "b" * 63, "-a"]),
    st.just([]),
    st.just({}),
    st.just(["a"]),
    st.just([""]),
    st.just({"overlay": "a", "namespace": "b"}),
    st.just([{"pattern": "x", "path": []}]),
)


def changed(place: tuple[str | int, ...], value: Any) -> Any:
    body = copy.deepcopy(OURS)
    at: Any = body
    for part in place[:-1]:
        at = at[part]
    at[place[-1]] = value
    return body


@given(st.sampled_from(PLACES), VALUES)
def test_same_verdict_as_the_library(place: tuple[str | int, ...], value: Any) -> None:
    body = changed(place, value)
    assert bool(problems(body, settings_schema())) == bool(list(REFERENCE.iter_errors(body)))


def test_schema_is_a_valid_schema() -> None:
    jsonschema.Draft7Validator.check_schema(settings_schema())


def test_all_problems_are_found_not_only_the_first() -> None:
    body = changed(("environments", "staging", "compat"), "x")
    body["environments"]["staging"]["unknown"] = 1
    assert len(problems(body, settings_schema())) == 2


def test_keyword_we_do_not_know_fails_loudly() -> None:
    with pytest.raises(ValueError, match="uniqueItems"):
        problems([], {"type": "array", "uniqueItems": True})


def test_what_the_schema_takes_loads() -> None:
    text = (Path(__file__).parents[2] / "gitops.yaml").read_bytes()
    assert problems(load_all(text)[0], settings_schema()) == ()
    assert load_settings(text, "gitops.yaml").environments
