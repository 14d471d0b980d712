"""Sprig's functions of texts and patterns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.sprig_values import to_strings, to_words
from toolkit.workflow.expressions.values import (
    go_text,
)


def _truncate(length: int, text: str) -> str:
    return text[length:] if length < 0 else text[:length]


def _abbreviate(width: int, text: str) -> str:
    return text if len(text) <= width or width < 4 else f"{text[: width - 3]}..."


def _indent(spaces: int, text: str) -> str:
    pad = " " * spaces
    return pad + text.replace("\n", f"\n{pad}")


def _abbreviate_both(offset: int, width: int, text: str) -> str:
    """From both ends; as goutils, which counts the dots in the width."""
    if width < 4 or (offset > 0 and width < 7) or len(text) <= width:
        return text
    offset = min(offset, len(text))
    if len(text) - offset < width - 3:
        offset = len(text) - (width - 3)
    if offset <= 4:
        return f"{text[: width - 3]}..."
    if offset + width - 3 < len(text):
        return f"...{_abbreviate(width - 3, text[offset:])}"
    return f"...{text[len(text) - (width - 3) :]}"


def _wrap(width: int, text: str, newline: str = "\n", *, breaks_words: bool = False) -> str:
    """Lines of at most ``width``, broken at blanks; longer words stay whole, or are cut."""
    width = max(width, 1)
    lines: list[str] = []
    while len(text) > width:
        if text[0] == " ":
            text = text[1:]
            continue
        end = text.rfind(" ", 0, width + 1)
        if end < 0:
            end = width if breaks_words else text.find(" ", width)
        if end < 0:
            break
        lines.append(text[:end])
        text = text[end:].removeprefix(" ")
    return newline.join([*lines, text])


def _pascal(text: str) -> str:
    """Xstrings' ToPascalCase: a word's capitals after its first become small."""
    bare = text.lstrip("-_ \t\n")
    words = [word for word in re.split(r"[-_\s]+", bare) if word]
    return text[: len(text) - len(bare)] + "".join(map(_capitalised, words))


def _capitalised(word: str) -> str:
    if not word[0].isupper():
        return word[0].upper() + word[1:]
    run = next((at for at, letter in enumerate(word) if not letter.isupper()), len(word))
    return word[0] + word[1:run].lower() + word[run:]


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise EvaluationError(f"error parsing regexp: {error}: `{pattern}`") from error


def _is_match(pattern: str, text: str) -> bool:
    """A broken pattern matches nothing, as in sprig."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _find_all(pattern: str, text: str, count: int) -> list[str]:
    found = [match.group() for match in _compiled(pattern).finditer(text)]
    return found[: count if count >= 0 else None]


def _regex_split(pattern: str, text: str, count: int) -> list[str]:
    if count == 0:
        return []
    return _compiled(pattern).split(text, maxsplit=max(count - 1, 0))


def _substring(start: int, end: int, text: str) -> str:
    if start < 0:
        return text[:end]
    if end < 0 or end > len(text):
        return text[start:]
    if start > end:
        raise EvaluationError(f"slice bounds out of range [{start}:{end}]")
    return text[start:end]


def _numbered(parts: list[str]) -> dict[str, str]:
    return {f"_{index}": part for index, part in enumerate(parts)}


def _split(separator: str, text: str) -> list[str]:
    return text.split(separator) if separator else list(text)


def _find(pattern: str, text: str) -> str:
    match = _compiled(pattern).search(text)
    return match.group() if match else ""


def _replace_all(pattern: str, text: str, template: str) -> str:
    return _compiled(pattern).sub(lambda match: _expanded(template, match), text)


def _expanded(template: str, match: re.Match[str]) -> str:
    """Go's ``$1`` and ``${name}``: a name is as long as it can be, an unknown one is empty."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except IndexError:
            return ""

    return re.sub(r"\$(?:\{(\w+)\}|(\w+)|\$)", group, template)


TEXTS: Final[Mapping[str, Callable[..., Any]]] = {
    "abbrev": _abbreviate,
    "abbrevboth": _abbreviate_both,
    "camelcase": _pascal,
    "cat": lambda *parts: " ".join(go_text(part) for part in parts if part is not None),
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda prefix, text: text.startswith(prefix),
    "hasSuffix": lambda suffix, text: text.endswith(suffix),
    "indent": _indent,
    "initials": lambda text: "".join(word[0] for word in text.split()),
    "join": lambda separator, items: separator.join(to_strings(items)),
    "kebabcase": lambda text: "-".join(word.lower() for word in to_words(text)),
    "lower": str.lower,
    "nindent": lambda spaces, text: "\n" + _indent(spaces, text),
    "nospace": lambda text: "".join(text.split()),
    "plural": lambda one, many, count: one if count == 1 else many,
    "quote": lambda *values: " ".join(json.dumps(text) for text in to_strings(list(values))),
    "regexFind": _find,
    "regexFindAll": _find_all,
    "regexMatch": _is_match,
    "regexQuoteMeta": re.escape,
    "regexReplaceAll": _replace_all,
    "regexReplaceAllLiteral": lambda pattern, text, new: _compiled(pattern).sub(
        lambda _: new, text
    ),
    "regexSplit": _regex_split,
    "repeat": lambda count, text: text * min(count, 1_000_000 // max(len(text), 1)),
    "replace": lambda old, new, text: text.replace(old, new),
    "snakecase": lambda text: "_".join(word.lower() for word in to_words(text)),
    "split": lambda separator, text: _numbered(_split(separator, text)),
    "splitList": _split,
    "splitn": lambda separator, count, text: _numbered(text.split(separator, count - 1)),
    "squote": lambda *values: " ".join(f"'{text}'" for text in to_strings(list(values))),
    "substr": _substring,
    "swapcase": str.swapcase,
    "title": lambda text: re.sub(r"\b\w", lambda match: match.group().upper(), text),
    "toString": go_text,
    "toStrings": to_strings,
    "trim": str.strip,
    "trimAll": lambda chars, text: text.strip(chars),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "trimall": lambda chars, text: text.strip(chars),
    "trunc": _truncate,
    "untitle": lambda text: re.sub(r"\b\w", lambda match: match.group().lower(), text),
    "upper": str.upper,
    "wrap": _wrap,
    "wrapWith": lambda width, newline, text: _wrap(width, text, newline, breaks_words=True),
}
