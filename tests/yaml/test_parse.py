from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import YamlError
from toolkit.yaml import SETTINGS, STRICT_SETTINGS, Limits, load_all
from toolkit.yaml import events as events_module
from toolkit.yaml.dialect import FIRST_KEYS
from toolkit.yaml.doubles import doubled_mappings


def refused(text, **options) -> YamlError:
    with pytest.raises(YamlError) as caught:
        load_all(text, "f.yaml", **options)
    return caught.value


def line_of_outcome(text) -> int:
    """Where the error points; 1 where there is none."""
    try:
        load_all(text, "f.yaml")
    except YamlError as error:
        return error.location.line if error.location else 0
    return 1


def place_of(error: YamlError) -> str:
    return str(error.location)


def test_documents_keep_their_numbers():
    assert load_all("# nothing\n---\na: 1\n---\n---\nnull\n---\n- 2\n...\n") == [
        {"a": 1},
        None,
        None,
        [2],
    ]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\n\n", b"", "\ufeff"])
def test_a_text_without_documents_gives_none(text):
    assert load_all(text) == []


def test_byte_order_marks_and_windows_line_ends_are_fine():
    text = "a: |\r\n  x\r\n  y\r\nb: 1\r\n"
    assert load_all(b"\xef\xbb\xbf" + text.encode()) == [{"a": "x\ny\n", "b": 1}]
    assert load_all(text.encode("utf-16")) == [{"a": "x\ny\n", "b": 1}]


def test_aliases_are_copies():
    [body] = load_all("a: &x {b: [1]}\nc: *x\nd: *x\n")
    body["c"]["b"].append(2)
    assert body == {"a": {"b": [1]}, "c": {"b": [1, 2]}, "d": {"b": [1]}}


def test_merge_keys_fill_what_the_mapping_leaves_out():
    [body] = load_all("a: &x {p: 1, q: 1}\nb: &y {q: 2, r: 2}\nc:\n  r: 3\n  <<: [*x, *y]\n")
    assert body["c"] == {"p": 1, "q": 1, "r": 3}


@pytest.mark.parametrize("key", ["!!merge <<", '!!merge "<<"'])
def test_a_merge_key_may_have_its_tag(key):
    [body] = load_all(f"a: &x {{p: 1}}\nb:\n  {key}: *x\n  q: 2\n")
    assert body["b"] == {"p": 1, "q": 2}


def test_slashes_are_not_escaped():
    error = refused('a: b\nc: "x\\/y"\n')
    assert (error.location.line, error.location.column) == (2, 6)
    assert load_all("a: 'x\\/y'\nb: x\\/y\nc: \"x\\\\/y\" # \\/\n") == [
        {"a": "x\\/y", "b": "x\\/y", "c": "x\\/y"}
    ]


def test_of_equal_keys_the_first_may_count():
    assert load_all("a: {b: 1, b: [2]}\na: 3\n", dialect=FIRST_KEYS) == [{"a": {"b": 1}}]


def test_doubled_mappings_are_found():
    text = "a: 1\n---\nb: {c: 1, c: 2}\nd: [{e: 1}, {e: 1, e: 2}]\n"
    assert doubled_mappings(text) == [(1, ("b",)), (1, ("d", 1))]


@pytest.mark.parametrize("key", ["<<", "\0<<"])
def test_a_quoted_merge_key_is_a_key(key):
    assert load_all(json.dumps({key: 1})) == [{key: 1}]


def test_a_scalar_anchor_keeps_its_type():
    assert load_all("a: &x 5\nb: *x\n") == [{"a": 5, "b": 5}]


def test_a_duplicate_key_names_both_places():
    error = refused("a: 1\nb:\n  c: {d: 1}\n  e: 2\n  c: 3\n")
    assert place_of(error) == "f.yaml:5:3"
    assert "first at f.yaml:3:3" in error.message
    assert error.excerpt == "  c: 3"


