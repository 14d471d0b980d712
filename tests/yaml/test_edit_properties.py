"""Edits of random texts: only the lines that must change do, and back again."""

from __future__ import annotations

import difflib
import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml import emit, load_all
from toolkit.yaml.edit import append_item, remove_value, set_value
from toolkit.yaml.edit_documents import split_documents
from toolkit.yaml.edit_values import same

_KEYS = st.sampled_from(["a", "b", "key", "1", "on", "k: x", "é", "a/b.c"])
_TEXTS = st.text(alphabet="ab1 '\"#:,[]{}-\n\t\\é😀", max_size=8)
_SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | _TEXTS
_BODIES = st.dictionaries(
    _KEYS,
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)
_NOISE = st.sampled_from(["", "# c", "\t# tab", "   # x: 1", "#"])


@st.composite
def _texts(draw):
    """A body as kustomize prints it, with comments, empty lines, and some line ends."""
    lines = emit(draw(_BODIES)).splitlines()
    noisy = []
    for line in lines:
        if draw(st.integers(0, 5)) == 0:
            noisy.append(draw(st.sampled_from(["", "# between", "   # set in"])))
        noise = draw(_NOISE)
        noisy.append(line + " " + noise if noise and line[-1:] not in "|-+>" else line)
    text = "\n".join(noisy) + draw(st.sampled_from(["", "\n", "\n\n# tail\n"]))
    text = draw(st.sampled_from(["", "\ufeff", "# head\n"])) + text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


_FEW = settings(max_examples=30, deadline=None)


def _bodies(text):
    try:
        return load_all(text)
    except YamlError:  # the noise broke a text of several lines
        assume(False)


def _leaves(body, path=()):
    if isinstance(body, dict):
        return [leaf for key, one in body.items() for leaf in _leaves(one, (*path, key))]
    if isinstance(body, list):
        return [leaf for index, one in enumerate(body) for leaf in _leaves(one, (*path, index))]
    return [(path, body)]


def _added_and_removed(before, after):
    delta = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [each for each in delta if each[0] != "equal"]


@_FEW
@given(_texts(), st.data(), st.sampled_from(["new", "1.0", "a: b", True, 7]))
def test_a_value_and_its_reverse_give_the_same_bytes(text, data, value):
    (body,) = _bodies(text)
    leaves = [(path, old) for path, old in _leaves(body) if old not in (None, "")]
    assume(leaves)
    path, old = data.draw(st.sampled_from(leaves))
    try:
        edited = set_value(text, path, value)
    except YamlError as refusal:
        assert "block of text" in refusal.message  # noqa: PT017
        return
    back = set_value(edited, path, old)
    assert same(load_all(back), load_all(text))
    if "\\" in text:
        return  # what is escaped may be spelled in several ways
    before, after = text.split("\n"), back.split("\n")
    assert back == text or _has_other_quotes(before, after)


def _has_other_quotes(before, after):
    """The one loss: which quotes stand around what was text before and after a number."""
    changed = [
        [re.sub("['\"]", "", line) for line in pair]
        for pair in zip(before, after, strict=True)
        if pair[0] != pair[1]
    ]
    return len(changed) == 1 and changed[0][0] == changed[0][1]


@_FEW
@given(_texts(), st.data(), st.sampled_from(["new", "1.0", True]))
def test_one_run_of_lines_changes(text, data, value):
    (body,) = _bodies(text)
    path, _ = data.draw(st.sampled_from(_leaves(body) or [(("added",), None)]))
    try:
        edited = set_value(text, path, value)
    except YamlError:
        return
    assert len(_added_and_removed(text.split("\n"), edited.split("\n"))) <= 1


@_FEW
@given(_texts(), _SCALARS | st.dictionaries(_KEYS, _SCALARS, min_size=1, max_size=3))
def test_a_key_that_is_added_and_removed_leaves_the_text(text, value):
    _bodies(text)
    edited = set_value(text, ("added",), value)
    lines = _added_and_removed(text.split("\n"), edited.split("\n"))
    assert {each[0] for each in lines} <= {"insert", "replace"}
    assert remove_value(edited, ("added",)) == text


@_FEW
@given(_texts(), st.data(), st.sampled_from(["x", "1", {"name": "a", "n": 1}, [1, 2]]))
def test_an_item_that_is_added_and_removed_leaves_the_text(text, data, item):
    (body,) = _bodies(text)
    lists = [(key,) for key, one in body.items() if isinstance(one, list) and one]
    path = data.draw(st.sampled_from([*lists, ("added",)]))
    edited = append_item(text, path, item)
    count = len(body.get(path[0]) or [])
    assert remove_value(edited, (*path, count)) == text


@_FEW
@given(st.lists(_texts(), max_size=4))
def test_documents_together_are_the_text(parts):
    text = "\n---\n".join(part.removeprefix("\ufeff") for part in parts)
    _bodies(text)
    assert "".join(split_documents(text)) == text
    assert len(split_documents(text)) == max(1, len(load_all(text)))


@given(st.text(alphabet="ab:-# \n\t'\"[]{}&*!|>?,%", max_size=40), st.sampled_from(["x", [1]]))
def test_any_text_is_edited_exactly_or_refused(text, value):
    try:
        edited = set_value(text, ("a", "b"), value)
    except YamlError:
        return
    assert load_all(edited)[0]["a"]["b"] == value
