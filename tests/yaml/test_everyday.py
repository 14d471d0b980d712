"""The short way through YAML gives what the long way gives, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml import RESOURCE, SETTINGS, STRICT_SETTINGS
from toolkit.yaml.compose import compose
from toolkit.yaml.dialect import Dialect
from toolkit.yaml.everyday import everyday_documents
from toolkit.yaml.limits import DEFAULT_LIMITS

PIECES = st.sampled_from(
    (
        *("\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- ", "\n\n", "\n---\n", "\n   ", " "),
        *("a: ", "b: ", "name: ", "x:", "null", "~", "true", "yes", "1", "0777", "1e3", ".5", "-c"),
        *("word", "two words", "v1.2.3", "a/b", "12:30", "2001-12-14", "+1", "-", "...", "%"),
        *("'q'", "'it''s'", '"d"', '"\\n"', '"', "'", "[]", "{}", "[a, b]", "['a', 1]", "[", "]"),
        *("|", "|-", "|+", ">", "# c", " # c", "#", "&a ", "*a", "!t ", "<<: ", "?", ":", ",", "é"),
        *("{", "}", "$patch: ", "a.b/c: ", "=", "\t", "  "),
    )
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def in_full(text: str, dialect: Dialect) -> list[Any] | str:
    try:
        return compose(text, "", dialect, DEFAULT_LIMITS)
    except YamlError as error:
        return str(error)


def exactly(documents: object) -> str:
    """Also tells 1 from True, and one order of keys from another."""
    return repr(documents)


@pytest.mark.parametrize("dialect", [RESOURCE, SETTINGS, STRICT_SETTINGS])
@given(text=TEXTS)
def test_what_is_read_is_what_the_whole_of_yaml_gives(text: str, dialect: Dialect) -> None:
    documents = everyday_documents(text, dialect)
    assert documents is None or exactly(documents) == exactly(in_full(text, dialect))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "a: 1\nb:\n- x\n- y: 2\n  z: [a, 'b', 3]\nc: {}\n",
        "---\na: 'it''s' # so\n---\n---\nb: |\n  # no comment\n\n   more\nc: 1\n",
        "steps:\n  - - name: a\n    - name: b\n  - - name: c\n",
        "a:\nb: |-\n  x\n\n\nc: |+\n  y\n\n",
        "-\n- a\n-\n  b: 1\n",
        "  a: 1\n  b: 2\n",
        "a.b/c: $x\n$patch: delete\nüml: no\n".replace("üml", "uml"),
        "a: ünïcödé ☃ 😀\n",
        "a: {b: c, d: [e, {f: 'g, h'}], i: {}}\nj: [{k: 1}, [2]]\na2: { }\n",
    ],
)
def test_everyday_yaml_takes_the_short_way(text: str) -> None:
    assert exactly(everyday_documents(text, RESOURCE)) == exactly(in_full(text, RESOURCE))


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "a: >\n  folded\n",
        "a: 1\na: 2\n",
        "a: b\n  goes on\n",
        "a: b: c\n",
        "a:\tb\n",
        "a: 1\r\n",
        "a: .inf\n",
        "1: a\n",
        "<<: {}\n",
        "word\n",
        "a: |\n  no end of line",
        "a: |2\n   x\n",
        "a:\n   b: 1\n  c: 2\n",
        "--- a\n",
        "a: 1\n...\n",
        "%YAML 1.1\n---\na: 1\n",
        'a: "\\n"\n',
        "? a\n: b\n",
        "a: {b: , c: d}\n",
        "a: {b}\n",
        "a: {b: 1, b: 2}\n",
        "a: [1, ]\n",
        "a: [{]}\n",
        "a: {{ b }}\n",
        "a: [it's, he's]\n",
        "a: [b,\n  c]\n",
        "- " * 70 + "deep\n",
    ],
)
def test_all_else_takes_the_long_way(text: str) -> None:
    assert everyday_documents(text, RESOURCE) is None
