"""Files as people write them: what an edit gives, byte for byte."""

from __future__ import annotations

import pytest

from toolkit.errors import YamlError
from toolkit.yaml import load_all
from toolkit.yaml.edit import append_item, remove_value, rename_key, set_value

SETS = {
    "a comment with tabs stays": (
        "a: 1\t# one\ttab\nb: 2\n",
        ("b",),
        3,
        "a: 1\t# one\ttab\nb: 3\n",
    ),
    "tabs in brackets stay": (
        "a: {\n\tb: 1,\n\tc: 2\n}\n",
        ("a", "c"),
        3,
        "a: {\n\tb: 1,\n\tc: 3\n}\n",
    ),
    "a tab is no part of a value": ("a: x\t# c\n", ("a",), "z", "a: z\t# c\n"),
    "windows line ends": (
        "a: 1\r\nb:\r\n  c: 2\r\n",
        ("b", "d"),
        3,
        "a: 1\r\nb:\r\n  c: 2\r\n  d: 3\r\n",
    ),
    "mixed line ends": ("a: 1\nb: 2\r\nc: 3\n", ("b",), 4, "a: 1\nb: 4\r\nc: 3\n"),
    "a byte order mark": ("\ufeffa: 1\n", ("b",), 2, "\ufeffa: 1\nb: 2\n"),
    "no line end at the end": ("a: 1", ("b",), 2, "a: 1\nb: 2"),
    "no line end, windows": ("a: 1\r\nb: 2", ("c",), 3, "a: 1\r\nb: 2\r\nc: 3"),
    "nothing before a comment": ("a:   # why\nb: 1\n", ("a",), 2, "a: 2   # why\nb: 1\n"),
    "nothing, then comments": ("a:\n# why\nb: 1\n", ("a",), 2, "a: 2\n# why\nb: 1\n"),
    "null": ("a: ~ # none\n", ("a",), "x", "a: x # none\n"),
    "a mapping in the place of nothing": (
        "metadata:\n  labels: # none\nspec: {}\n",
        ("metadata", "labels", "a"),
        "b",
        "metadata:\n  labels: # none\n    a: b\nspec: {}\n",
    ),
    "an anchor stays": ("a: &x 1 # c\nb: 2\n", ("a",), 3, "a: &x 3 # c\nb: 2\n"),
    "a tag stays": ("a: !!str 5\n", ("a",), "x", "a: !!str x\n"),
    "the key's own anchor": ("a: &x {b: 1}\n", ("a", "c"), 2, "a: &x {b: 1, c: 2}\n"),
    "double quotes stay": ('a: "x" # c\n', ("a",), "y", 'a: "y" # c\n'),
    "single quotes stay": ("a: 'x'\n", ("a",), "1.0", "a: '1.0'\n"),
    "quotes come only where needed": ("a: v1\n", ("a",), "1.0", "a: '1.0'\n"),
    "a new value has double quotes": ("a: v1\n", ("b",), "1.0", 'a: v1\nb: "1.0"\n'),
    "a text in several lines": ("a: one\n  two # c\nb: 1\n", ("a",), "x", "a: x # c\nb: 1\n"),
    "true is spelled as false was": ("a: False\nb: FALSE\n", ("a",), True, "a: True\nb: FALSE\n"),
    "deeper steps are kept": (
        "a:\n    b:\n        c: 1\n",
        ("a", "d", "e"),
        1,
        "a:\n    b:\n        c: 1\n    d:\n        e: 1\n",
    ),
    "after a long text": (
        "a:\n  b: |\n    x\n\n    # no comment\n  # a comment\nc: 1\n",
        ("a", "d"),
        1,
        "a:\n  b: |\n    x\n\n    # no comment\n  d: 1\n  # a comment\nc: 1\n",
    ),
    "after a text that keeps its end": (
        "a:\n  b: |+\n    x\n\nc: 1\n",
        ("a", "d"),
        1,
        "a:\n  b: |+\n    x\n\n  d: 1\nc: 1\n",
    ),
    "after a text with its own indentation": (
        "a:\n  b: |2\n     x\n    y\nc: 1\n",
        ("a", "d"),
        1,
        "a:\n  b: |2\n     x\n    y\n  d: 1\nc: 1\n",
    ),
    "after an empty text": ("a:\n  b: |\nc: 1\n", ("a", "d"), 1, "a:\n  b: |\n  d: 1\nc: 1\n"),
    "after a folded text": (
        "a:\n  b: >-\n    x\n    y\n\n\nc: 1\n",
        ("a", "d"),
        1,
        "a:\n  b: >-\n    x\n    y\n  d: 1\n\n\nc: 1\n",
    ),
    "after an alias": (
        "a: &x 1\nb:\n  c: *x # c\n",
        ("b", "d"),
        2,
        "a: &x 1\nb:\n  c: *x # c\n  d: 2\n",
    ),
    "over a merge key": (
        "a: &x {k: 1}\nb:\n  <<: *x\n",
        ("b", "k"),
        2,
        "a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n",
    ),
    "json": ('{"a": "b"}\n', ("c",), "d", '{"a": "b", "c": "d"}\n'),
    "json of several lines": (
        '{\n  "a": "b", # c\n  "d": 1\n}\n',
        ("e",),
        [1],
        '{\n  "a": "b", # c\n  "d": 1,\n  "e": [1]\n}\n',
    ),
    "brackets with a comma at the end": (
        "a: {\n  b: 1, # c\n}\n",
        ("a", "d"),
        2,
        "a: {\n  b: 1, # c\n  d: 2,\n}\n",
    ),
    "a comma in brackets": ("a: {b: 1}\n", ("a", "b"), "x,y", "a: {b: 'x,y'}\n"),
    "a text of several lines is written as such": (
        "a: 1\n",
        ("b",),
        "x\n  y\n",
        "a: 1\nb: |\n  x\n    y\n",
    ),
    "no astral character is harmed": ("a: '😀' # é\n", ("a",), "😀é", "a: '😀é' # é\n"),
    "an empty file": ("", ("a",), [1], "a:\n- 1\n"),
    "nothing but comments": ("# head\n\n", ("a",), 1, "# head\na: 1\n\n"),
    "a document start": (
        "%YAML 1.1\n---\n# c\na: 1\n...\n",
        ("a",),
        2,
        "%YAML 1.1\n---\n# c\na: 2\n...\n",
    ),
    "a complex key": ("? a\n: b # c\n", ("a",), "d", "? a\n: d # c\n"),
    "the last of equal keys": ("a: 1\nb: 2\n", ("b",), 3, "a: 1\nb: 3\n"),
}


