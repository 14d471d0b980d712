"""Floats as Go prints them."""

from __future__ import annotations

from decimal import Decimal


def go_float(value: float) -> str:
    """Of a finite number: whole ones within 64 bits without a point, others as ``%g`` does at the
    shortest precision, with an exponent below 1e-4 and from 1e6 on.
    """
    if value.is_integer() and abs(value) < 1e21:
        whole = int(Decimal(repr(value)))
        if -(2**63) <= whole < 2**64:
            return str(whole)
    return _shortest(value)


def _shortest(value: float) -> str:
    number = Decimal(repr(value)).normalize()
    power = number.adjusted()
    if -4 <= power < 6:
        return format(number, "f")
    sign = "-" if number < 0 else ""
    text = "".join(map(str, number.as_tuple().digits))
    mantissa = f"{text[0]}.{text[1:]}" if len(text) > 1 else text
    return f"{sign}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
