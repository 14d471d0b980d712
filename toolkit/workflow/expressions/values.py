"""Values of expressions: Go's rules of kinds, equality, text and JSON over Python's objects."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, Protocol, Self

from toolkit.workflow.expressions.locate import EvaluationError

_NANOS: Final = 1_000_000_000


class Fields(Protocol):
    """A map whose members are looked up when asked for (a scope's part)."""

    def member(self, name: str) -> Any:
        """The member, None where absent."""
        ...

    def plain(self) -> dict[str, Any]:
        """All of it as an ordinary dict."""
        ...


def is_number(value: Any) -> bool:
    """An int or float; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind(value: Any) -> str:
    """Go's name for the value's kind, as error messages use it."""
    match value:
        case None:
            return "nil"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case list() | tuple():
            return "[]interface {}"
        case datetime():
            return "time.Time"
        case timedelta():
            return "time.Duration"
        case _ if callable(value):
            return "func"
        case _:
            return "map[string]interface {}"


def is_same(left: Any, right: Any) -> bool:
    """``==``: numbers by value, everything else only within its kind."""
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)


def plain(value: Any) -> Any:
    """The value with lazily looked-up maps made ordinary."""
    return value.plain() if hasattr(value, "plain") else value


def member(target: Any, key: Any) -> Any:
    """``target[key]``, None where a map has no such key. Raises EvaluationError."""
    if hasattr(target, "member"):
        return target.member(str(key))
    if isinstance(target, Mapping):
        return target.get(key)
    if isinstance(target, list | str) and is_number(key):
        items = elements(target)
        index = int(key) + len(items) if key < 0 else int(key)
        if not 0 <= index < len(items):
            raise EvaluationError(f"index out of range: {key} (array length is {len(items)})")
        return items[index]
    if isinstance(target, datetime | timedelta):
        return _time_method(target, str(key))
    if isinstance(target, _Named) and key == "String":
        return lambda: target.name
    if target is None:
        raise EvaluationError(f"cannot fetch {key} from <nil>")
    raise EvaluationError(f"cannot fetch {key} from {kind(target)}")


def elements(value: Any) -> list[Any]:
    """What an array holds; of a text its bytes, as Go sees texts. Raises EvaluationError."""
    value = plain(value)
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return list(value.encode())
    raise EvaluationError(f"cannot iterate over {kind(value)}")


def go_text(value: Any) -> str:
    """What Go prints for ``%v``."""
    match plain(value):
        case None:
            return "<nil>"
        case bool() as truth:
            return "true" if truth else "false"
        case float() as number:
            return _verb_text(number)
        case list() as items:
            return f"[{' '.join(go_text(item) for item in items)}]"
        case dict() as pairs:
            return f"map[{' '.join(f'{key}:{go_text(pairs[key])}' for key in sorted(pairs))}]"
        case datetime() as instant:
            return instant.strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
        case timedelta() as span:
            return duration_text(span)
        case other:
            return str(other)


def float_text(number: float) -> str:
    """The shortest digits that read back, whole numbers without a point."""
    if number.is_integer() and abs(number) < 1e21:
        return f"{Decimal(repr(number)):f}".removesuffix(".0")
    return repr(number)


def _verb_text(number: float) -> str:
    """``%v``: the shortest digits that read back, from the seventh place on with an exponent."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "+Inf" if number > 0 else "-Inf"
    digits = Decimal(repr(number)).normalize()
    if number == 0 or -5 < digits.adjusted() < 6:
        return float_text(number)
    mantissa, _, exponent = f"{digits:e}".partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:]:0>2}"


def json_text(value: Any, *, indent: int | None = None, escapes_html: bool = True) -> str:
    """JSON as Go writes it: sorted keys, no spaces, whole floats without a point, and ``<``, ``>``
    and ``&`` as escapes.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(
        _jsonable(value),
        ensure_ascii=False,
        separators=separators,
        sort_keys=True,
        indent=indent,
    )
    return text.translate(_HTML) if escapes_html else text


def struct_list_text(structs: Iterable[Mapping[str, Any]]) -> str:
    """JSON of a list of Go structs: their keys as they stand, not sorted; none at all is null."""
    texts = (
        ",".join(f'"{key}":{json_text(value)}' for key, value in struct.items())
        for struct in structs
    )
    listed = ",".join(f"{{{text}}}" for text in texts)
    return f"[{listed}]" if listed else "null"


_HTML: Final = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}
)


def _jsonable(value: Any) -> Any:
    match plain(value):
        case float() as number if number.is_integer() and abs(number) < 1e21:
            return int(float_text(number))
        case list() | tuple() as items:
            return [_jsonable(item) for item in items]
        case dict() as pairs:
            return {str(key): _jsonable(item) for key, item in pairs.items()}
        case datetime() as instant:
            return instant.isoformat().replace("+00:00", "Z")
        case timedelta() as span:
            return round(span.total_seconds() * _NANOS)
        case other if callable(other):
            raise EvaluationError("a function is not JSON")
        case tzinfo():
            return {}
        case other:
            return other


def duration_text(span: timedelta) -> str:
    """Go's text: ``1h2m3s``, ``1.5s``, ``250ms``."""
    seconds = span.total_seconds()
    if seconds == 0:
        return "0s"
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 1:
        unit, size = ("ms", 1e-3) if seconds >= 1e-3 else ("µs", 1e-6)
        return f"{sign}{float_text(round(seconds / size, 6))}{unit}"
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    text = f"{int(hours)}h" if hours else ""
    if hours or minutes:
        text += f"{int(minutes)}m"
    return f"{sign}{text}{float_text(round(rest, 9))}s"


