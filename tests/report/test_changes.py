from __future__ import annotations

import pytest

from toolkit.report.changes import change_lines, changes_document, painter
from toolkit.report.table import format_table, printable
from toolkit.resource.diff import ABSENT, FieldChange

PLAIN = painter(coloured=False)


def lines(old: object, new: object) -> list[str]:
    return list(change_lines([FieldChange(("spec", "x"), old, new)], PLAIN))


def test_a_short_change_stands_on_one_line() -> None:
    assert lines("a", "b") == ["spec.x: a → b"]


def test_text_and_number_look_different() -> None:
    assert lines("1", 1) == ['spec.x: "1" → 1']


def test_a_field_that_comes_or_goes_has_a_sign() -> None:
    assert lines(ABSENT, True) == ["+ spec.x: true"]
    assert lines(3, ABSENT) == ["- spec.x: 3"]


def test_a_structure_that_comes_is_shown_as_yaml() -> None:
    assert lines(ABSENT, {"a": 1, "b": [2]}) == ["+ spec.x:", "    a: 1", "    b:", "    - 2"]


def test_null_is_not_absence() -> None:
    assert lines(None, "a") == ["spec.x: null → a"]


def test_long_values_stand_below_their_path() -> None:
    assert lines("a" * 60, "b" * 60) == [
        "spec.x:",
        "  @@ -1 +1 @@",
        "  - " + "a" * 60,
        "  + " + "b" * 60,
    ]


def test_of_a_long_text_only_the_changed_lines_show() -> None:
    old = "".join(f"line {n}\n" for n in range(9))
    shown = lines(old, old.replace("line 4", "LINE FOUR"))
    assert shown == [
        "spec.x:",
        "  @@ -4,3 +4,3 @@",
        "    line 3",
        "  - line 4",
        "  + LINE FOUR",
        "    line 5",
    ]


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\rb", "\x9b2J", "a\u202eb"])
def test_nothing_shown_can_move_the_terminal(text: str) -> None:
    for shown in (*lines(text, f"{text}\n{text}"), *lines(ABSENT, [text]), printable(text)):
        assert shown.replace("→", "").isprintable()


def test_colours_are_only_there_when_asked_for() -> None:
    (shown,) = change_lines([FieldChange(("x",), "a", "b")], painter(coloured=True))
    assert shown == "x: \x1b[31ma\x1b[0m → \x1b[32mb\x1b[0m"


def test_a_document_leaves_out_what_is_absent() -> None:
    changes = [FieldChange(("a",), ABSENT, None), FieldChange(("b", 0), 1, ABSENT)]
    assert changes_document(changes) == [{"path": "a", "new": None}, {"path": "b[0]", "old": 1}]


def test_a_table_is_aligned_and_without_trailing_blanks() -> None:
    assert format_table([("NAME", "X"), ("long-name", ""), ("b", "2")]) == (
        "NAME        X\nlong-name\nb           2"
    )
