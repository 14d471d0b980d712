"""What ``set``, ``add``, ``remove`` and ``fix`` share: from a target to a file that is rewritten,
or to the difference that would be made.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.repository.kustomization_sheet import Edited

Change = Callable[[str, str], "Edited"]
"""Text and file name to the changed text."""

TARGET = click.argument("target")
NAME = click.option("--name", default="", help="Which object, where the file holds several.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Print the difference; write nothing.")

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def rewrite(target: str, change: Change, *, dry_run: bool) -> None:
    """Changes the file that the target names."""
    from toolkit.wiring.edits import find_file

    rewrite_file(find_file(target), change, dry_run=dry_run)


def rewrite_object(
    target: str, change: Change, *, name: str, kinds: tuple[str, ...] = (), dry_run: bool
) -> None:
    """Changes the manifest that holds an object."""
    from toolkit.wiring.edits import find_file, find_manifest

    rewrite_file(find_manifest(find_file(target), name, kinds), change, dry_run=dry_run)


def rewrite_file(path: Path, change: Change, *, dry_run: bool) -> None:
    """Writes the changed text at once, or with ``dry_run`` prints the difference to stdout."""
    from toolkit.wiring.edits import read_text, write_text

    before = read_text(path)
    after, notes = change(before, str(path))
    for note in notes:
        print(note, file=sys.stderr)
    if after == before:
        print(f"{path}: already so, nothing changed", file=sys.stderr)
    elif dry_run:
        sys.stdout.write("".join(difference(before, after, path.as_posix())))
    else:
        write_text(path, before, after)
        print(f"{path}: changed", file=sys.stderr)


def is_kustomization_target(target: str) -> bool:
    """True where the target names a kustomization, False for a manifest."""
    from toolkit.repository.kustomization_sheet import is_kustomization
    from toolkit.wiring.edits import find_file, read_text

    path = find_file(target)
    return is_kustomization(read_text(path), str(path))


def difference(before: str, after: str, path: str) -> Iterator[str]:
    """A unified difference, as ``patch`` and ``git apply`` take it."""
    from difflib import unified_diff

    name = path.lstrip("/")
    lines = unified_diff(_LINE.findall(before), _LINE.findall(after), f"a/{name}", f"b/{name}", n=3)
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """``KEY=VALUE`` each. Raises UsageError for anything else."""
    from toolkit.errors import UsageError

    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"{text!r} is not KEY=VALUE")
        found[key] = value
    return found
