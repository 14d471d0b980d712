from __future__ import annotations

from typing import Any

import pytest

from toolkit.workflow.expressions.jsonpath import query
from toolkit.workflow.expressions.values import EvaluationError

STORE: dict[str, Any] = {
    "id": 1,
    "a-b": {"c.d": "dotted"},
    "books": [
        {"title": "One", "price": 8, "tags": ["x"]},
        {"title": "Two", "price": 12},
        {"title": "Six", "price": 22, "isbn": "6"},
    ],
}

PATHS = [
    ("$", STORE),
    ("$.id", 1),
    ("{.id}", 1),
    (".books[0].title", "One"),
    ("$.books[-1].title", "Six"),
    ("$['a-b']['c.d']", "dotted"),
    ("$.books[*].price", [8, 12, 22]),
    ("$.books[0:2].title", ["One", "Two"]),
    ("$.books[::2].title", ["One", "Six"]),
    ("$.books[0,2].title", ["One", "Six"]),
    ("$.books[0]['title','price']", ["One", 8]),
    ("$.books[?(@.price>10)].title", ["Two", "Six"]),
    ("$.books[?(@.price>10 && @.price<20)].title", ["Two"]),
    ('$.books[?(@.title=="One" || @.isbn)].price', [8, 22]),
    ("$.books[?(!@.isbn)].title", ["One", "Two"]),
    ("$..title", ["One", "Two", "Six"]),
    ("$.books.*.tags[0]", ["x"]),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_paths(path: str, expected: Any) -> None:
    assert query(STORE, path) == expected


@pytest.mark.parametrize("path", ["$.missing", "$.books[9]", "$.books[", "$.", "$.id.x"])
def test_what_is_not_there_is_our_error(path: str) -> None:
    with pytest.raises(EvaluationError, match="jsonpath"):
        query(STORE, path)
