from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.apiserver.selectors import parse_selector
from toolkit.errors import BadRequestError

BODY = {
    "metadata": {"name": "x", "labels": {"tier": "gold", "n": "3", "example.com/team": "a"}},
    "spec": {"suspend": True},
    "involvedObject": {"uid": "u-1"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("tier=gold", True),
        ("tier==gold", True),
        ("tier!=gold", False),
        ("absent!=gold", True),
        ("tier", True),
        ("!tier", False),
        ("tier in (tin, gold)", True),
        ("tier notin (tin,gold)", False),
        ("absent notin (gold)", True),
        ("n>2", True),
        ("n<3", False),
        ("tier>2", False),
        ("example.com/team=a,tier in (gold),!absent", True),
        ("example.com/team=a,tier=tin", False),
    ],
)
def test_labels(text: str, matches: bool) -> None:
    assert parse_selector(text).matches(BODY) is matches


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("metadata.name=x", True),
        ("metadata.name!=x", False),
        ("spec.suspend=true", True),
        ("involvedObject.uid=u-1,metadata.name=x", True),
        ("status.phase=", True),
        ("status.phase=Running", False),
    ],
)
def test_fields(text: str, matches: bool) -> None:
    assert parse_selector("", text).matches(BODY) is matches


@pytest.mark.parametrize(
    "text", ["a=b=c", "=b", "a in b", "a in (b", ",", "a,,b", "-a", "a/b/c=1", "a=" + 64 * "b"]
)
def test_what_is_no_label_selector_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_selector(text)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_selector_or_a_bad_request(labels: str, fields: str) -> None:
    with suppress(BadRequestError):
        parse_selector(labels, fields).matches(BODY)


def test_the_index_is_asked_for_exact_labels_only() -> None:
    selector = parse_selector("a=1,b in (2),c in (3,4),d!=5,e")
    assert selector.exact_labels == {"a": "1", "b": "2"}
