"""Kubernetes' quantities: ``500m``, ``1.5``, ``64Mi``, ``1e3``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_QUANTITY: Final = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)"
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final[dict[str, int]] = {
    f"{letter}i": 1024 ** (at + 1) for at, letter in enumerate("KMGTPE")
}


def parse_quantity(text: str) -> Fraction:
    """The exact amount. Raises ``ValueError``."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no quantity like 500m, 2 or 64Mi")
    number, exponent, suffix = found.groups()
    amount = Fraction(number)
    if exponent:
        return Fraction(f"{number}{exponent}")
    if suffix in _BINARY:
        return amount * Fraction(_BINARY[suffix])
    return amount * Fraction(f"1e{_DECIMAL.get(suffix or '', 0)}")
