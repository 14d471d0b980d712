"""Bodies in Kubernetes' protobuf form to objects: what kubectl's typed commands send.

The form is four bytes, ``k8s\\0``, then an envelope that names the type and holds its message.
Only the kinds in :mod:`toolkit.schema.wire` are known. Answers are always JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from toolkit.errors import BadRequestError, MediaTypeError
from toolkit.resource.resource import Body
from toolkit.schema.wire import WireField, message, message_of

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"
MAGIC: Final = b"k8s\x00"

_DEEPEST = 64
_MOST_FIELDS = 200_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Raw = tuple[int, int | bytes]
"""A field's number and its value as it stands on the wire."""


def decode(content: bytes) -> Body:
    """Raises BadRequestError for what is no such form, MediaTypeError for a kind without a table.

    Time and space are linear in ``content``; fields we do not know are passed over.
    """
    if not content.startswith(MAGIC):
        raise BadRequestError("the body does not begin as Kubernetes' protobuf does")
    try:
        return _enveloped(content[len(MAGIC) :])
    except (ValueError, OverflowError, TypeError) as error:
        raise BadRequestError(f"the body is not protobuf: {error}") from None


def _enveloped(content: bytes) -> Body:
    envelope = dict(_fields(content))
    type_meta = dict(_fields(_as_bytes(envelope.get(1, b""))))
    api_version, kind = _text(type_meta.get(1, b"")), _text(type_meta.get(2, b""))
    if envelope.get(3):
        raise ValueError("an encoding inside the envelope is not known")
    name = message_of(api_version, kind)
    if name is None:
        raise MediaTypeError(
            f"{api_version} {kind} is not known in protobuf here",
            hints=["send the object as application/json"],
        )
    body = _Decoder().message(name, _as_bytes(envelope.get(2, b"")), 0)
    return {"apiVersion": api_version, "kind": kind, **body}


class _Decoder:
    """Counts what it has read, over all levels."""

    def __init__(self) -> None:
        self._left = _MOST_FIELDS

    def message(self, name: str, content: bytes, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} messages in one another")
        known = message(name)
        found: dict[str, Any] = {}
        for number, raw in _fields(content):
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"more than {_MOST_FIELDS} fields")
            field = known.get(number)
            if field is not None:
                self._take(found, field, raw, depth + 1)
        return found

    def _take(self, found: dict[str, Any], field: WireField, raw: int | bytes, depth: int) -> None:
        if field.is_map:
            key, value = self._entry(field.type, _as_bytes(raw), depth)
            found.setdefault(field.name, {})[key] = value
            return
        value = self._value(field.type, raw, depth)
        if field.is_list:
            found.setdefault(field.name, []).append(value)
        elif not field.name:
            found.update(value)
        elif field.keeps_empty or value not in _EMPTY:
            found[field.name] = value

    def _entry(self, type: str, content: bytes, depth: int) -> tuple[str, Any]:
        parts = dict(_fields(content))
        return _text(parts.get(1, b"")), self._value(type, parts.get(2, b""), depth)

    def _value(self, type: str, raw: int | bytes, depth: int) -> Any:
        convert = _CONVERSIONS.get(type)
        return convert(raw) if convert else self.message(type, _as_bytes(raw), depth)


_EMPTY: tuple[Any, ...] = ("", 0, False, {}, None)


def _fields(content: bytes) -> Iterator[_Raw]:
    """Raises ValueError for what breaks off, or is of a wire type nobody uses any more."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, at = _varint(content, at)
        elif wire_type in (_FIXED64, _FIXED32):
            length = 8 if wire_type == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if length > len(content) - at:
            raise ValueError("a field is longer than what holds it")
        yield number, content[at : at + length]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        if at >= len(content):
            raise ValueError("a number breaks off")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at
    raise ValueError("a number is too long")


def _as_bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise TypeError("a number where a message or text belongs")
    return raw


def _text(raw: int | bytes) -> str:
    return _as_bytes(raw).decode()


def _int(raw: int | bytes) -> int:
    """Negative numbers stand as their 64-bit complement."""
    if isinstance(raw, bytes):
        if raw:
            raise ValueError("text where a number belongs")
        return 0
    value = raw & 0xFFFF_FFFF_FFFF_FFFF
    return value - (1 << 64) if value >> 63 else value


def _bool(raw: int | bytes) -> bool:
    return bool(_int(raw))


def _base64(raw: int | bytes) -> str:
    return base64.b64encode(_as_bytes(raw)).decode()


def _json(raw: int | bytes) -> Any:
    text = _as_bytes(raw)
    return orjson.loads(text) if text else None


def _inner(raw: int | bytes) -> Mapping[int, int | bytes]:
    return dict(_fields(_as_bytes(raw)))


def _quantity(raw: int | bytes) -> str:
    return _text(_inner(raw).get(1, b""))


def _int_or_string(raw: int | bytes) -> int | str:
    parts = _inner(raw)
    return _text(parts.get(3, b"")) if parts.get(1) else _int(parts.get(2, 0))


def _time(raw: int | bytes) -> str | None:
    moment = _moment(raw)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _micro_time(raw: int | bytes) -> str | None:
    moment = _moment(raw)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def _moment(raw: int | bytes) -> datetime | None:
    """None for the zero time, which is written as no fields at all."""
    parts = _inner(raw)
    if not parts:
        return None
    return _EPOCH + timedelta(
        seconds=_int(parts.get(1, 0)), microseconds=_int(parts.get(2, 0)) // 1000
    )


def _texts(raw: int | bytes) -> list[str]:
    return [_text(value) for number, value in _fields(_as_bytes(raw)) if number == 1]


_CONVERSIONS: Mapping[str, Callable[[int | bytes], Any]] = {
    "string": _text,
    "bytes": _base64,
    "bool": _bool,
    "int": _int,
    "Time": _time,
    "MicroTime": _micro_time,
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "Raw": lambda raw: _json(_inner(raw).get(1, b"")),
    "FieldsV1": lambda raw: _json(_inner(raw).get(1, b"")),
    "ExtraValue": _texts,
}
