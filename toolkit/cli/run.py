"""``gitops run``: start a workflow, and follow it where asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from toolkit.cli.submitting import Following, follow_options, submit_all
from toolkit.cli.workflows import Place, env_option, find, now, output_option, read_documents
from toolkit.resource.resource import Body

if TYPE_CHECKING:
    from toolkit.resource.identity import GroupVersionKind

    _Source = tuple[GroupVersionKind, str] | list[tuple[int, Body]]
    """An object of the cluster, or the documents of a file with their numbers."""


@click.command()
@click.argument("target", metavar="FILE|KIND/NAME")
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A parameter.")
@click.option("-l", "--label", multiple=True, metavar="NAME=VALUE", help="A label for the run.")
@click.option("--name", default="", help="The run's name; else made up.")
@click.option("--entrypoint", default="", metavar="TEMPLATE", help="Start here instead.")
@click.option("--priority", type=int, help="Higher ones get locks first.")
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
    priority: int | None,
    following: Following,
    dry_run: bool,
    output: str,
) -> int:
    """Start a workflow: from a file, or from a cron or template of the environment.

    With --wait, --watch or --log the exit code is 0 where the workflow Succeeded, else 1; where no
    `gitops up` is running, the engine then runs here until the workflow ends.

    \b
    Example:
      gitops run workflows/backfill.yaml -p first=2024-05-01 -p last=2024-05-03 --wait
      gitops run cron/hello-cron --log
      gitops run template/sales -p day=2024-05-01
    """
    from toolkit.workflow.submission.submission import Wishes, fit, parse_pairs

    wishes = Wishes(parse_pairs(parameter), parse_pairs(label), name, entrypoint, priority)
    source = _read(target)

    def make(place: Place) -> list[Body]:
        return [fit(body, place.namespace, wishes) for body in _workflows(place, target, source)]

    return submit_all(make, env, following, output, dry_run=dry_run)


def _read(target: str) -> _Source:
    """What the target names. Raises UsageError, before anything is opened or started."""
    from pathlib import Path

    from toolkit.errors import UsageError
    from toolkit.workflow.submission.submission import WORKFLOW, parse_target

    if target == "-" or Path(target).is_file() or target.endswith((".yaml", ".yml", ".json")):
        return _from_file(target)
    gvk, name = parse_target(target)
    if gvk == WORKFLOW:
        hint = f"run it again: gitops resubmit {name}"
        raise UsageError(f"workflow {name} has run already", hints=(hint,))
    return gvk, name


def _workflows(place: Place, target: str, source: _Source) -> list[Body]:
    """New workflows, as the cluster is to get them but for what the command line adds."""
    from toolkit.schema import with_texts
    from toolkit.wiring.submission import in_environment

    if isinstance(source, tuple):
        return [_as_workflow(find(place, *source))]
    plain = [with_texts(body) for _, body in source]
    bodies = in_environment(place.workspace, place.environment, plain)
    _refuse_broken(place, target, [number for number, _ in source], bodies)
    return [_as_workflow(body) for body in bodies]


def _refuse_broken(place: Place, file: str, numbers: list[int], bodies: list[Body]) -> None:
    from toolkit.wiring.validation import refuse_broken

    documents = list(zip(numbers, bodies, strict=True))
    refuse_broken(documents, file, cluster=place.cluster, namespace=place.namespace)


def _from_file(file: str) -> list[tuple[int, Body]]:
    """Every object of the file that can run, with its document number."""
    from toolkit.errors import UsageError
    from toolkit.workflow.submission.submission import SHORT_NAMES

    documents = read_documents(file)
    runnable = [one for one in documents if str(one[1]["kind"]).lower() in SHORT_NAMES]
    if not runnable:
        kinds = ", ".join(sorted({str(body["kind"]) for _, body in documents})) or "nothing"
        raise UsageError(f"{file} holds {kinds}: no Workflow to run")
    return runnable


def _as_workflow(body: Body) -> Body:
    """A new Workflow from a cron or a template; a Workflow as it is."""
    from toolkit.workflow import verbs

    if body["kind"] == "CronWorkflow":
        return verbs.from_cron(body, now())
    if body["kind"] in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
        return verbs.from_template(body)
    return body
