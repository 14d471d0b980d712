from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.bounds import check_depth, check_object_depth
from toolkit.errors import BadRequestError


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels - 1):
        value = {"x": [value]} if isinstance(value, int) else {"x": value}
    return value


def test_what_is_deep_enough_is_refused_and_one_less_is_not() -> None:
    check_depth({"a": [1, {"b": 1}]}, 4)
    with pytest.raises(BadRequestError, match="deeper than 3 levels"):
        check_depth({"a": [1, {"b": 1}]}, 3)


def test_managed_fields_do_not_count() -> None:
    check_object_depth({"metadata": {"managedFields": nested(400)}})
    with pytest.raises(BadRequestError):
        check_object_depth({"metadata": {"labels": nested(400)}})


def test_any_depth_is_measured() -> None:
    with pytest.raises(BadRequestError):
        check_depth(nested(100_000), 250)
