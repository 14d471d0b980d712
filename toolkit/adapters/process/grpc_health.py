"""Asks a gRPC server how it is: ``grpc.health.v1.Health/Check``, as the kubelet's probes do.

One unary call is a handful of HTTP/2 frames (RFC 9113), and of what comes back only the message
counts, not the headers: no gRPC library is needed for it.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from typing import Final

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_PATH: Final = "/grpc.health.v1.Health/Check"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_END_STREAM: Final = 0x1
_ACK: Final = 0x1
_END_HEADERS: Final = 0x4
_PADDED: Final = 0x8
_STREAM: Final = 1
_MOST_BYTES: Final = 1 << 14  # of a frame, where nothing else was agreed on
_SERVING: Final = 1
_STATES: Final = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_HEAD = struct.Struct(">BI")

_Frame = tuple[int, int, int, bytes]


def ask_health(host: str, port: int, service: str, timeout_s: float | None) -> str:
    """Why it does not serve, "" where it does. Raises OSError where there is no connection."""
    end = None if timeout_s is None else time.monotonic() + timeout_s
    with socket.create_connection((host, port), timeout_s) as connection:
        connection.sendall(_question(f"{host}:{port}", service))
        message = b""
        for kind, flags, stream, payload in _frames(connection, end):
            if kind == _SETTINGS and not flags & _ACK:
                connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
            elif kind == _PING and not flags & _ACK:
                connection.sendall(_frame(_PING, _ACK, 0, payload))
            elif kind == _DATA and stream == _STREAM:
                message += _unpadded(flags, payload)
            if (answer := _answer(message)) is not None:
                return answer
            is_over = stream == _STREAM and (kind == _RST_STREAM or flags & _END_STREAM)
            if kind == _GOAWAY or (is_over and kind in {_DATA, _HEADERS, _RST_STREAM}):
                break
    return "this server does not implement the grpc health protocol (grpc.health.v1.Health)"


def _question(authority: str, service: str) -> bytes:
    headers = (
        (":method", "POST"), (":scheme", "http"), (":path", _PATH), (":authority", authority),
        ("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "kube-probe/1.30"),
    )  # fmt: skip
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return b"".join(
        (
            _PREFACE,
            _frame(_SETTINGS, 0, 0, b""),
            _frame(_HEADERS, _END_HEADERS, _STREAM, block),
            _frame(_DATA, _END_STREAM, _STREAM, _HEAD.pack(0, len(message)) + message),
        )
    )


def _answer(message: bytes) -> str | None:
    """None until the message is there as a whole."""
    if len(message) < _HEAD.size:
        return None
    is_compressed, length = _HEAD.unpack_from(message)
    body = message[_HEAD.size :]
    if len(body) < length:
        return None
    status = body[1] if length >= 2 and body[0] == 0x08 else 0  # field 1, a varint
    if status == _SERVING and not is_compressed:
        return ""
    said = _STATES[status] if status < len(_STATES) else str(status)
    return f'service unhealthy (responded with "{said}")'


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _frames(connection: socket.socket, end: float | None) -> Iterator[_Frame]:
    """Until the other side closes, or the time is over (TimeoutError)."""
    while head := _read(connection, 9, end):
        length = int.from_bytes(head[:3])
        if length > _MOST_BYTES:
            raise OSError(f"a frame of {length} bytes: this is no gRPC")
        stream = int.from_bytes(head[5:9]) & 0x7FFFFFFF
        yield head[3], head[4], stream, _read(connection, length, end)


def _read(connection: socket.socket, length: int, end: float | None) -> bytes:
    """Less where the other side closes."""
    found = b""
    while len(found) < length:
        if end is not None:
            connection.settimeout(max(0.001, end - time.monotonic()))
        more = connection.recv(length - len(found))
        if not more:
            return b""
        found += more
    return found


def _unpadded(flags: int, payload: bytes) -> bytes:
    if not flags & _PADDED or not payload:
        return payload
    return payload[1 : len(payload) - payload[0]]


def _text(text: str) -> bytes:
    """HPACK: a string without Huffman's code; its length has seven bits, and more if it must."""
    raw = text.encode()
    if len(raw) < 0x7F:
        return bytes((len(raw),)) + raw
    return b"\x7f" + _varint(len(raw) - 0x7F) + raw


def _varint(number: int) -> bytes:
    """Seven bits at a time, the lowest first: protobuf's, and HPACK's beyond the prefix."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
