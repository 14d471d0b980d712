"""The sprig functions that Argo's expressions may call as ``sprig.name(...)``.

Those that draw random numbers or make keys are refused by name: a step's transition must follow
from its inputs alone.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from zlib import adler32

from toolkit.workflow.expressions.functions import from_base64, to_base64, to_zone
from toolkit.workflow.expressions.sprig_values import (
    is_empty,
    to_float,
    to_instant,
    to_int,
    to_semver,
    to_strings,
    to_words,
)
from toolkit.workflow.expressions.values import (
    EvaluationError,
    go_format,
    go_text,
    is_same,
    json_text,
    kind,
)

REFUSED: Final = frozenset(
    {
        "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle",
        "uuidv4", "htpasswd", "bcrypt", "genPrivateKey", "genCA", "genCAWithKey", "genSignedCert",
        "genSignedCertWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "encryptAES",
        "decryptAES", "derivePassword", "buildCustomCert", "getHostByName", "env", "expandenv",
    }
)  # fmt: skip


def _truncate(length: int, text: str) -> str:
    return text[length:] if length < 0 else text[:length]


def _abbreviate(width: int, text: str) -> str:
    return text if len(text) <= width or width < 4 else f"{text[: width - 3]}..."


def _date_in_zone(layout: str, time: Any, zone: str) -> str:
    """A zone that is not known is UTC, as in sprig."""
    try:
        return go_format(to_instant(time).astimezone(to_zone(zone)), layout)
    except EvaluationError:
        return go_format(to_instant(time), layout)


def _indent(spaces: int, text: str) -> str:
    pad = " " * spaces
    return pad + text.replace("\n", f"\n{pad}")


def _wrap(width: int, text: str, newline: str = "\n") -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return newline.join([*lines, line])


def _divide(left: Any, right: Any) -> int:
    if to_int(right) == 0:
        raise EvaluationError("integer divide by zero")
    return int(to_int(left) / to_int(right))


def _modulo(left: Any, right: Any) -> int:
    if to_int(right) == 0:
        raise EvaluationError("integer divide by zero")
    return int(math.fmod(to_int(left), to_int(right)))


def _until(count: int) -> list[int]:
    return list(range(min(to_int(count), 1_000_000)))


def _sequence(start: int, stop: int, step: int) -> list[int]:
    return list(range(start, stop, step))[:1_000_000] if step else []


def _product(values: tuple[Any, ...]) -> int:
    total = 1
    for value in values:
        total *= to_int(value)
    return total


def _dict(*pairs: Any) -> dict[str, Any]:
    padded = [*pairs, ""] if len(pairs) % 2 else list(pairs)
    return {go_text(padded[at]): padded[at + 1] for at in range(0, len(padded), 2)}


def _merge(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    merged = dict(target)
    for source in sources:
        for key, value in source.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = _merge(merged[key], value)
            else:
                merged.setdefault(key, value)
    return merged


def _dig(*arguments: Any) -> Any:
    *keys, default, target = arguments
    for key in keys:
        if not isinstance(target, dict) or key not in target:
            return default
        target = target[key]
    return target


def _default(default: Any, given: Any = None) -> Any:
    return default if is_empty(given) else given


def _fail(message: str) -> Any:
    raise EvaluationError(message)


def _required(message: str, value: Any) -> Any:
    return _fail(message) if is_empty(value) else value


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise EvaluationError(f"sprig.{name} is not supported: its result is not repeatable")

    return refuse


def _find(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match.group() if match else ""


def _expansion(replacement: str) -> str:
    return re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement)


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _b32(text: str) -> str:
    return base64.b32encode(text.encode()).decode()


def _path_base(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1] or "/" if path else "."


def _path_dir(path: str) -> str:
    head, slash, _ = path.rpartition("/")
    return head or ("/" if slash else ".")


def _path_ext(path: str) -> str:
    name = _path_base(path)
    return f".{name.rsplit('.', 1)[1]}" if "." in name else ""


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: choose(to_int(value) for value in values)


def _compact(items: list[Any]) -> list[Any]:
    return [item for item in items if not is_empty(item)]


def _unique(items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if not any(is_same(item, other) for other in kept):
            kept.append(item)
    return kept


_STRINGS: Final[Mapping[str, Callable[..., Any]]] = {
    "abbrev": _abbreviate,
    "camelcase": lambda text: "".join(word[:1].upper() + word[1:] for word in to_words(text)),
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
    "regexFindAll": lambda pattern, text, count: [
        match.group() for match in re.finditer(pattern, text)
    ][: count if count >= 0 else None],
    "regexMatch": lambda pattern, text: re.search(pattern, text) is not None,
    "regexQuoteMeta": re.escape,
    "regexReplaceAll": lambda pattern, text, new: re.sub(pattern, _expansion(new), text),
    "regexReplaceAllLiteral": lambda pattern, text, new: re.sub(pattern, lambda _: new, text),
    "regexSplit": lambda pattern, text, count: re.split(pattern, text, maxsplit=max(count - 1, 0)),
    "repeat": lambda count, text: text * min(count, 1_000_000 // max(len(text), 1)),
    "replace": lambda old, new, text: text.replace(old, new),
    "snakecase": lambda text: "_".join(word.lower() for word in to_words(text)),
    "split": lambda separator, text: {
        f"_{index}": part for index, part in enumerate(text.split(separator))
    },
    "splitList": lambda separator, text: text.split(separator),
    "splitn": lambda separator, count, text: {
        f"_{index}": part for index, part in enumerate(text.split(separator, count - 1))
    },
    "squote": lambda *values: " ".join(f"'{text}'" for text in to_strings(list(values))),
    "substr": lambda start, end, text: text[max(start, 0) : end if end >= 0 else None],
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
    "wrapWith": lambda width, newline, text: _wrap(width, text, newline),
}

_NUMBERS: Final[Mapping[str, Callable[..., Any]]] = {
    "add": lambda *values: sum(to_int(value) for value in values),
    "add1": lambda value: to_int(value) + 1,
    "addf": lambda *values: math.fsum(to_float(value) for value in values),
    "atoi": to_int,
    "biggest": _extreme(max),
    "ceil": lambda value: float(math.ceil(to_float(value))),
    "div": _divide,
    "divf": lambda left, right: to_float(left) / to_float(right),
    "float64": to_float,
    "floor": lambda value: float(math.floor(to_float(value))),
    "int": to_int,
    "int64": to_int,
    "max": _extreme(max),
    "maxf": lambda *values: max(to_float(value) for value in values),
    "min": _extreme(min),
    "minf": lambda *values: min(to_float(value) for value in values),
    "mod": _modulo,
    "mul": lambda *values: _product(values),
    "mulf": lambda *values: math.prod(to_float(value) for value in values),
    "round": lambda value, places, *_: round(to_float(value), places),
    "seq": lambda *bounds: " ".join(
        str(number)
        for number in range(
            1 if len(bounds) < 2 else bounds[0],
            bounds[-1] + 1,
            bounds[1] if len(bounds) == 3 else 1,
        )
    ),
    "sub": lambda left, right: to_int(left) - to_int(right),
    "subf": lambda left, *rest: to_float(left) - math.fsum(to_float(value) for value in rest),
    "toDecimal": lambda text: int(go_text(text), 8),
    "until": _until,
    "untilStep": _sequence,
}

_COLLECTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "append": lambda items, item: [*items, item],
    "chunk": lambda size, items: [items[at : at + size] for at in range(0, len(items), size)],
    "compact": _compact,
    "concat": lambda *lists: [item for items in lists for item in items],
    "deepCopy": lambda value: json.loads(json.dumps(value)),
    "dict": _dict,
    "dig": _dig,
    "first": lambda items: items[0] if items else None,
    "get": lambda pairs, key: pairs.get(key, ""),
    "has": lambda item, items: any(is_same(item, other) for other in items or []),
    "hasKey": lambda pairs, key: key in pairs,
    "initial": lambda items: items[:-1],
    "keys": lambda *maps: [key for pairs in maps for key in sorted(pairs)],
    "last": lambda items: items[-1] if items else None,
    "list": lambda *items: list(items),
    "merge": _merge,
    "mergeOverwrite": lambda target, *sources: _merge({}, *reversed(sources), target),
    "omit": lambda pairs, *keys: {key: pairs[key] for key in pairs if key not in keys},
    "pick": lambda pairs, *keys: {key: pairs[key] for key in pairs if key in keys},
    "pluck": lambda key, *maps: [pairs[key] for pairs in maps if key in pairs],
    "prepend": lambda items, item: [item, *items],
    "push": lambda items, item: [*items, item],
    "rest": lambda items: items[1:],
    "reverse": lambda items: list(reversed(items)),
    "set": lambda pairs, key, value: {**pairs, key: value},
    "slice": lambda items, *bounds: (
        items[slice(*bounds)] if len(bounds) > 1 else items[bounds[0] :]
    ),
    "sortAlpha": lambda items: sorted(to_strings(items)),
    "tuple": lambda *items: list(items),
    "uniq": _unique,
    "unset": lambda pairs, key: {other: pairs[other] for other in pairs if other != key},
    "values": lambda *maps: [pairs[key] for pairs in maps for key in sorted(pairs)],
    "without": lambda items, *gone: [
        item for item in items if not any(is_same(item, other) for other in gone)
    ],
}

_OTHERS: Final[Mapping[str, Callable[..., Any]]] = {
    "adler32sum": lambda text: str(adler32(text.encode())),
    "all": lambda *values: not any(is_empty(value) for value in values),
    "any": lambda *values: any(not is_empty(value) for value in values),
    "b32dec": lambda text: base64.b32decode(text).decode(),
    "b32enc": _b32,
    "b64dec": from_base64,
    "b64enc": to_base64,
    "base": _path_base,
    "coalesce": lambda *values: next((value for value in values if not is_empty(value)), None),
    "date": lambda layout, time: go_format(to_instant(time), layout),
    "date_in_zone": _date_in_zone,
    "dateInZone": _date_in_zone,
    "default": _default,
    "dir": _path_dir,
    "empty": is_empty,
    "ext": _path_ext,
    "fail": _fail,
    "fromJson": json.loads,
    "htmlDate": lambda time: to_instant(time).strftime("%Y-%m-%d"),
    "htmlDateInZone": lambda time, zone: _date_in_zone("2006-01-02", time, zone),
    "isAbs": lambda path: path.startswith("/"),
    "kindIs": lambda name, value: kind(value) == name,
    "kindOf": kind,
    "md5sum": _digest("md5"),
    "mustFromJson": json.loads,
    "mustToJson": json_text,
    "required": _required,
    "semver": lambda version: dict(
        zip(("Major", "Minor", "Patch", "Prerelease"), to_semver(version), strict=True)
    ),
    "sha1sum": _digest("sha1"),
    "sha256sum": _digest("sha256"),
    "sha512sum": _digest("sha512"),
    "ternary": lambda yes, no, test: yes if test else no,
    "toDate": lambda _, text: to_instant(text),
    "toJson": json_text,
    "toPrettyJson": lambda value: json_text(value, indent=2),
    "toRawJson": json_text,
    "typeIs": lambda name, value: kind(value) == name,
    "typeOf": kind,
    "unixEpoch": lambda time: str(int(to_instant(time).timestamp())),
}

SPRIG: Final[Mapping[str, Callable[..., Any]]] = {
    **_STRINGS,
    **_NUMBERS,
    **_COLLECTIONS,
    **_OTHERS,
    **{name: _refusal(name) for name in sorted(REFUSED)},
}
