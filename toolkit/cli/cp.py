"""``gitops cp``: the output artifacts of a workflow, as ``argo cp`` copies them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli.workflows import Place, env_option, find, opened

if TYPE_CHECKING:
    from toolkit.workflow.outputs.artifact_search import Shown

_PATTERN = "{namespace}/{workflowName}/{nodeId}/outputs/{artifactName}"


@click.command()
@click.argument("name")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@env_option
@click.option("--node-id", default="", metavar="ID", help="Only of this node.")
@click.option("--template-name", default="", metavar="NAME", help="Only of this template.")
@click.option("--artifact-name", default="", metavar="NAME", help="Only of this name.")
@click.option(
    "--path", "pattern", default=_PATTERN, show_default=True,
    help="Where below FOLDER each is put; {templateName} is known too.",
)  # fmt: skip
def cp(
    *,
    name: str,
    folder: Path,
    env: str | None,
    node_id: str,
    template_name: str,
    artifact_name: str,
    pattern: str,
) -> int:
    """Copy the output artifacts of workflow NAME (@latest is the newest) to FOLDER, as they are
    kept: packed, unless the template says otherwise. Ends with 1 where there is none.

    \b
    Example:
      gitops cp daily-sales-1700000000 out
      gitops cp @latest out --artifact-name report --path '{artifactName}'
    """
    from toolkit.controllers.runs.artifact_access import repository_for
    from toolkit.workflow.outputs.artifact_search import search
    from toolkit.workflow.submission.submission import WORKFLOW

    with opened(env) as place:
        workflow = find(place, WORKFLOW, name)
        found = list(
            search(
                workflow,
                repository_for(place.cluster, workflow),
                node_id=node_id,
                template=template_name,
                name=artifact_name,
            )
        )
        for shown in found:
            target = folder / _filled(pattern, shown, workflow["metadata"]) / shown.file
            _refuse_others(target, folder)
            _copy(place, shown, target)
            print(target)
    if not found:
        click.echo(f"workflow {name} has no such output artifact", err=True)
    return 0 if found else 1


def _filled(pattern: str, shown: Shown, metadata: dict[str, str]) -> str:
    known = {
        "templateName": shown.template,
        "namespace": metadata["namespace"],
        "workflowName": metadata["name"],
        "nodeId": shown.node_id,
        "artifactName": shown.name,
    }
    for name, value in known.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


def _refuse_others(target: Path, folder: Path) -> None:
    """What stands in a Workflow decides about names below FOLDER, and about nothing else."""
    from toolkit.errors import RefusedError

    if not target.resolve().is_relative_to(folder.resolve()):
        raise RefusedError(f"{target} is not below {folder}")
    if target.is_dir():
        raise RefusedError(f"{target} is there already", hints=["choose another folder"])


def _copy(place: Place, shown: Shown, target: Path) -> None:
    from toolkit.controllers.runs.artifact_access import credentials_for
    from toolkit.errors import ExecutionError
    from toolkit.wiring.runtimes import artifact_store

    credentials = credentials_for(place.cluster, place.namespace, shown.location)
    target.parent.mkdir(parents=True, exist_ok=True)
    store = artifact_store(place.workspace).using(credentials)
    if not store.fetch(shown.location, shown.key, target):
        raise ExecutionError(f"artifact {shown.name} of {shown.node_id} is not where it was kept")
