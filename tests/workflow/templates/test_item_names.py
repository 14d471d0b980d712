"""What the items of a loop are called, and what their parts stand for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolkit.workflow.substitution.loops import item_name, item_values

NAMES: list[tuple[Any, str]] = [
    ("plain", "a(0:plain)"),
    ("(in brackets)", "a(0:in brackets)"),
    ('say "so"', r"a(0:say \"so\")"),
    ("two\nlines", r"a(0:two\nlines)"),
    ("one & two <three>", "a(0:one & two <three>)"),
    ({"k": 'a "b"', "j": 1}, r"a(0:j:1,k:a \"b\")"),
    (["x\ty", 2], r"a(0:[x\ty 2])"),
    (1.5, "a(0:1.5)"),
]


@pytest.mark.parametrize(("item", "name"), NAMES)
def test_a_name_shows_its_item_as_json_without_quotes(item: Any, name: str) -> None:
    assert item_name("a", 0, item) == name


def test_a_text_stands_for_itself_but_is_escaped_in_a_map() -> None:
    text = 'a "b" & c\n'
    assert item_values(text) == {"item": text}
    values = item_values({"k": text})
    assert values["item.k"] == r"a \"b\" & c\n"
    assert json.loads(values["item"]) == {"k": text}
