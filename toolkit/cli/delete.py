"""``gitops delete``: remove workflows and what belongs to them."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option, find, name_of, opened


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@env_option
@click.option("--completed", is_flag=True, help="All that have ended.")
@click.option("-l", "--selector", default="", help="All with these labels.")
@click.option("--force", is_flag=True, help="Whatever still holds them: leave artifacts behind.")
@dry_run_option
def delete(
    names: tuple[str, ...],
    env: str | None,
    completed: bool,
    selector: str,
    force: bool,
    dry_run: bool,
) -> None:
    """Delete workflows. Running ones are ended at once.

    \b
    Example:
      gitops delete daily-sales-1700000000
      gitops delete --completed --dry-run
    """
    from toolkit.errors import UsageError
    from toolkit.resource.cluster import PatchType
    from toolkit.workflow.submission.submission import WORKFLOW, is_finished

    if not names and not completed and not selector:
        raise UsageError("which workflows? Give NAME…, --completed or --selector")
    with opened(env, write=not dry_run) as place:
        chosen = [find(place, WORKFLOW, name) for name in names]
        if completed or selector:
            listed = place.cluster.list(WORKFLOW, place.namespace, label_selector=selector).items
            chosen += [one for one in listed if is_finished(one) or not completed]
        for name in dict.fromkeys(name_of(body) for body in chosen):
            if force and not dry_run:
                without = {"metadata": {"finalizers": None}}
                place.cluster.patch(place.ref(WORKFLOW, name), without, PatchType.MERGE)
            if not dry_run:
                place.cluster.delete(place.ref(WORKFLOW, name))
            print(f"workflow/{name} {'would be deleted' if dry_run else 'deleted'}")
