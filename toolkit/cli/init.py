"""``gitops init``: a new repository like the one shipped."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write a new repository to DIR: four crons, shared templates, two environments.

    DIR is made, and becomes a git repository with one commit where it is in none yet.

    \b
    Example:
      gitops init pipelines && cd pipelines && gitops demo
    """
    from toolkit.adapters.starter import commit_starter, write_starter

    count = write_starter(folder)
    is_committed = commit_starter(folder)
    print(f"{count} files written to {folder}{', committed' if is_committed else ''}")
    if not is_committed:
        print(f"{folder} is inside a git repository: commit the files there", file=sys.stderr)
    print(f"next: cd {folder} && gitops demo", file=sys.stderr)
