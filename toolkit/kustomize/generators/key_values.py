"""Keys and values of generators: from literals, files and env files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from posixpath import basename

from toolkit.errors import BuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Load = Callable[[str], bytes]
Pair = tuple[str, bytes]

_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


class SourceError(BuildError):
    """A file of a generator cannot be used. ``path`` leads to where the generator names it."""

    def __init__(self, error: BuildError, path: tuple[str | int, ...]) -> None:
        super().__init__(error.message, hints=error.hints)
        self.path = path


def key_values(fields: Mapping[str, Any], load: Load) -> dict[str, bytes]:
    """All pairs of a generator: env files first, then literals, then files. ``load`` reads a file
    of the kustomization. Raises BuildError for a key given twice.
    """
    result: dict[str, bytes] = {}
    for key, value in _pairs(fields, load):
        if key in result:
            raise BuildError(f"the key {key!r} is given twice", hints=["drop one of them"])
        result[key] = value
    return result


def _pairs(fields: Mapping[str, Any], load: Load) -> Iterator[Pair]:
    for number, name in enumerate(fields.get("envs", ())):
        with _Naming(("envs", number)):
            yield from _env_pairs(load(name), name)
    if fields.get("env"):
        with _Naming(("env",)):
            yield from _env_pairs(load(fields["env"]), fields["env"])
    for number, source in enumerate(fields.get("literals", ())):
        yield _literal(source, number)
    yield from _file_pairs(fields.get("files", ()), load)


def _env_pairs(content: bytes, name: str) -> Iterator[Pair]:
    for number, raw in enumerate(_lines(content)):
        line = raw.removeprefix(_BOM) if number == 0 else raw
        try:
            text = line.decode().lstrip(_SPACE)
        except UnicodeDecodeError:
            raise BuildError(
                f"{name}, line {number + 1} is no UTF-8 text",
                hints=["save the file as UTF-8, or take it whole, under `files:`"],
            ) from None
        if text and not text.startswith("#"):
            key, _, value = text.partition("=")
            if key:  # upstream passes over a line without one
                yield key, value.encode()


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]


def _literal(source: str, number: int) -> Pair:
    key, separator, value = source.partition("=")
    if not separator or not key:
        # the text itself may be a secret
        raise BuildError(
            f"literals[{number}] is no key=value", hints=["put a key and = before the value"]
        )
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return key, value.encode("utf-8", "surrogatepass")


def _file_pairs(sources: Sequence[str], load: Load) -> Iterator[Pair]:
    for number, source in enumerate(sources):
        with _Naming(("files", number)):
            yield _file_pair(source, load)


def _file_pair(source: str, load: Load) -> Pair:
    key, separator, path = source.partition("=")
    if not separator:
        return basename(source), load(source)
    if not key or not path or "=" in path:
        raise BuildError(f"{source!r} is no file", hints=["write a path, or key=path"])
    return key, load(path)


class _Naming:
    """Errors of the block get the path to where the generator names the file."""

    __slots__ = ("path",)

    def __init__(self, path: tuple[str | int, ...]) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BuildError) and error.location is None:
            raise SourceError(error, self.path) from None
