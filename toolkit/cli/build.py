"""``gitops build TARGET``: what kustomize prints, byte for byte."""

from __future__ import annotations

import click

from toolkit.cli.build_fast import run_build
from toolkit.errors import UsageError

_UNSUPPORTED = {
    "enable_helm": "--enable-helm",
    "enable_exec": "--enable-exec",
    "enable_alpha_plugins": "--enable-alpha-plugins",
    "network": "--network",
    "mount": "--mount",
    "env": "--env",
}


@click.command(short_help="Print what a target renders to.")
@click.argument("target", default=".")
@click.option("-o", "--output", default="", help="A file, or a folder that is there.")
@click.option(
    "--load-restrictor",
    type=click.Choice(["LoadRestrictionsRootOnly", "LoadRestrictionsNone"]),
    default="LoadRestrictionsRootOnly",
    help="Whether files outside of a kustomization's folder may be used.",
)
@click.option(
    "--reorder",
    type=click.Choice(["none", "legacy"]),
    default=None,
    help="The order where sortOptions give none (legacy unless said).",
)
@click.option(
    "--compat",
    type=click.Choice(["kustomize", "argo"]),
    default=None,
    help="How kinds of Argo merge and are followed.",
)
@click.option("--enable-managedby-label", is_flag=True, help="Add kustomize's own label.")
@click.option("--files", is_flag=True, help="List the files that the result depends on, instead.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--all", "builds_all", is_flag=True, help="Build all environments.")
@click.option("--enable-helm", is_flag=True, hidden=True)
@click.option("--enable-exec", is_flag=True, hidden=True)
@click.option("--enable-alpha-plugins", is_flag=True, hidden=True)
@click.option("--network", is_flag=True, hidden=True)
@click.option("--mount", multiple=True, hidden=True)
@click.option("-e", "--env", multiple=True, hidden=True)
def build(target: str, output: str, **flags: object) -> int:
    """Print what TARGET renders to: an environment, or a folder with a kustomization.

    \b
    Example:
      gitops build staging
      gitops build overlays/staging -o rendered/
      gitops build --all -o rendered/       rendered/staging.yaml, rendered/production.yaml
    """
    for name, flag in _UNSUPPORTED.items():
        if flags[name]:
            raise UsageError(f"{flag} is not supported yet")
    if flags["builds_all"]:
        return _build_all(target, output, flags)
    return run_build(
        target,
        output=output,
        compat=str(flags["compat"] or ""),
        load_restrictor=str(flags["load_restrictor"]),
        reorder=str(flags["reorder"] or "unspecified"),
        managed_by_label=bool(flags["enable_managedby_label"]),
        lists_files=bool(flags["files"]),
        is_strict=bool(flags["strict"]),
    )


def _build_all(target: str, output: str, flags: dict[str, object]) -> int:
    from toolkit.cli.build_all import Recipe, build_all

    if target != "." or flags["files"]:
        raise UsageError("--all takes neither a TARGET nor --files")
    recipe = Recipe(
        str(flags["compat"] or ""),
        str(flags["load_restrictor"]),
        str(flags["reorder"] or "unspecified"),
        bool(flags["enable_managedby_label"]),
    )
    return build_all(recipe, output=output, is_strict=bool(flags["strict"]))
