"""Text before it is YAML: bytes to characters, and lines for excerpts."""

from __future__ import annotations

from toolkit.errors import YamlError
from toolkit.source import Location
from toolkit.yaml.limits import Limits


def as_text(text: bytes | str, path: str, limits: Limits) -> str:
    """Decoded (UTF-8, or UTF-16 with a byte order mark) and without a byte order mark.

    Raises :class:`YamlError` for other bytes, lone surrogates, and more than the size allowed.
    """
    if len(text) > limits.size_bytes:
        raise YamlError(
            f"the text has {len(text):,} bytes; at most {limits.size_bytes:,} are read",
            location=Location(path),
            hints=("split the text into several files",),
        )
    if isinstance(text, bytes):
        text = _decoded(text, path)
    elif not text.isascii():
        _refuse_surrogates(text, path)
    return text.removeprefix("\ufeff")


def line_of(text: str, line: int) -> str | None:
    """The 1-based line without its end, or None; broken where YAML breaks lines."""
    lines = _lines(text)
    return lines[line - 1] if 0 < line <= len(lines) else None


def _lines(text: str) -> list[str]:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return text.replace("\u2028", "\n").replace("\u2029", "\n").split("\n")


def _decoded(text: bytes, path: str) -> str:
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode(encoding, errors="replace")
        raise YamlError(
            f"byte 0x{text[error.start]:02x} is not {encoding.upper()} text",
            location=_end_of(before, path),
            hints=("save the file as UTF-8; binary content belongs in binaryData, as base64",),
        ) from None


def _refuse_surrogates(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise YamlError(
            "a lone surrogate is not a character",
            location=_end_of(text[: error.start], path),
            hints=("remove the character",),
        ) from None


def _end_of(text: str, path: str) -> Location:
    lines = _lines(text)
    return Location(path, len(lines), len(lines[-1]) + 1)
