from __future__ import annotations

from fractions import Fraction

import pytest

from toolkit.workflow.pods.quantity import parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("2", 2), ("0.5", Fraction(1, 2)), (".5", Fraction(1, 2)), ("500m", Fraction(1, 2)),
        ("64Mi", 64 * 1024**2), ("1Ki", 1024), ("1.5Gi", 3 * 512 * 1024**2), ("1k", 1000),
        ("1e3", 1000), ("12E-1", Fraction(6, 5)), ("1E", 10**18), ("1Ei", 1024**6), ("-1", -1),
        ("100n", Fraction(1, 10**7)),
    ],
)  # fmt: skip
def test_a_quantity_is_exact(text: str, amount: Fraction | int) -> None:
    assert parse_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "x", "1x", "1 Mi", "Mi", "1ki", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        parse_quantity(text)
