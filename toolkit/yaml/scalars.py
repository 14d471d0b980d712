"""What an unquoted scalar means: the rules of go-yaml, version 3 and version 2.

Resources are read by version 3's rules, kustomization files by version 2's (and then through
JSON). The emitter needs version 2's too: it quotes a text that would read back as something else.
Sources of the rules: go.yaml.in/yaml/{v2,v3} ``resolve.go``; the tests hold them to the binary.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

RESOURCE_HINTS: Final = frozenset(["", *"+-0123456789.tTfFnN~"])
"""First characters (or nothing) of every plain scalar that may not be text, version 3."""

SETTINGS_HINTS: Final = RESOURCE_HINTS | frozenset("yYoO")
"""The same, version 2: yes, no, on, off and their kin are booleans there."""


class _Blank(str):
    """The empty text, known by identity."""

    __slots__ = ()


BLANK: Final = _Blank()
"""Nothing, in a resource's ``{a: , b}``: upstream prints it as a text, and merges it as a null."""

_NULLS: dict[str, Any] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_BOOLS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD_BOOLS = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_INFINITE = {
    **dict.fromkeys(
        (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"),
        float("inf"),
    ),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_RESOURCE_WORDS: Final[dict[str, Any]] = {**_NULLS, **_BOOLS, **_INFINITE}
_SETTINGS_WORDS: Final[dict[str, Any]] = {**_RESOURCE_WORDS, **_OLD_BOOLS}

_NUMERIC: Final = frozenset("0123456789abcdefABCDEFxXoOtTzZ+-_.,: ")
"""Characters of numbers and dates; those of infinity stand among the words."""
_AFTER_SIGN: Final = frozenset("0123456789._")


def resolve_resource(text: str) -> Any:
    """The value of a plain scalar in a resource file: None, bool, int, float or str."""
    if text in _RESOURCE_WORDS:
        return _RESOURCE_WORDS[text]
    return _number(text, dates=True)


def resolve_settings(text: str) -> Any:
    """The value of a plain scalar in a kustomization file. Dates stay text."""
    if text in _SETTINGS_WORDS:
        return _SETTINGS_WORDS[text]
    return _number(text, dates=False)


def reads_as_text(text: str) -> bool:
    """True where go-yaml version 2 would read ``text``, unquoted, as this very text.

    Times by the minute (``12:30``) count as not, for the sake of other readers.
    """
    if text[:1] not in SETTINGS_HINTS:
        return True
    if text in _SETTINGS_WORDS:
        return False
    if ":" in text and _NUMERIC.issuperset(text):
        from toolkit.yaml.numerals import is_sixties

        if is_sixties(text):
            return False
    return _number(text, dates=True) is text


def _number(text: str, *, dates: bool) -> Any:
    first = text[0]
    if first not in "+-.0123456789" or not _NUMERIC.issuperset(text) or text.count(".") > 1:
        return text
    if first in "+-." and text[1:2] not in _AFTER_SIGN:
        return text
    if text.isdigit() and (first != "0" or text == "0") and len(text) < 16:
        return int(text)
    from toolkit.yaml.numerals import number_or_text

    return number_or_text(text, dates=dates)
