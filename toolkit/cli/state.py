"""``gitops state``: back up and restore everything that is kept for this repository."""

from __future__ import annotations

from pathlib import Path

import click

from toolkit.cli.workflows import dry_run_option


@click.group()
def state() -> None:
    """Back up and restore the state: clusters, runs, logs, artifacts, the local deploy repository.

    \b
    Example:
      gitops state backup backups/monday.tar.gz
      gitops state restore backups/monday.tar.gz
    """


@state.command("backup")
@click.argument("target", metavar="FILE|DIR", type=click.Path(path_type=Path))
def backup(target: Path) -> None:
    """Write a backup, also while `gitops up` runs. A name that ends in .tar.gz or .tgz becomes a
    file, any other a folder. It holds Secrets: only you can read it.

    \b
    Example:
      gitops state backup backups/monday.tar.gz
      gitops state backup /mnt/backups/monday
    """
    from toolkit.wiring.backups import back_up_state
    from toolkit.wiring.workspace import find_workspace
    from toolkit.workflow.retention.retention import size_text

    entries = back_up_state(find_workspace(), target)
    size = sum(entry.size for entry in entries)
    print(f"{target}: {len(entries)} entries, {size_text(size)}")


@state.command("restore")
@click.argument("source", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Stop the gitops that runs, first.")
@dry_run_option
def restore(source: Path, force: bool, dry_run: bool) -> None:
    """Verify a backup, and put it in the place of the present state, which is moved aside.

    Steps that ran when the backup was made are interrupted: their retryStrategy decides. With
    --dry-run the backup is verified, and nothing is changed.

    \b
    Example:
      gitops state restore backups/monday.tar.gz --dry-run
      gitops state restore /mnt/backups/monday --force
    """
    from toolkit.wiring.backups import restore_state
    from toolkit.wiring.workspace import find_workspace

    restored = restore_state(find_workspace(), source, force=force, dry_run=dry_run)
    count = len(restored.entries)
    if dry_run:
        print(f"{source}: {count} entries, all as they were backed up")
        return
    print(f"{count} entries restored from {source}")
    if restored.aside is not None:
        print(f"the state before is in {restored.aside}")
