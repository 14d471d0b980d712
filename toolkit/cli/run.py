"""``gitops run``: start a workflow, and follow it where asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from toolkit.cli.submitting import Following, follow_options, submit_all
from toolkit.cli.workflows import Place, env_option, find, now, output_option, read_documents
from toolkit.resource.resource import Body

if TYPE_CHECKING:
    from toolkit.workflow.submission import Wishes


@click.command()
@click.argument("target", metavar="FILE|KIND/NAME")
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("-l", "--label", multiple=True, metavar="NAME=VALUE", help="A label for the run.")
@click.option("--name", default="", help="The run's name; else made up.")
@click.option("--entrypoint", default="", metavar="TEMPLATE", help="Start here instead.")
@follow_options
@click.option("--dry-run", is_flag=True, help="Print the workflow; start nothing.")
@output_option
def run(  # noqa: PLR0913 - one argument for each option
    *,
    target: str,
    env: str | None,
    parameter: tuple[str, ...],
    label: tuple[str, ...],
    name: str,
    entrypoint: str,
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    r"""Start a workflow: from a file, or from a cron or template of the environment.

    With --wait, --watch or --log the exit code is 0 where the workflow Succeeded, else 1; where no
    `gitops up` is running, the engine then runs here until the workflow ends.

    \b
    Example:
      gitops run workflows/backfill.yaml -p first=2024-05-01 -p last=2024-05-03 --wait
      gitops run cron/hello-cron --log
      gitops run template/sales -p day=2024-05-01
    """
    from toolkit.workflow.submission import Wishes, parse_pairs

    wishes = Wishes(parse_pairs(parameter), parse_pairs(label), name, entrypoint)

    def make(place: Place) -> list[Body]:
        return _workflows(place, target, wishes)

    return submit_all(make, env, following, output, dry_run=dry_run)


def _workflows(place: Place, target: str, wishes: Wishes) -> list[Body]:
    from pathlib import Path

    from toolkit.workflow.submission import fit, parse_target

    if target == "-" or Path(target).is_file() or target.endswith((".yaml", ".yml", ".json")):
        bodies = _from_file(target)
    else:
        gvk, name = parse_target(target)
        bodies = [_as_workflow(find(place, gvk, name), target)]
    return [fit(body, place.namespace, wishes) for body in bodies]


def _from_file(file: str) -> list[Body]:
    """Every object of the file that can run."""
    from toolkit.errors import UsageError
    from toolkit.workflow.submission import SHORT_NAMES

    bodies = [body for _, body in read_documents(file)]
    runnable = [one for one in bodies if str(one["kind"]).lower() in SHORT_NAMES]
    if not runnable:
        kinds = ", ".join(sorted({str(one["kind"]) for one in bodies})) or "nothing"
        raise UsageError(f"{file} holds {kinds}: no Workflow to run")
    return [one if one["kind"] == "Workflow" else _as_workflow(one, file) for one in runnable]


def _as_workflow(body: Body, target: str) -> Body:
    """A new Workflow from a cron or a template."""
    from toolkit.errors import UsageError
    from toolkit.workflow import verbs

    if body["kind"] == "CronWorkflow":
        return verbs.from_cron(body, now())
    if body["kind"] in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
        return verbs.from_template(body)
    name = target.partition("/")[2]
    raise UsageError(f"{target} has run already", hints=(f"run it again: gitops resubmit {name}",))