@pytest.mark.parametrize(("before", "path", "value", "after"), SETS.values(), ids=SETS.keys())
def test_set(before, path, value, after):
    assert set_value(before, path, value) == after


APPENDS = {
    "indented": (
        "r:\n  - a # one\n  # none\nx: 1\n",
        "b",
        "r:\n  - a # one\n  - b\n  # none\nx: 1\n",
    ),
    "not indented": ("r:\n- a\n\nx: 1\n", "b", "r:\n- a\n- b\n\nx: 1\n"),
    "wide dashes": ("r:\n-   a: 1\n", {"a": 2, "b": 3}, "r:\n-   a: 1\n-   a: 2\n    b: 3\n"),
    "quoted like the others": ('r:\n- "a"\n', "b", 'r:\n- "a"\n- "b"\n'),
    "brackets": ("r: [a, b] # c\n", "c", "r: [a, b, c] # c\n"),
    "brackets, a line each": (
        "r: [\n  a, # one\n  b # two\n]\n",
        "c",
        "r: [\n  a, # one\n  b, # two\n  c\n]\n",
    ),
    "empty brackets": ("x:\n  - 1\nr: [] # none\n", "a", "x:\n  - 1\nr: [a] # none\n"),
    "empty brackets, a mapping": (
        "x:\n  - 1\nr: [] # none\n",
        {"a": 1},
        "x:\n  - 1\nr: # none\n  - a: 1\n",
    ),
    "nothing": ("r: # none yet\nx: 1\n", "a", "r: # none yet\n- a\nx: 1\n"),
    "missing": ("x:\n  - 1", "a", "x:\n  - 1\nr:\n  - a"),
    "after an empty item": ("r:\n- a\n-\n", "b", "r:\n- a\n-\n- b\n"),
    "after an alias": ("x: &x 1\nr:\n- *x\n", 2, "x: &x 1\nr:\n- *x\n- 2\n"),
    "after a text": ("r:\n- |-\n  a\n\n  b\n# c\n", "x", "r:\n- |-\n  a\n\n  b\n- x\n# c\n"),
    "a text of several lines": (
        "r:\n  - a: 1\n",
        {"a": "x\ny"},
        "r:\n  - a: 1\n  - a: |-\n      x\n      y\n",
    ),
}


@pytest.mark.parametrize(("before", "item", "after"), APPENDS.values(), ids=APPENDS.keys())
def test_append(before, item, after):
    assert append_item(before, ("r",), item) == after


