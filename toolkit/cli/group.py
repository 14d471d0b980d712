"""The click group: knows every verb by name and one line, imports only the one that is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from toolkit import __version__
from toolkit.cli.verbs import SECTIONS, VERBS

_OF_ARGO: Final = {"submit": "run", "lint": "validate", "node": "resume"}
"""Verbs of ``argo`` that have another name here."""


class LazyGroup(click.Group):
    """Imports a verb's module when the verb is called, or when its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name].target.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{VERBS[cmd_name].target} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in VERBS and not name.startswith("-"):
            from difflib import get_close_matches

            here = _OF_ARGO.get(name)
            close = [here] if here else get_close_matches(name, VERBS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else " See gitops --help."
            raise click.UsageError(f"No such verb {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for section in SECTIONS:
            rows = [(name, verb.summary) for name, verb in VERBS.items() if verb.section == section]
            with formatter.section(section):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gitops")
def gitops(**_: Any) -> None:
    """GitOps for data pipelines on Argo Workflows: on this laptop, or on Kubernetes.

    \b
    Example:
      gitops validate            everything wrong with every environment
      gitops publish staging     render, validate, commit, push
      gitops up                  cluster, reconciler, engine and crons in one process
    """
