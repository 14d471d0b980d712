"""``gitops archive``: workflows that have ended, after their objects are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from toolkit.cli.submitting import Following, follow_options, submit_all
from toolkit.cli.workflows import (
    AS_TEXT,
    Place,
    dry_run_option,
    env_option,
    name_of,
    now,
    output_option,
    print_object,
    print_objects,
    wide_output_option,
)

if TYPE_CHECKING:
    from toolkit.resource.resource import Body
    from toolkit.wiring.archive import Archive
    from toolkit.workflow.ports import ArchivedRun

_NAMES = click.argument("names", nargs=-1, required=True, metavar="UID|NAME...")


@click.group()
def archive() -> None:
    """List, show, delete, retry and resubmit what has ended. A workflow stays in the archive when
    it is deleted, until `retention` in gitops.yaml says otherwise.

    \b
    Example:
      gitops archive list
      gitops archive retry daily-sales-1700000000 --wait
    """


@archive.command("list")
@env_option
@click.option("-l", "--selector", default="", help="Only those with these labels (a=b,c!=d).")
@click.option("--limit", type=click.IntRange(min=1), help="Only the newest N.")
@wide_output_option
def list_archived(env: str | None, selector: str, limit: int | None, output: str) -> None:
    """List the archive, the newest first; what is still there is in it, too.

    \b
    Example:
      gitops archive list --limit 20
      gitops archive list -l workflows.argoproj.io/phase=Failed -o json
    """
    print_archived(env, selector, (), limit, output)


@archive.command("get")
@click.argument("name", metavar="UID|NAME")
@env_option
@wide_output_option
def get(name: str, env: str | None, output: str) -> None:
    """Show a workflow as it ended: state, parameters, tree of steps, messages.

    \b
    Example:
      gitops archive get daily-sales-1700000000
      gitops archive get 7c9f6a52-3a0e-4f3c-9d5b-0f7c1f3f8a11 -o yaml
    """
    from toolkit.workflow.retention.archive import archived_workflow

    with opened_archive(env) as opened:
        body = archived_workflow(opened.find(name))
    if output in AS_TEXT:
        from toolkit.cli.showing import print_workflow

        print_workflow(body, is_wide=output == "wide")
    else:
        print_object(body, output)


@archive.command("delete")
@_NAMES
@env_option
@dry_run_option
def delete(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Take workflows out of the archive, for good.

    \b
    Example:
      gitops archive delete daily-sales-1700000000 --dry-run
    """
    from toolkit.wiring.archive import remove_archived
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    with opened_archive(env) as opened:
        found = [opened.find(name) for name in names]
    for run in found:
        if not dry_run:
            remove_archived(workspace, environment, run.uid)
        done = "would be deleted" if dry_run else "deleted"
        print(f"workflow/{name_of(run.workflow)} ({run.uid}) {done} from the archive")


@archive.command("retry")
@_NAMES
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A new value.")
@click.option("--restart-successful", is_flag=True, help="With --node: also what succeeded.")
@click.option("--node", default="", metavar="SELECTOR", help="Nodes like displayName=load.")
@follow_options
@dry_run_option
@output_option
def retry(
    *,
    names: tuple[str, ...],
    env: str | None,
    parameter: tuple[str, ...],
    restart_successful: bool,
    node: str,
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    """Bring workflows back, and run their failed steps again; what succeeded stays.

    \b
    Example:
      gitops archive retry daily-sales-1700000000 --wait
    """
    from toolkit.workflow.retention.archive import retried
    from toolkit.workflow.submission.submission import WORKFLOW, parse_pairs, refuse_unknown

    values = parse_pairs(parameter)

    def again(place: Place, run: ArchivedRun) -> Body:
        refuse_unknown(run.workflow, values)
        return retried(
            run,
            place.cluster.get(place.ref(WORKFLOW, name_of(run.workflow))),
            now=now(),
            restart_successful=restart_successful,
            node_field_selector=node,
            parameters=parameter,
        )

    return submit_all(_made(names, env, again), env, following, output, dry_run=dry_run)


@archive.command("resubmit")
@_NAMES
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A new value.")
@click.option("--memoized", is_flag=True, help="Take over the steps that succeeded.")
@follow_options
@dry_run_option
@output_option
def resubmit(
    *,
    names: tuple[str, ...],
    env: str | None,
    parameter: tuple[str, ...],
    memoized: bool,
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    """Run workflows again from the start, under new names.

    \b
    Example:
      gitops archive resubmit daily-sales-1700000000 -p day=2024-05-02 --wait
    """
    from toolkit.cli.resubmit import fresh
    from toolkit.workflow.retention.archive import archived_workflow
    from toolkit.workflow.submission.submission import Wishes, parse_pairs

    wishes = Wishes(parse_pairs(parameter))

    def again(_: Place, run: ArchivedRun) -> Body:
        namespace = str(run.workflow["metadata"]["namespace"])
        return fresh(archived_workflow(run), namespace, wishes, memoized=memoized)

    return submit_all(_made(names, env, again), env, following, output, dry_run=dry_run)


def print_archived(
    env: str | None, selector: str, phases: tuple[str, ...], limit: int | None, output: str
) -> None:
    """The archive's workflows with these labels and, where there are any, in these phases."""
    from toolkit.apiserver.selectors import parse_selector
    from toolkit.report.workflow_table import format_archive
    from toolkit.workflow.retention.archive import archived_summary

    wanted = parse_selector(selector, "")
    with opened_archive(env) as opened:
        runs = [run for run in opened.runs() if wanted.matches(run.workflow)]
    found: list[Body] = [archived_summary(run) for run in runs]
    if output == "wide":  # as objects they have none, as from Argo
        specs = (run.workflow.get("spec") or {} for run in runs)
        found = [{**one, "spec": spec} for one, spec in zip(found, specs, strict=True)]
    chosen = [one for one in found if not phases or one["status"]["phase"] in phases][:limit]
    if output in AS_TEXT:
        print(format_archive(chosen, now=now(), is_wide=output == "wide"))
    else:
        print_objects([*chosen], output)


@contextmanager
def opened_archive(env: str | None) -> Iterator[Archive]:
    """The environment's archive, for reading."""
    from toolkit.wiring.archive import open_archive
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    with open_archive(workspace, workspace.settings().environment(env)) as opened:
        yield opened


def _made(
    names: tuple[str, ...], env: str | None, again: Callable[[Place, ArchivedRun], Body]
) -> Callable[[Place], list[Body]]:
    """What to create, for :func:`submit_all`."""

    def make(place: Place) -> list[Body]:
        with opened_archive(env) as opened:
            return [again(place, opened.find(name)) for name in names]

    return make
