"""The order of keys in go-yaml's output."""

from __future__ import annotations


def compare_keys(left: str, right: str) -> int:
    """Negative, zero or positive. Other characters < digits (by value) < letters; a shorter key
    that the longer starts with comes first.
    """
    if left == right:
        return 0
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return -1 if _is_less(left, right, index) else 1
    return len(left) - len(right)


def _is_less(left: str, right: str, index: int) -> bool:
    """Whether ``left`` comes first, given that both differ first at ``index``."""
    a, b = left[index], right[index]
    if a.isalpha() and b.isalpha():
        return a < b
    if a.isalpha() or b.isalpha():
        return b.isalpha()
    start = 1 if "0" in (a, b) and _follows_number(left, index) else 0
    left_number, left_end = _number(left, index, start)
    right_number, right_end = _number(right, index, start)
    if left_number != right_number:
        return left_number < right_number
    if left_end != right_end:
        return left_end < right_end
    return a < b


def _follows_number(key: str, index: int) -> bool:
    """True where a digit other than 0 stands in the digits just before ``index``."""
    while index > 0 and key[index - 1].isdecimal():
        index -= 1
        if key[index] != "0":
            return True
    return False


def _number(key: str, index: int, start: int) -> tuple[int, int]:
    """The number at ``index`` after ``start``, in Go's wrapping 64-bit arithmetic, and its end."""
    number = start
    while index < len(key) and key[index].isdecimal():
        number = number * 10 + ord(key[index]) - ord("0")
        index += 1
    return (number + 2**63) % 2**64 - 2**63, index
