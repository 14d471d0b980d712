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
from urllib.parse import urlsplit, urlunsplit
from zlib import adler32

from toolkit.workflow.expressions.functions import from_base64, to_base64
from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.semver import meets, parse_version
from toolkit.workflow.expressions.sprig_paths import PATHS
from toolkit.workflow.expressions.sprig_texts import TEXTS
from toolkit.workflow.expressions.sprig_times import TIMES
from toolkit.workflow.expressions.sprig_values import is_empty, to_float, to_int, to_strings
from toolkit.workflow.expressions.values import (
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


def _divide(left: Any, right: Any) -> int:
    if to_int(right) == 0:
        raise EvaluationError("integer divide by zero")
    return int(to_int(left) / to_int(right))


def _modulo(left: Any, right: Any) -> int:
    if to_int(right) == 0:
        raise EvaluationError("integer divide by zero")
    return int(math.fmod(to_int(left), to_int(right)))


def _until(count: int) -> list[int]:
    return _sequence(0, count, -1 if count < 0 else 1)


def _sequence(start: int, stop: int, step: int) -> list[int]:
    return list(range(start, stop, step))[:1_000_000] if step else []


def _seq(*bounds: int) -> str:
    """As the command: ``seq last``, ``seq first last``, ``seq first step last``."""
    if not bounds or len(bounds) > 3:
        return ""
    first, last = (1 if len(bounds) == 1 else bounds[0]), bounds[-1]
    step = bounds[1] if len(bounds) == 3 else -1 if last < first else 1
    end = last + (1 if step > 0 else -1)
    return " ".join(map(str, _sequence(first, end, step)))


def _round(value: Any, places: int, round_on: float = 0.5) -> float:
    """Up where the next digit is at least ``round_on``; negative numbers, too, away from 0."""
    scale = 10.0**places
    scaled = to_float(value) * scale
    fraction = scaled - math.trunc(scaled)
    return (math.ceil(scaled) if fraction >= round_on else math.floor(scaled)) / scale


def _octal(value: Any) -> int:
    text = go_text(value)
    return int(text, 8) if re.fullmatch(r"[0-7]+", text) else 0


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


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise EvaluationError(f"sprig.{name} is not supported: its result is not repeatable")

    return refuse


def _from_json(text: str) -> Any:
    """What is no JSON is nil, as in sprig."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _type(value: Any) -> str:
    return "<nil>" if value is None else kind(value)


def _kind(value: Any) -> str:
    kinds = {"[]interface {}": "slice", "map[string]interface {}": "map", "nil": "invalid"}
    return kinds.get(kind(value), kind(value))


class _Semver:
    """A version as expressions see it: methods by name; as a value its text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._version = parse_version(text)

    def member(self, name: str) -> Callable[[], Any] | None:
        field = {"Major": 0, "Minor": 1, "Patch": 2, "Prerelease": 3}.get(name)
        if field is None:
            return self.plain if name in {"String", "Original"} else None
        return lambda: self._version[field]

    def plain(self) -> str:
        return self._text


def _url_parse(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    userinfo, _, host = parts.netloc.rpartition("@")
    is_opaque = bool(parts.scheme and not parts.netloc and not parts.path.startswith("/"))
    return {
        "fragment": parts.fragment,
        "host": host,
        "hostname": parts.hostname or "",
        "opaque": parts.path if is_opaque else "",
        "path": parts.path,
        "query": parts.query,
        "scheme": parts.scheme,
        "userinfo": userinfo,
    }


def _url_join(parts: dict[str, Any]) -> str:
    host = str(parts.get("host") or "")
    userinfo = f"{parts['userinfo']}@" if parts.get("userinfo") else ""
    names = ("scheme", "path", "query", "fragment")
    scheme, path, query, fragment = (str(parts.get(name) or "") for name in names)
    return urlunsplit((scheme, userinfo + host, path, query, fragment))


def _digest(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()


def _b32(text: str) -> str:
    return base64.b32encode(text.encode()).decode()


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


_NUMBERS: Final[Mapping[str, Callable[..., Any]]] = {
    "add": lambda *values: sum(to_int(value) for value in values),
    "add1": lambda value: to_int(value) + 1,
    "add1f": lambda value: to_float(value) + 1.0,
    "addf": lambda *values: math.fsum(to_float(value) for value in values),
    "atoi": to_int,
    "biggest": _extreme(max),
    "ceil": lambda value: float(math.ceil(to_float(value))),
    "div": _divide,
    "divf": lambda left, *rest: to_float(left) / math.prod(to_float(value) for value in rest),
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
    "round": _round,
    "seq": _seq,
    "sub": lambda left, right: to_int(left) - to_int(right),
    "subf": lambda left, *rest: to_float(left) - math.fsum(to_float(value) for value in rest),
    "toDecimal": _octal,
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
    "slice": lambda items, start=0, end=None: items[start:end],
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
    "coalesce": lambda *values: next((value for value in values if not is_empty(value)), None),
    "deepEqual": is_same,
    "default": _default,
    "empty": is_empty,
    "fail": _fail,
    "fromJson": _from_json,
    "hello": lambda: "Hello!",
    "kindIs": lambda name, value: _kind(value) == name,
    "kindOf": _kind,
    "mustFromJson": json.loads,
    "semver": _Semver,
    "semverCompare": meets,
    "sha1sum": _digest("sha1"),
    "sha256sum": _digest("sha256"),
    "sha512sum": _digest("sha512"),
    "ternary": lambda yes, no, test: yes if test else no,
    "toJson": json_text,
    "toPrettyJson": lambda value: json_text(value, indent=2),
    "toRawJson": lambda value: json_text(value, escapes_html=False),
    "typeIs": lambda name, value: _type(value) == name,
    "typeIsLike": lambda name, value: _type(value) in {name, f"*{name}"},
    "typeOf": _type,
    "urlJoin": _url_join,
    "urlParse": _url_parse,
}

_ALSO_MUST: Final = (
    *("append", "chunk", "compact", "deepCopy", "first", "has", "initial", "last", "merge"),
    *("mergeOverwrite", "prepend", "push", "regexFind", "regexFindAll", "regexReplaceAll"),
    *("regexReplaceAllLiteral", "regexSplit", "rest", "reverse", "slice", "toJson"),
    *("toPrettyJson", "toRawJson", "uniq", "without"),
)
"""Functions that have a twin whose name begins with ``must``; they are alike here, for no function
of ours swallows an error that its twin would raise.
"""

_ALL: Final = {**TEXTS, **_NUMBERS, **_COLLECTIONS, **PATHS, **TIMES, **_OTHERS}

SPRIG: Final[Mapping[str, Callable[..., Any]]] = {
    **_ALL,
    **{f"must{name[0].upper()}{name[1:]}": _ALL[name] for name in _ALSO_MUST},
    "mustRegexMatch": lambda pattern, text: bool(_ALL["regexFindAll"](pattern, text, 1)),
    **{name: _refusal(name) for name in sorted(REFUSED)},
}