def test_kustomization_files_let_the_last_of_equal_keys_win_unless_strict():
    assert load_all("a: 1\na: 2\n", dialect=SETTINGS) == [{"a": 2}]
    assert place_of(refused("a: 1\na: 2\n", dialect=STRICT_SETTINGS)) == "f.yaml:2:1"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1: x", "a whole number"),
        ("true: x", "a boolean"),
        ("1.5: x", "a number"),
        ("~: x", "null"),
        ("2001-12-14: x", "a date"),
    ],
)
def test_a_key_of_another_type_is_refused(text, kind):
    error = refused(text)
    assert kind in error.message
    assert error.hints == ("put the key in quotes",)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"a": 1 "b": 2}', "close it with '}', or put the ',' that is missing before column 12"),
        ("a: {b: 1\n", "close it with '}'"),
        (
            "a:\n  b: 1\n c: 2\n",
            "start it in one column with the others: compare with lines 1 and 2",
        ),
        ("a: b\n\n c: d\n", "start it in the column of line 1, whose key has its value already"),
    ],
)
def test_a_hint_names_the_place_to_mend(text, hint):
    assert refused(text).hints == (hint,)


def test_settings_turn_keys_into_text_as_json_does():
    assert load_all("1: a\ntrue: b\n1.5: c\n", dialect=SETTINGS) == [
        {"1": "a", "true": "b", "1.5": "c"}
    ]


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2:1", "tab"),
        ("a: b: c\n", "f.yaml:1:5", "': '"),
        ("x: 1\na: 'x\nb: 1\n", "f.yaml:2:4", "never closed"),
        ('a: "x\nb: 1\n', "f.yaml:1:4", "never closed"),
        ("a: [1,\nb: 3\n", "f.yaml:1:4", "not closed"),
        ("a: {b: 1\n", "f.yaml:1:4", "not closed"),
        ("a: {{x}}\n", "f.yaml:1:5", "template tag"),
        ("a: x\nb\nc: d\n", "f.yaml:2:1", "no ':'"),
        ("- 1\nb: 2\n", "f.yaml:2:1", "does not fit"),
        ("a:\n  b: 1\n c: 2\n", "f.yaml:3:2", "does not fit"),
        ("a: *x\n", "f.yaml:1:4", "no anchor &x"),
        ("a: &x 1\n---\nb: *x\n", "f.yaml:3:4", "no anchor &x"),
        ("a: &x [*x]\n", "f.yaml:1:8", "contain itself"),
        ("a: @x\n", "f.yaml:1:4", "cannot start"),
        ('a: "\\d"\n', "f.yaml:1:5", "escape"),
        ("a: .inf\n", "f.yaml:1:4", "not a number"),
        ("a: - b\n", "f.yaml:1:4", "'- '"),
        ("a: !!int x\n", "f.yaml:1:4", "no !!int"),
        ("? [a]\n: 1\n", "f.yaml:1:3", "must be text"),
        ("a: \x01\n", "f.yaml:1:4", "control"),
        ("x: &a [1]\nb:\n  <<: *a\n", "f.yaml:3:3", "merge key"),
        ("a:\n  x y\n  b: c\n", "f.yaml:2:3", "no ':'"),
        ("a:\n  b: c\n  x y", "f.yaml:3:3", "no ':'"),
        ("a:\n  x:y\n  b: c\n", "f.yaml:2:3", "no space"),
        ("a:\n  b: c\n  x:y\n", "f.yaml:3:3", "no space"),
        ("a:\n- b\n-c\n", "f.yaml:3:1", "no space"),
        ("a: b\n c: d\n", "f.yaml:2:2", "indented too far"),
        ("a: 'b' c\n", "f.yaml:1:8", "behind a closing quote"),
        ("a: |- b\n", "f.yaml:1:7", "only a comment"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> b\n", "f.yaml:2:1", "conflict"),
        ("%YAML 3.0\n---\na: b\n", "f.yaml:1:1", "incompatible"),
        ("[" * 300, "f.yaml:1:201", "deeper"),
    ],
)
def test_what_is_broken_is_named_at_its_place_with_a_hint(text, place, part):
    error = refused(text)
    assert place_of(error) == place
    assert part in error.message
    assert all(hint and not hint.endswith(".") for hint in error.hints)
    assert error.hints
    assert error.excerpt == text.split("\n")[int(place.split(":")[1]) - 1]


