"""``gitops template``: the WorkflowTemplates of an environment."""

from __future__ import annotations

import click

from toolkit.cli.workflows import dry_run_option, env_option, now, opened, output_option

_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@click.group()
def template() -> None:
    """Create, list, show and delete WorkflowTemplates.

    \b
    Example:
      gitops template list
      gitops run template/common-steps
    """


@template.command("create")
@_FILES
@env_option
@dry_run_option
def create(files: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Create WorkflowTemplates from files. What is created so is not in git, and stays.

    \b
    Example:
      gitops template create my-steps.yaml
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import WORKFLOW_TEMPLATE

    objects.create(WORKFLOW_TEMPLATE, files, env, dry_run=dry_run)


@template.command("list")
@env_option
@output_option
def list_templates(env: str | None, output: str) -> None:
    """List WorkflowTemplates and the templates in them.

    \b
    Example:
      gitops template list --env production
    """
    from toolkit.cli.workflows import print_objects
    from toolkit.report.workflow_table import format_templates
    from toolkit.workflow.submission.submission import WORKFLOW_TEMPLATE

    with opened(env) as place:
        found = place.cluster.list(WORKFLOW_TEMPLATE, place.namespace).items
    if output == "text":
        print(format_templates(found, now=now()))
    else:
        print_objects(list(found), output)


@template.command("get")
@_NAMES
@env_option
@output_option
def get(names: tuple[str, ...], env: str | None, output: str) -> None:
    """Print WorkflowTemplates, as they are in the cluster.

    \b
    Example:
      gitops template get slack-notifier
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import WORKFLOW_TEMPLATE

    objects.show(WORKFLOW_TEMPLATE, names, env, output)


@template.command("delete")
@_NAMES
@env_option
@dry_run_option
def delete(names: tuple[str, ...], env: str | None, dry_run: bool) -> None:
    """Delete WorkflowTemplates.

    \b
    Example:
      gitops template delete my-steps
    """
    from toolkit.cli import objects
    from toolkit.workflow.submission.submission import WORKFLOW_TEMPLATE

    objects.delete(WORKFLOW_TEMPLATE, names, env, dry_run=dry_run)
