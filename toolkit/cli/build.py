"""``gitops build TARGET``: what kustomize prints, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.build_fast import run_build, workspace_of
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.kustomize.ports import FunctionRunner

_FOR_CONTAINERS = {"network": "--network", "mount": "--mount"}


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
@click.option("--enable-helm", is_flag=True, help="Inflate Helm charts.")
@click.option("--helm-command", default="helm", show_default=True, help="The program to use.")
@click.option("--helm-api-versions", multiple=True, help="Capabilities.APIVersions of charts.")
@click.option("--helm-kube-version", default="", help="Capabilities.KubeVersion of charts.")
@click.option("--helm-debug", is_flag=True, help="Call helm with --debug.")
@click.option("--enable-alpha-plugins", is_flag=True, help="Use functions of the repository.")
@click.option("--enable-exec", is_flag=True, help="Start their programs, with your rights.")
@click.option("--offline", is_flag=True, help="Take remote bases as they were fetched last.")
@click.option("--network", is_flag=True, hidden=True)
@click.option("--mount", multiple=True, hidden=True)
@click.option("-e", "--env", multiple=True, help="NAME=VALUE for functions, over what they say.")
def build(target: str, output: str, **flags: Any) -> int:
    """Print what TARGET renders to: an environment, or a folder with a kustomization, here or in
    a git repository.

    Remote bases are fetched, and kept by commit; GITOPS_OFFLINE=1 is as --offline.

    \b
    Example:
      gitops build staging
      gitops build https://github.com/org/repo//overlays/dev?ref=v1
      gitops build overlays/staging -o rendered/
      gitops build --all -o rendered/       rendered/staging.yaml, rendered/production.yaml
    """
    for name, flag in _FOR_CONTAINERS.items():
        if flags[name]:
            raise _only_for_containers(flag)
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
        is_offline=bool(flags["offline"]),
        runner=_runner(flags),
    )


def _runner(flags: dict[str, Any]) -> FunctionRunner | None:
    """None where neither helm nor functions are allowed."""
    has_functions = flags["enable_alpha_plugins"] and flags["enable_exec"]
    if not flags["enable_helm"] and not has_functions:
        return None
    from toolkit.adapters.functions import ProcessRunner

    return ProcessRunner(
        has_helm=flags["enable_helm"],
        has_functions=has_functions,
        helm=flags["helm_command"],
        api_versions=tuple(flags["helm_api_versions"]),
        kube_version=flags["helm_kube_version"],
        is_debug=flags["helm_debug"],
        env=tuple(flags["env"]),
    )


def _only_for_containers(flag: str) -> UsageError:
    return UsageError(
        f"{flag} is for functions in containers, which are not started here",
        hints=["functions that are programs are: --enable-alpha-plugins --enable-exec"],
    )


def _build_all(target: str, output: str, flags: dict[str, Any]) -> int:
    from toolkit.cli.build_all import Recipe, build_all
    from toolkit.wiring.remote import open_remote

    if target != "." or flags["files"]:
        raise UsageError("--all takes neither a TARGET nor --files")
    if _runner(flags) is not None:
        raise UsageError("--all starts neither helm nor functions", hints=["build one by one"])
    is_offline, now = bool(flags["offline"]), datetime.now(UTC)
    recipe = Recipe(
        str(flags["compat"] or ""),
        str(flags["load_restrictor"]),
        str(flags["reorder"] or "unspecified"),
        bool(flags["enable_managedby_label"]),
        lambda: open_remote(workspace_of("."), is_offline=is_offline, since=now),
    )
    return build_all(recipe, output=output, is_strict=bool(flags["strict"]))
