"""A kustomization's text under edit: fields by their proper names, places for messages.

kustomize reads field names in any case; a field is found as the file spells it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple, NoReturn

from toolkit.errors import InputError, UsageError
from toolkit.source import Location
from toolkit.yaml import SETTINGS, load_all
from toolkit.yaml.edit import (
    append_item,
    append_lines,
    entry_lines,
    prepend_lines,
    remove_value,
    rename_key,
    replace_lines,
    set_value,
)
from toolkit.yaml.edit_places import Places
from toolkit.yaml.edit_text import Layout, indented, layout_of
from toolkit.yaml.edit_values import value_at, with_value, without
from toolkit.yaml.positions import Positions

Path = tuple[str | int, ...]

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Edited(NamedTuple):
    """The text after an edit, and what people should know about it, a sentence each."""

    text: str
    notes: tuple[str, ...] = ()


class Sheet:
    """One kustomization while it is edited. Raises UsageError where the file is something else."""

    def __init__(self, text: str, file: str) -> None:
        if not is_kustomization(text, file):
            raise UsageError(
                f"{file} is no kustomization", hints=["name a kustomization, or its folder"]
            )
        self.text = text
        self.file = file
        self.notes: list[str] = []
        self._first_text = text

    @property
    def body(self) -> dict[str, Any]:
        bodies = load_all(self.text, self.file, dialect=SETTINGS)
        body = bodies[0] if bodies else None
        if not isinstance(body, dict | None):
            raise InputError("a kustomization is a mapping", location=Location(self.file, 1, 1))
        return body or {}

    def at(self, path: Path) -> Any:
        """The value there, None for nothing."""
        return value_at(self.body, self._spelled(path))

    def items(self, path: Path) -> list[Any]:
        """The list there; none where there is none. Raises InputError for anything else."""
        found = self.at(path)
        if found is not None and not isinstance(found, list):
            raise InputError(f"{path[-1]} must be a list", location=self.place(path))
        return found or []

    def fields(self, path: Path) -> dict[str, Any]:
        """The mapping there; none where there is none. Raises InputError for anything else."""
        found = self.at(path)
        if found is not None and not isinstance(found, dict):
            raise InputError(f"{path[-1]} must be a mapping", location=self.place(path))
        return found or {}

    def mappings(self, path: Path) -> list[tuple[int, dict[str, Any]]]:
        """The items of the list there that are mappings, each with its number."""
        return [(n, one) for n, one in enumerate(self.items(path)) if isinstance(one, dict)]

    def set(self, path: Path, value: Any) -> None:
        self.text = set_value(
            self.text, self._spelled(path), value, file=self.file, dialect=SETTINGS
        )

    def append(self, path: Path, item: Any) -> None:
        self.text = append_item(
            self.text, self._spelled(path), item, file=self.file, dialect=SETTINGS
        )

    def remove(self, path: Path) -> None:
        self.text = remove_value(self.text, self._spelled(path), file=self.file, dialect=SETTINGS)

    def rename(self, path: Path, name: str) -> None:
        self.text = rename_key(
            self.text, self._spelled(path), name, file=self.file, dialect=SETTINGS
        )

    @property
    def layout(self) -> Layout:
        """How this file sets in."""
        return layout_of(Places(self.text.removeprefix("\ufeff"), self.file))

    def lines(self, path: Path) -> list[str]:
        """The lines of an entry from column 0, key or dash and comments and all."""
        return entry_lines(self.text, self._spelled(path), file=self.file)

    def append_lines(self, path: Path, lines: list[str], value: list[Any]) -> None:
        """Lines after a list's last; ``value``: what the list then is."""
        self._edit(append_lines, self._spelled(path), lines, path, value)

    def prepend_lines(self, path: Path, lines: list[str], value: list[Any]) -> None:
        """Lines before a list's first; ``value``: what the list then is."""
        self._edit(prepend_lines, self._spelled(path), lines, path, value)

    def replace_lines(self, path: Path, lines: list[str], above: Path, value: Any) -> None:
        """Other lines in place of an entry; ``value``: what then stands at ``above``."""
        self._edit(replace_lines, self._spelled(path), lines, above, value)

    def replace_field(self, old: str, new: str, lines: list[str], value: list[Any]) -> None:
        """A list in place of a field, where that stood."""
        path = self._spelled((old,))
        body = {**without(self.body, path), new: value}
        whole = [f"{new}:", *indented(lines, self.layout.offset)]
        self.text = replace_lines(self.text, path, whole, body, file=self.file, dialect=SETTINGS)

    def place(self, path: Path, *, of_key: bool = False) -> Location:
        """Of the value, or of what comes nearest above it."""
        return Positions(self.text, self.file).locate(0, self._spelled(path), of_key=of_key)

    def note(self, message: str, path: Path, *, of_key: bool = False) -> None:
        """With the place in the text as it came."""
        positions = Positions(self._first_text, self.file)
        place = positions.locate(0, self._spelled(path), of_key=of_key)
        self.notes.append(f"{place}: {message}")

    def refuse_unknown(self, what: str, name: str, known: Iterable[str], path: Path) -> NoReturn:
        """There is no such name: says where the list stands, and which name is close."""
        names = [each for each in known if each]
        raise InputError(
            f"there is no {what} {name!r} here",
            location=self.place(path, of_key=True),
            hints=suggestions(name, names),
        )

    def edited(self) -> Edited:
        return Edited(self.text, tuple(self.notes))

    def _edit(
        self, edit: Callable[..., str], path: Path, lines: list[str], above: Path, value: Any
    ) -> None:
        wanted = with_value(self.body, self._spelled(above), value)
        self.text = edit(self.text, path, lines, wanted, file=self.file, dialect=SETTINGS)

    def _spelled(self, path: Path) -> Path:
        field, *rest = path
        body = self.body
        if field in body:
            return path
        same = (key for key in body if key.lower() == str(field).lower())
        return (next(same, field), *rest)


def is_kustomization(text: str, file: str) -> bool:
    """By the file's name, or by its kind."""
    if file.replace("\\", "/").rsplit("/", 1)[-1] in KUSTOMIZATION_NAMES:
        return True
    bodies = [body for body in load_all(text, file, dialect=SETTINGS) if isinstance(body, dict)]
    return any(body.get("kind") in ("Kustomization", "Component") for body in bodies)


def close_to(name: str, known: Iterable[str]) -> str | None:
    """The name that may have been meant."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return close[0] if close and close[0] != name else None


def suggestions(name: str, known: list[str]) -> list[str]:
    """Hints for a name that is not among those known."""
    close = close_to(name, known)
    if close:
        return [f"did you mean {close!r}?"]
    return [f"there are: {', '.join(known[:12])}"] if known else []
