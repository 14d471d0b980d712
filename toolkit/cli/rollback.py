"""``gitops rollback``: put an earlier revision back, and hold it there."""

from __future__ import annotations

import sys

import click


@click.command("rollback")
@click.argument("environment")
@click.argument("revision")
@click.option("--dry-run", is_flag=True, help="Tell what would change; commit nothing.")
def rollback(environment: str, revision: str, dry_run: bool) -> None:
    """Publish an earlier REVISION of ENVIRONMENT again.

    REVISION is a commit of the deploy branch, as `gitops history` lists them. The rollback is a
    new commit that holds the branch: the next publish must say --clear-hold.

    \b
    Example:
      gitops history staging
      gitops rollback staging 1a2b3c4d
    """
    from toolkit.wiring.delivery import open_publisher
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    chosen = workspace.settings().environment(environment)
    with open_publisher(workspace, chosen) as publisher:
        publication = publisher.rollback(
            chosen.name, branch=chosen.deploy.branch, revision=revision, dry_run=dry_run
        )
    print(publication.commit)
    if dry_run:
        print(f"would roll {chosen.name} back: {publication.changed}", file=sys.stderr)
        return
    print(
        f"{chosen.name} is back at {revision} ({publication.changed}) and held there; "
        f"apply it: gitops sync {chosen.name}",
        file=sys.stderr,
    )
