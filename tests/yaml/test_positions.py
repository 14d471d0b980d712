from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml.positions import Positions

TEXT = """\
# a comment
kind: A
spec:
  list:
  - name: one
    value: |
      text
  - {name: two}
base: &base
  deep: 1
copy: *base
merged:
  <<: *base
  own: 2
---
kind: B
"""


@pytest.mark.parametrize(
    ("document", "path", "value", "key"),
    [
        (0, (), "2:1", "2:1"),
        (0, ("kind",), "2:7", "2:1"),
        (0, ("spec",), "4:3", "3:1"),
        (0, ("spec", "list", 0, "value"), "6:12", "6:5"),
        (0, ("spec", "list", 1), "8:5", "8:5"),
        (0, ("spec", "list", 1, "name"), "8:12", "8:6"),
        (0, ("copy", "deep"), "10:9", "10:3"),
        (0, ("merged", "deep"), "10:9", "10:3"),
        (0, ("merged", "own"), "14:8", "14:3"),
        (1, ("kind",), "16:7", "16:1"),
    ],
)
def test_values_and_keys_are_found(document, path, value, key):
    positions = Positions(TEXT, "f.yaml")
    assert str(positions.locate(document, path)) == f"f.yaml:{value}"
    assert str(positions.locate(document, path, of_key=True)) == f"f.yaml:{key}"


@pytest.mark.parametrize(
    "path", [("spec", "list", 7, "x"), ("spec", "list", "x"), ("spec", "list")]
)
def test_a_path_that_is_not_there_gives_its_nearest_ancestor(path):
    assert str(Positions(TEXT, "f.yaml").locate(0, path)) == "f.yaml:5:3"


def test_a_document_that_is_not_there_gives_the_file():
    assert str(Positions(TEXT, "f.yaml").locate(5, ("a",))) == "f.yaml"


def test_the_excerpt_is_the_line():
    positions = Positions(TEXT, "f.yaml")
    assert positions.excerpt(positions.locate(0, ("spec", "list", 1))) == "  - {name: two}"


def test_a_broken_text_has_the_positions_before_the_break():
    positions = Positions("a: 1\n---\nb: 'x\n", "f.yaml")
    assert str(positions.locate(0, ("a",))) == "f.yaml:1:4"
    assert str(positions.locate(1, ("b",))) == "f.yaml"


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_location_or_our_error(content):
    with suppress(YamlError):
        assert Positions(content, "f").locate(0, ("a", 0)).path == "f"
