"""``gitops set``: change one thing in a kustomization or manifest, keeping every other line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

Change = Callable[[str, str], str]
"""Text and file name to the changed text."""

_FILE = click.argument("file", type=click.Path(path_type=Path))
_NAME = click.option("--name", default="", help="Which object, where the file holds several.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show the difference; write nothing.")


@click.group()
def set() -> None:
    """Change one thing in a file, keeping comments and every other line.

    FILE is a manifest, a kustomization, or a folder with a kustomization.yaml.

    \b
    Example:
      gitops set image overlays/production docker/whalesay:1.2
      gitops set schedule crons/base/hello.yaml '*/5 * * * *'
      gitops set suspend crons/base/hello.yaml true --dry-run
    """


@set.command("image")
@_FILE
@click.argument("images", nargs=-1, required=True, metavar="NAME[=NEW][:TAG|@DIGEST]...")
@_DRY_RUN
def image(file: Path, images: tuple[str, ...], dry_run: bool) -> None:
    """Choose an image's name, tag or digest in a kustomization.

    \b
    Example:
      gitops set image overlays/production casavo/slack-notifier:1.4.0
      gitops set image overlays/staging docker/whalesay=registry.example/whalesay:2
    """
    for chosen in images:
        _rewrite(file, partial(_set_image, chosen), dry_run)


@set.command("namespace")
@_FILE
@click.argument("namespace")
@_NAME
@_DRY_RUN
def namespace(file: Path, namespace: str, name: str, dry_run: bool) -> None:
    """Put a kustomization's objects, or one manifest, into a namespace.

    \b
    Example:
      gitops set namespace overlays/staging data-staging
    """
    from toolkit.repository.edits import set_namespace

    _rewrite(file, lambda text, path: set_namespace(text, namespace, name, file=path), dry_run)


@set.command("label")
@_FILE
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@_NAME
@_DRY_RUN
def label(file: Path, pairs: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Set labels: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops set label crons/base/hello.yaml team=data
    """
    from toolkit.repository.edits import set_label

    for key, value in map(_pair, pairs):
        _rewrite(file, _bound(set_label, key, value, name), dry_run)


@set.command("annotation")
@_FILE
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
@_NAME
@_DRY_RUN
def annotation(file: Path, pairs: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Set annotations: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops set annotation crons/base/hello.yaml owner=data@example.org
    """
    from toolkit.repository.edits import set_annotation

    for key, value in map(_pair, pairs):
        _rewrite(file, _bound(set_annotation, key, value, name), dry_run)


@set.command("suspend")
@_FILE
@click.argument("suspended", type=click.BOOL, metavar="true|false")
@_NAME
@_DRY_RUN
def suspend(file: Path, suspended: bool, name: str, dry_run: bool) -> None:
    """Suspend a CronWorkflow, or let it run.

    \b
    Example:
      gitops set suspend crons/base/hello.yaml true
    """
    from toolkit.repository.edits import set_suspend

    _rewrite(file, lambda text, path: set_suspend(text, suspended, name, file=path), dry_run)


@set.command("schedule")
@_FILE
@click.argument("schedule")
@_NAME
@_DRY_RUN
def schedule(file: Path, schedule: str, name: str, dry_run: bool) -> None:
    """Change when a CronWorkflow runs.

    \b
    Example:
      gitops set schedule crons/base/hello.yaml '*/5 * * * *'
    """
    from toolkit.repository.edits import set_schedule

    _rewrite(file, lambda text, path: set_schedule(text, schedule, name, file=path), dry_run)


def _set_image(chosen: str, text: str, path: str) -> str:
    from toolkit.repository.edits import set_image

    return set_image(text, chosen, file=path)


def _bound(edit: Callable[..., str], key: str, value: str, name: str) -> Change:
    return lambda text, path: edit(text, key, value, name, file=path)


def _pair(text: str) -> tuple[str, str]:
    from toolkit.errors import UsageError

    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"{text!r} is not KEY=VALUE")
    return key, value


def _rewrite(file: Path, change: Change, dry_run: bool) -> None:
    path = _file_of(file)
    before = path.read_bytes().decode("utf-8", errors="strict")
    after = change(before, str(path))
    if after == before:
        print(f"{path}: already so", file=sys.stderr)
    elif dry_run:
        sys.stdout.write(_difference(before, after, str(path)))
    else:
        path.write_bytes(after.encode())
        print(f"{path}: changed", file=sys.stderr)


def _file_of(path: Path) -> Path:
    """The file itself, or the kustomization in a folder."""
    from toolkit.errors import UsageError

    names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
    candidates = [path / name for name in names] if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise UsageError(f"{path}: no such file" + (", and no kustomization" if path.is_dir() else ""))


def _difference(before: str, after: str, path: str) -> str:
    from difflib import unified_diff

    lines: Any = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), path, path, n=1
    )
    return "".join(lines)