REMOVALS = {
    "an item and the comment beside it": (
        "r:\n  # of a\n  - a # one\n  - b # two\n",
        ("r", 0),
        "r:\n  # of a\n  - b # two\n",
    ),
    "the only item, and so its list": (
        "x: 1\n# c\nr:\n  - a\ny: 2\n",
        ("r", 0),
        "x: 1\n# c\ny: 2\n",
    ),
    "the last line, without a line end": ("a: 1\nb: 2", ("b",), "a: 1"),
    "the last line, windows": ("a: 1\r\nb: 2", ("b",), "a: 1"),
    "what holds nothing else": ("a:\n  b:\n    - c: 1\nd: 2\n", ("a", "b", 0, "c"), "d: 2\n"),
    "the first key of an item": ("r:\n- a: 1 # c\n  b: 2\n", ("r", 0, "a"), "r:\n- b: 2\n"),
    "in brackets, first": ("r: [a, b, c]\n", ("r", 0), "r: [b, c]\n"),
    "in brackets, last": ("r: [a, b, c] # c\n", ("r", 2), "r: [a, b] # c\n"),
    "in brackets, only": ("r: [ a ]\n", ("r", 0), "r: []\n"),
    "in brackets, a line each": (
        "r: [\n  a, # one\n  b # two\n]\n",
        ("r", 1),
        "r: [\n  a # one\n]\n",
    ),
    "in braces": ("r: {a: 1, b: 2}\n", ("r", "b"), "r: {a: 1}\n"),
    "a text": ("a: |\n  x\n\n  y\n\nb: 1\n", ("a",), "\nb: 1\n"),
    "everything": ("# head\na: 1\n", ("a",), "# head\n"),
}


@pytest.mark.parametrize(("before", "path", "after"), REMOVALS.values(), ids=REMOVALS.keys())
def test_remove(before, path, after):
    assert remove_value(before, path) == after


REFUSALS = {
    "an alias": ("a: &x 1\nb: *x\n", ("b",), "f.yaml:2:4: this value is the alias *x"),
    "what an alias names": ("a: &x 1\nb: *x\n", ("a",), "f.yaml:1:4: line 2 uses this as *x"),
    "an alias in a list": ("r: [&x a, *x]\n", ("r", 1), "f.yaml:1:11: this value is the alias *x"),
    "a block of text": ("a: |\n  b\n", ("a",), "f.yaml:1:4: a block of text is not edited"),
    "a list": ("a: [1]\n", ("a",), "f.yaml:1:4: a list or mapping is not replaced"),
    "past the end of a list": ("a: [1]\n", ("a", 3), "f.yaml:1:4: there is no 3 here"),
    "below a value": ("a: 1\n", ("a", "b"), "f.yaml:1:4: there is no 'b' here"),
}


@pytest.mark.parametrize(("text", "path", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_set_is_named_with_its_place(text, path, message):
    with pytest.raises(YamlError) as caught:
        set_value(text, path, "z", file="f.yaml")
    assert str(caught.value).startswith(message)


def test_a_place_in_a_later_document_counts_from_the_top():
    text = "a: 1\n---\n# c\nb: |\n  x\n"
    with pytest.raises(YamlError) as caught:
        set_value(text, ("b",), 1, document=1, file="f.yaml")
    assert str(caught.value.location) == "f.yaml:4:4"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("r: [\n  a, # one\n  b ]\n", ("r", 1)),
        ("r:\n- a: 1\n  # about b\n  b: 2\n", ("r", 0, "a")),
    ],
)
def test_no_comment_is_eaten_with_what_stands_beside_it(text, path):
    with pytest.raises(YamlError, match="a comment would go with this"):
        remove_value(text, path)


def test_what_is_used_elsewhere_is_not_removed():
    with pytest.raises(YamlError, match=r"line 3 uses this as \*x"):
        remove_value("a:\n  b: &x 1\nc: *x\n", ("a",))


def test_each_document_is_edited_alone():
    text = "# one\na: 1\n--- # two\na: 1\n---\n\n# three\na: 1 # last\n"
    assert set_value(text, ("a",), 2, document=1) == text.replace("two\na: 1", "two\na: 2")
    assert append_item(text, ("r",), 1, document=2) == text + "r:\n- 1\n"
    assert remove_value(text, ("a",), document=2) == text.replace("a: 1 # last\n", "")


@pytest.mark.parametrize("text", ["a: 1 # c\nb: 2\n", "'a' : 1 # c\nb: 2\n", '{"a": 1, "b": 2}\n'])
def test_a_key_is_renamed_in_its_place(text):
    assert rename_key(text, ("a",), "z") == text.replace("a", "z", 1)
    assert load_all(rename_key(text, ("a",), "z")) == [{"z": 1, "b": 2}]


def test_a_value_that_is_so_already_is_not_touched():
    for text, value in [
        ("a: 'x'  # c\n", "x"),
        ("a: 0x10\n", 16),
        ("a: {b: [1 ,2]}\n", {"b": [1, 2]}),
    ]:
        assert set_value(text, ("a",), value) == text
