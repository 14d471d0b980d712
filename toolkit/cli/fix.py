"""``gitops fix``: deprecated fields of a kustomization become present ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.editing import DRY_RUN, rewrite_file

if TYPE_CHECKING:
    from toolkit.repository.kustomization_sheet import Edited


@click.command()
@click.argument("target", default=".")
@click.option(
    "--check", "also", multiple=True, metavar="TARGET", help="Compare the build of this one, too."
)
@click.option("--vars", "with_vars", is_flag=True, help="vars, too, where all are whole values.")
@DRY_RUN
def fix(target: str, also: tuple[str, ...], with_vars: bool, dry_run: bool) -> None:
    """Turn deprecated fields of a kustomization into present ones, keeping comments.

    bases, imageTags, commonLabels, patchesStrategicMerge, patchesJson6902, and env of generators.
    Nothing is written unless TARGET and every environment that uses it build to the same bytes
    before and after.

    \b
    Example:
      gitops fix overlays/staging --dry-run
      gitops fix components/alerts --check overlays/staging
    """
    from toolkit.wiring.edits import find_file

    file = find_file(target)
    rewrite_file(
        file, lambda text, name: _fixed(file, text, name, also, with_vars), dry_run=dry_run
    )


def _fixed(file: Path, text: str, name: str, also: tuple[str, ...], with_vars: bool) -> Edited:
    from toolkit.repository.fixes import fix as fix_text
    from toolkit.repository.kustomization_sheet import Edited, Sheet
    from toolkit.wiring.fixing import refuse_other_build

    has_vars = with_vars and bool(Sheet(text, name).items(("vars",)))
    first = _with_replacements(file, text, name) if has_vars else Edited(text)
    edited = fix_text(first.text, lambda path: _is_file(file.parent, path), file=name)
    edited = Edited(edited.text, (*first.notes, *edited.notes))
    if edited.text != text:
        compared = refuse_other_build(file, edited.text, also)
        print(f"builds to the same bytes: {', '.join(compared)}", file=sys.stderr)
    return edited


def _with_replacements(file: Path, text: str, name: str) -> Edited:
    from toolkit.repository.vars_fix import replace_vars, without_vars
    from toolkit.wiring.fixing import bodies_with

    objects = bodies_with(file, without_vars(text, file=name))
    return replace_vars(text, objects, file=name)


def _is_file(folder: Path, path: str) -> bool:
    return "\n" not in path and (folder / path).is_file()
