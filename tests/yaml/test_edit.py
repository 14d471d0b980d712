from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml import load_all
from toolkit.yaml.edit import append_item, set_value

TEXT = """\
# head
kind: CronWorkflow   # what
metadata:
  name: 'x'
  labels: {a: "1"}

spec:
  schedule: "* * * * *" # minutely
  suspend:
  # about the script
  script: |
    a
    b

  list:
  - name: one   # first
    args: [1]
  - name: two
# tail
---
kind: Second
"""


def changed_lines(before: str, after: str) -> list[str]:
    """Lines that were added, in order; all others must stay."""
    import difflib

    delta = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [line for line in delta if line[:1] in "+-"]


@pytest.mark.parametrize(
    ("path", "value", "lines"),
    [
        (("kind",), "B", ["- kind: CronWorkflow   # what", "+ kind: B   # what"]),
        (("metadata", "name"), "y's", ["-   name: 'x'", "+   name: 'y''s'"]),
        (
            ("spec", "schedule"),
            "5 * * * *",
            ['-   schedule: "* * * * *" # minutely', '+   schedule: "5 * * * *" # minutely'],
        ),
        (("spec", "suspend"), True, ["-   suspend:", "+   suspend: true"]),
        (
            ("metadata", "labels", "b"),
            "yes",
            ['-   labels: {a: "1"}', '+   labels: {a: "1", b: "yes"}'],
        ),
        (("metadata", "annotations", "k/x"), "v", ["+   annotations:", "+     k/x: v"]),
        (
            ("spec", "list", 0, "extra"),
            [1, {"a": 2}],
            ["+     extra:", "+     - 1", "+     - a: 2"],
        ),
        (("spec", "list", 1, "name"), "2", ["-   - name: two", "+   - name: '2'"]),
        (("top",), {"a": 1}, ["+ top:", "+   a: 1"]),
    ],
)
def test_only_the_lines_of_the_value_change(path, value, lines):
    edited = set_value(TEXT, path, value)
    assert changed_lines(TEXT, edited) == lines


def test_the_second_document_can_be_edited():
    assert set_value(TEXT, ("kind",), "B", document=1) == TEXT.replace("Second", "B")


def test_an_item_is_added_before_the_comment_at_the_end():
    edited = append_item(TEXT, ("spec", "list"), {"name": "three", "k": 3})
    assert changed_lines(TEXT, edited) == ["+   - name: three", "+     k: 3"]
    assert edited.index("three") < edited.index("# tail")


def test_a_list_is_added_where_there_is_none():
    edited = append_item(TEXT, ("images",), {"name": "a", "newTag": "1.0"})
    assert changed_lines(TEXT, edited) == ["+ images:", "+ - name: a", '+   newTag: "1.0"']
    assert append_item("a: 1\nimages: []\n", ("images",), "x") == "a: 1\nimages: [x]\n"


def test_windows_line_ends_stay():
    assert set_value("a:\r\n  b: 1\r\nc: 2\r\n", ("a", "d"), 3) == (
        "a:\r\n  b: 1\r\n  d: 3\r\nc: 2\r\n"
    )


def test_a_key_is_added_after_a_block_of_text_without_touching_it():
    text = "a: |\n  x\n\n# note\nb: 1\n"
    assert set_value("s:\n" + "  a: |\n    x\n\nb: 1\n", ("s", "c"), 1) == (
        "s:\n  a: |\n    x\n  c: 1\n\nb: 1\n"
    )
    assert set_value(text, ("c",), 1) == text + "c: 1\n"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("spec", "script"), "x", "f.yaml:11:11"),
        (("spec", "list"), "x", "f.yaml:16:3"),
        (("spec", "list", 9), "x", "f.yaml:16:3"),
        (("kind", "x"), "x", "f.yaml:2:7"),
    ],
)
def test_a_place_that_cannot_be_edited_is_named(path, value, place):
    with pytest.raises(YamlError) as caught:
        set_value(TEXT, path, value, file="f.yaml")
    assert str(caught.value.location) == place


def test_an_alias_is_not_edited():
    with pytest.raises(YamlError):
        set_value("a: &x 1\nb: *x\n", ("b",), 2)


_keys = st.text(alphabet="ab c:#-1", min_size=1, max_size=6)
_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(alphabet="ab '\":#,[]{}-1\n", max_size=9)
)


@given(
    st.dictionaries(_keys, st.dictionaries(_keys, _leaves, max_size=3), max_size=3), _keys, _leaves
)
def test_an_edit_is_exact_or_refused(body, key, value):
    from toolkit.yaml import emit

    text = emit({"first": 1, **body})
    edited = set_value(text, ("added", key), value) if "added" not in body else text
    assert load_all(edited)[0].get("added", {key: value})[key] == value
