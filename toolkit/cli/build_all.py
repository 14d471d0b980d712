"""``gitops build --all``: every environment, in one process and a copy of it."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit.adapters.files import DiskTree
from toolkit.adapters.fork import ForkedHelper, helper_for_this_machine
from toolkit.adapters.remote.bases import RemoteBases
from toolkit.cli.build_fast import from_root, print_warning
from toolkit.kustomize.build import build, render
from toolkit.kustomize.result import BuildOptions, BuildWarning
from toolkit.kustomize.sources.parsed_files import ParsedFiles
from toolkit.source import Location


class Recipe(NamedTuple):
    """What is built the same way for all environments. ``compat`` "" is each one's own mode."""

    compat: str
    load_restrictor: str
    reorder: str
    managed_by_label: bool
    open_remote: Callable[[], RemoteBases]

    def options(self, compat: str) -> BuildOptions:
        return BuildOptions(
            compat,
            self.load_restrictor,
            self.reorder,
            base=from_root("."),
            managed_by_label=self.managed_by_label,
        )


class _Overlay(NamedTuple):
    name: str
    folder: str
    compat: str


class _Built(NamedTuple):
    text: str
    warnings: list[BuildWarning]


def build_all(recipe: Recipe, *, output: str = "", is_strict: bool = False) -> int:
    """Writes ``<environment>.yaml`` into the folder ``output``, or all to stdout, each below a
    comment with its name. Nothing is written where one of them cannot be built.

    Raises UsageError, SettingsError, YamlError, BuildError; with ``is_strict`` for a warning, too.
    """
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    overlays = [
        _Overlay(each.name, str(workspace.root / each.overlay), recipe.compat or each.compat.value)
        for each in workspace.settings().environments.values()
    ]
    built = _build_on_all_cores(overlays, recipe, helper_for_this_machine())
    for one in built:
        for warning in one.warnings:
            print_warning(warning, is_strict=is_strict)
    names = [overlay.name for overlay in overlays]
    texts = [one.text.encode("utf-8", "surrogateescape") for one in built]
    if output:
        _write_folder(Path(output), names, texts)
    else:
        _print(names, texts)
    return 0


def _build_on_all_cores(
    overlays: Sequence[_Overlay], recipe: Recipe, helper: ForkedHelper | None
) -> list[_Built]:
    """Every other environment is built by ``helper``; here again, where it failed, to meet the
    error.
    """
    if helper is None or len(overlays) < 2:
        return _build_here(overlays, recipe, helper)
    answer = helper.start(lambda: _packed(_build_here(overlays[1::2], recipe, None)))
    ours = _build_here(overlays[::2], recipe, None)
    packed = answer()
    theirs = _build_here(overlays[1::2], recipe, None) if packed is None else _unpacked(packed)
    built = [*ours, *theirs]
    built[::2], built[1::2] = ours, theirs
    return built


def _build_here(
    overlays: Sequence[_Overlay], recipe: Recipe, helper: ForkedHelper | None
) -> list[_Built]:
    tree, parsed = DiskTree("/"), ParsedFiles()
    built = []
    with recipe.open_remote() as remote:
        for overlay in overlays:
            result = build(
                tree,
                from_root(overlay.folder),
                recipe.options(overlay.compat),
                helper=helper,
                parsed=parsed,
                remote=lambda: remote,
            )
            built.append(_Built(render(result, helper=helper), list(result.warnings)))
    return built


def _packed(built: list[_Built]) -> bytes:
    return marshal.dumps([(one.text, [_row(warning) for warning in one.warnings]) for one in built])


def _row(warning: BuildWarning) -> tuple[str, str, tuple[str, int, int] | None]:
    place = warning.location
    row = None if place is None else (place.path, place.line, place.column)
    return warning.message, warning.hint, row


def _unpacked(packed: bytes) -> list[_Built]:
    return [
        _Built(
            text,
            [
                BuildWarning(message, None if place is None else Location(*place), hint)
                for message, hint, place in rows
            ],
        )
        # the bytes come from a copy of this very process, through a pipe
        for text, rows in marshal.loads(packed)  # noqa: S302
    ]


def _write_folder(folder: Path, names: Sequence[str], texts: Sequence[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(names, texts, strict=True):
        (folder / f"{name}.yaml").write_bytes(text)


def _print(names: Sequence[str], texts: Sequence[bytes]) -> None:
    import sys

    sections = (f"# {name}\n".encode() + text for name, text in zip(names, texts, strict=True))
    sys.stdout.flush()
    sys.stdout.buffer.write(b"---\n".join(sections))
