"""``gitops completion``: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from toolkit.errors import UsageError

COMPLETE_VARIABLE = "_GITOPS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Example:
      gitops completion bash > ~/.local/share/bash-completion/completions/gitops
      gitops completion zsh > ~/.zfunc/_gitops
      gitops completion fish > ~/.config/fish/completions/gitops.fish
    """
    from toolkit.cli.group import gitops

    script = get_completion_class(shell)
    if script is None:
        raise UsageError(f"no completion for {shell}")
    click.echo(script(gitops, {}, "gitops", COMPLETE_VARIABLE).source())