def _time_method(target: datetime | timedelta, name: str) -> Callable[..., Any]:
    table = _DURATION_METHODS if isinstance(target, timedelta) else _TIME_METHODS
    method = table.get(name)
    if method is None:
        raise EvaluationError(f"{kind(target)} has no method {name}")
    return lambda *arguments: method(target, *arguments)


def add_date(time: datetime, years: int, months: int, days: int) -> datetime:
    """Go's AddDate: months overflow into years, days into months."""
    month_index = time.year * 12 + time.month - 1 + years * 12 + months
    first = time.replace(year=month_index // 12, month=month_index % 12 + 1, day=1)
    return first + timedelta(days=time.day - 1 + days)


_LAYOUT: Final = (
    ("January", "%B"), ("Monday", "%A"), ("2006", "%Y"), ("-07:00", "%:z"), ("Z07:00", "%:Z"),
    ("-0700", "%z"), ("Jan", "%b"), ("Mon", "%a"), ("MST", "%Z"), ("01", "%m"), ("02", "%d"),
    ("03", "%I"), ("04", "%M"), ("05", "%S"), ("06", "%y"), ("15", "%H"), ("PM", "%p"),
    ("_2", "%_d"), ("1", "%-m"), ("2", "%-d"), ("3", "%-I"), ("4", "%-M"), ("5", "%-S"),
)  # fmt: skip


def go_format(time: datetime, layout: str) -> str:
    """``time`` in Go's reference layout (Mon Jan 2 15:04:05 MST 2006)."""
    written, at = "", 0
    while at < len(layout):
        for mark, code in _LAYOUT:
            if layout.startswith(mark, at):
                written += _time_part(time, code)
                at += len(mark)
                break
        else:
            written += layout[at]
            at += 1
    return written


def _time_part(time: datetime, code: str) -> str:
    if code in {"%:z", "%:Z"}:
        offset = time.strftime("%z")
        return "Z" if code == "%:Z" and offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    if code == "%_d":
        return f"{time.day:2d}"
    if code.startswith("%-"):
        return str(int(time.strftime(f"%{code[2]}")))
    return time.strftime(code)


def go_layout_to_python(layout: str) -> str:
    """A strptime format for a Go layout."""
    written, at = "", 0
    while at < len(layout):
        for mark, code in _LAYOUT:
            if layout.startswith(mark, at):
                written += {"%:z": "%z", "%:Z": "%z", "%_d": "%d"}.get(code, code.replace("-", ""))
                at += len(mark)
                break
        else:
            written += layout[at].replace("%", "%%")
            at += 1
    return written


class _Named(int):
    """Go's time.Month or time.Weekday: a number with a name."""

    name: str

    def __new__(cls, number: int, name: str) -> Self:
        made = super().__new__(cls, number)
        made.name = name
        return made


def _truncated(span: timedelta, unit: timedelta) -> timedelta:
    return span - _remainder(span, unit)


def _remainder(span: timedelta, unit: timedelta) -> timedelta:
    """With the sign of ``span``, as Go's ``%``."""
    if unit <= timedelta():
        return timedelta()
    rest = abs(span) % unit
    return rest if span >= timedelta() else -rest


def _rounded(span: timedelta, unit: timedelta) -> timedelta:
    rest = abs(_remainder(span, unit))
    toward_zero = _truncated(span, unit)
    if rest * 2 < unit or unit <= timedelta():
        return toward_zero
    return toward_zero + (unit if span >= timedelta() else -unit)


_UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_GO_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)

_DURATION_METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "Hours": lambda span: span.total_seconds() / 3600,
    "Minutes": lambda span: span.total_seconds() / 60,
    "Seconds": lambda span: span.total_seconds(),
    "Milliseconds": lambda span: int(span.total_seconds() * 1_000),
    "Microseconds": lambda span: int(span.total_seconds() * 1_000_000),
    "Nanoseconds": lambda span: round(span.total_seconds() * _NANOS),
    "String": duration_text,
    "Abs": abs,
    "Round": _rounded,
    "Truncate": _truncated,
}

_TIME_METHODS: Final[Mapping[str, Callable[..., Any]]] = {
    "Year": lambda time: time.year,
    "Month": lambda time: _Named(time.month, f"{time:%B}"),
    "Day": lambda time: time.day,
    "Hour": lambda time: time.hour,
    "Minute": lambda time: time.minute,
    "Second": lambda time: time.second,
    "Weekday": lambda time: _Named((time.weekday() + 1) % 7, f"{time:%A}"),
    "YearDay": lambda time: time.timetuple().tm_yday,
    "Unix": lambda time: int(time.timestamp()),
    "UnixMilli": lambda time: (time - _UNIX_EPOCH) // timedelta(milliseconds=1),
    "UnixMicro": lambda time: (time - _UNIX_EPOCH) // timedelta(microseconds=1),
    "UnixNano": lambda time: (time - _UNIX_EPOCH) // timedelta(microseconds=1) * 1_000,
    "Nanosecond": lambda time: time.microsecond * 1_000,
    "In": lambda time, zone: time.astimezone(zone),
    "Local": lambda time: time.astimezone(UTC),
    "Truncate": lambda time, unit: time - _remainder(time - _GO_EPOCH, unit),
    "Round": lambda time, unit: _GO_EPOCH + _rounded(time - _GO_EPOCH, unit),
    "IsZero": lambda time: time == _GO_EPOCH,
    "UTC": lambda time: time.astimezone(UTC),
    "Sub": lambda time, other: time - other,
    "Add": lambda time, span: time + span,
    "AddDate": add_date,
    "Before": lambda time, other: time < other,
    "After": lambda time, other: time > other,
    "Equal": lambda time, other: time == other,
    "Format": go_format,
    "String": go_text,
}
