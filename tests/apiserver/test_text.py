from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.text import is_same, to_text
from toolkit.errors import InvalidError


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": None}, {}, False),
    ],
)
def test_the_same_json(left: Any, right: Any, same: bool) -> None:
    assert is_same(left, right) is same


@pytest.mark.parametrize("value", [{"a": 1 << 70}, {"a": {1, 2}}, {"a": "\ud800"}])
def test_what_json_cannot_say_is_invalid(value: Any) -> None:
    with pytest.raises(InvalidError):
        to_text(value)