def test_bytes_that_are_no_text_are_named_at_their_place():
    assert place_of(refused(b"a: 1\nb: x\xff\n")) == "f.yaml:2:5"


def test_a_bomb_of_aliases_is_refused_before_it_expands():
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "expand to more than" in refused("a0: &a0 x\n" + levels).message


def test_a_bomb_of_merge_keys_is_refused_too():
    wide = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(1000)) + "}\n"
    merges = "".join(f"b{n}:\n  <<: *a\n" for n in range(300))
    assert "expand to more than" in refused(wide + merges).message


def test_nesting_is_limited():
    assert load_all("[" * 200 + "]" * 200)
    assert "deeper than 200" in refused("[" * 201 + "]" * 201).message


def test_nesting_by_aliases_is_limited_too():
    levels = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 500))
    assert "by aliases" in refused("a0: &a0 x\n" + levels).message


def test_size_is_limited():
    assert "at most 10 are read" in refused("a: 1\nb: 2\nc: 3\n", limits=Limits(10)).message


@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_values_or_our_error(content):
    with suppress(YamlError):
        assert isinstance(load_all(content, "f.yaml"), list)


@given(st.text(alphabet="ab:-?[]{}&*!|>'\"%@#, \n\t~<0.1", max_size=40))
def test_arbitrary_punctuation_gives_values_or_our_error(text):
    assert 1 <= line_of_outcome(text) <= text.count("\n") + 2


@pytest.mark.parametrize(
    "text", ["a: [1, {b: ~}]\nc: |\n  x\n", "a: &x {b: 1}\nc:\n  <<: *x\n", "- 'q'\n- \"q\"\n- 5\n"]
)
def test_without_libyaml_the_answer_is_the_same(text, monkeypatch):
    fast = load_all(text)
    monkeypatch.setattr(events_module, "_PARSER", events_module._PureParser)
    assert load_all(text) == fast


def test_without_libyaml_broken_text_is_our_error_too(monkeypatch):
    monkeypatch.setattr(events_module, "_PARSER", events_module._PureParser)
    assert place_of(refused("a: 'x\n")) == "f.yaml:1:4"
    assert place_of(refused("a: \x01\n")) == "f.yaml:1:4"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a\n  b\nc", "a\n\n  b\nc\n"),
        ("a\n\n  b\n\nc", "a\n\n\n  b\n\nc\n"),
        ("a\nb\n\nc", "a b\nc\n"),
        ("a \n  b", "a \n  b\n"),
    ],
)
def test_a_folded_text_is_what_kustomize_makes_of_it(text, value):
    indented = "".join(f"  {line}\n" for line in text.split("\n"))
    assert load_all(f"v: >\n{indented}")[0]["v"] == value


def test_a_folded_text_that_begins_with_a_blank_loses_its_single_breaks_as_in_kustomize():
    assert load_all("v: >2\n   a\n  b\n\n  c\n")[0]["v"] == " a\nb c\n"


def test_settings_fold_as_yaml_says():
    assert load_all("v: >\n  a\n    b\n  c\n", dialect=SETTINGS)[0]["v"] == "a\n  b\nc\n"


def test_nothing_is_text_between_braces_and_as_a_key_as_in_kustomize():
    assert load_all("v: {a: , b, c: ~}\nw: {? : 1}\n") == [
        {"v": {"a": "", "b": "", "c": None}, "w": {"": 1}}
    ]
    assert load_all("v:\n  a:\n", dialect=SETTINGS) == [{"v": {"a": None}}]
    assert load_all("v: {a: }\n", dialect=SETTINGS) == [{"v": {"a": None}}]
