"""``gitops gc``: remove what has been kept long enough."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option


@click.command()
@click.argument("environments", nargs=-1, metavar="[ENV...]")
@dry_run_option
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print.",
)  # fmt: skip
def gc(environments: tuple[str, ...], dry_run: bool, output: str) -> None:
    """Remove what is over the limits of `retention` in gitops.yaml: workflows that have ended, the
    archive, logs, artifacts; also folders of steps that a crash left. Without names, everywhere.

    A running `gitops up` does so by itself, every ten minutes.

    \b
    Example:
      gitops gc --dry-run
      gitops gc staging -o json
    """
    import json

    from toolkit.report.swept import format_swept, swept_to_json
    from toolkit.wiring.keeping import sweep_state
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    settings = workspace.settings()
    chosen = [settings.environment(name) for name in dict.fromkeys(environments)]
    swept = sweep_state(workspace, chosen or [*settings.environments.values()], dry_run=dry_run)
    if output == "json":
        print(json.dumps(swept_to_json(swept, dry_run=dry_run), indent=2))
    else:
        print(format_swept(swept, dry_run=dry_run))
