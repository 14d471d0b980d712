"""``gitops add``: list one more thing in a kustomization, keeping every other line."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from toolkit.cli.editing import (
    DRY_RUN,
    NAME,
    TARGET,
    is_kustomization_target,
    pairs,
    rewrite,
    rewrite_file,
    rewrite_object,
)
from toolkit.cli.patching import patch_of, patch_options
from toolkit.errors import UsageError

_PATHS = {
    "resource": ("crons/base", "new-cron.yaml", "files, folders or remote bases"),
    "component": ("overlays/staging", "../../components/alerts", "components"),
    "generator": ("overlays/staging", "generator.yaml", "files of generators"),
    "transformer": ("overlays/staging", "transformer.yaml", "files of transformers"),
    "validator": ("overlays/staging", "validator.yaml", "files of validators"),
    "configuration": ("overlays/staging", "references.yaml", "files of transformer configuration"),
    "crd": ("overlays/staging", "crd-schema.json", "files of CRD schemas"),
}


@click.group()
def add() -> None:
    """List one more thing in a kustomization, keeping comments and every other line.

    TARGET is an environment, a folder with a kustomization, or the kustomization itself. What is
    there already is not added twice.

    \b
    Example:
      gitops add resource crons/base new-cron.yaml
      gitops add patch staging suspend.yaml --kind CronWorkflow
    """


def _path_command(what: str, folder: str, example: str, plural: str) -> click.Command:
    """``gitops add resource`` and those like it."""

    def add_path(target: str, paths: tuple[str, ...], no_verify: bool, dry_run: bool) -> None:
        _add_paths(what, target, paths, no_verify, dry_run)

    text = f"""Add {plural}.

    A path is given from the kustomization's folder or from the current one; a pattern is taken in
    the kustomization's folder.

    \b
    Example:
      gitops add {what} {folder} {example}
    """
    command = DRY_RUN(add_path)
    command = click.option("--no-verify", is_flag=True, help="Add it though it is not there.")(
        command
    )
    command = click.argument("paths", nargs=-1, required=True, metavar="PATH...")(command)
    return click.command(what, help=text)(TARGET(command))


for _what, _row in _PATHS.items():
    add.add_command(_path_command(_what, *_row))


@add.command("patch")
@TARGET
@click.argument("path", default="")
@patch_options
@DRY_RUN
def patch(target: str, path: str, dry_run: bool, **parts: str) -> None:
    """Add a patch: a file, or with --patch the text itself.

    \b
    Example:
      gitops add patch staging suspend.yaml --kind CronWorkflow
      gitops add patch staging --patch '[{op: remove, path: /spec/suspend}]' --name hello-cron
    """
    from toolkit.repository.kustomization_edits import add_patch
    from toolkit.wiring.edits import find_file, listed_paths

    file = find_file(target)
    if path:
        path = listed_paths(file, [path], is_component=False)[0]
    entry = patch_of(path, parts)
    rewrite_file(file, lambda text, name: add_patch(text, entry, file=name), dry_run=dry_run)


@add.command("configmap")
@TARGET
@click.argument("name")
@click.option("--from-literal", multiple=True, metavar="KEY=VALUE", help="A key and its value.")
@click.option("--from-file", multiple=True, metavar="[KEY=]PATH", help="A file as a key's value.")
@click.option("--from-env-file", multiple=True, metavar="PATH", help="A file of KEY=VALUE lines.")
@click.option("--namespace", default="", help="Its namespace.")
@click.option("--behavior", default="", type=click.Choice(["", "create", "merge", "replace"]))
@click.option("--disable-name-suffix-hash", is_flag=True, help="Keep its name as it is.")
@DRY_RUN
def configmap(target: str, name: str, from_literal: tuple[str, ...], **parts: Any) -> None:
    """Generate a ConfigMap, or generate more into one.

    \b
    Example:
      gitops add configmap staging sales --from-literal region=eu --from-file queries/daily.sql
    """
    pairs(from_literal)
    _add_generated(target, name, "configMapGenerator", literals=from_literal, **parts)


@add.command("secret")
@TARGET
@click.argument("name")
@click.option("--from-file", multiple=True, metavar="[KEY=]PATH", help="A file as a key's value.")
@click.option("--from-env-file", multiple=True, metavar="PATH", help="A file of KEY=VALUE lines.")
@click.option("--type", "type", default="", help="The Secret's type.")
@click.option("--namespace", default="", help="Its namespace.")
@click.option("--behavior", default="", type=click.Choice(["", "create", "merge", "replace"]))
@click.option("--disable-name-suffix-hash", is_flag=True, help="Keep its name as it is.")
@DRY_RUN
def secret(target: str, name: str, **parts: Any) -> None:
    """Generate a Secret from files, which stay out of git. No value is taken here: it would stand
    in git, and in the shell's history. To keep a secret in the cluster: gitops secret set.

    \b
    Example:
      gitops add secret staging warehouse --from-env-file warehouse.env
    """
    _add_generated(target, name, "secretGenerator", **parts)


@add.command("label")
@TARGET
@click.argument("texts", nargs=-1, required=True, metavar="KEY=VALUE...")
@NAME
@DRY_RUN
def label(target: str, texts: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Add labels that are not there yet.

    \b
    Example:
      gitops add label staging team=data
    """
    from toolkit.repository.kustomization_edits import set_labels

    chosen = pairs(texts)
    if name or not is_kustomization_target(target):
        _add_to_object(target, "labels", chosen, name, dry_run)
        return
    change = partial(set_labels, pairs=chosen, is_new=True)
    rewrite(target, lambda text, path: change(text, file=path), dry_run=dry_run)


@add.command("annotation")
@TARGET
@click.argument("texts", nargs=-1, required=True, metavar="KEY=VALUE...")
@NAME
@DRY_RUN
def annotation(target: str, texts: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Add annotations that are not there yet.

    \b
    Example:
      gitops add annotation staging owner=data@example.org
    """
    from toolkit.repository.kustomization_edits import set_annotations

    chosen = pairs(texts)
    if name or not is_kustomization_target(target):
        _add_to_object(target, "annotations", chosen, name, dry_run)
        return
    change = partial(set_annotations, pairs=chosen, is_new=True)
    rewrite(target, lambda text, path: change(text, file=path), dry_run=dry_run)


@add.command("buildmetadata")
@TARGET
@click.argument("options", nargs=-1, required=True, metavar="OPTION...")
@DRY_RUN
def buildmetadata(target: str, options: tuple[str, ...], dry_run: bool) -> None:
    """Let a build note more on its objects.

    \b
    Example:
      gitops add buildmetadata staging originAnnotations
    """
    from toolkit.repository.kustomization_edits import add_build_metadata

    chosen = [option for one in options for option in one.split(",")]
    rewrite(target, lambda text, path: add_build_metadata(text, chosen, file=path), dry_run=dry_run)


def _add_paths(
    what: str, target: str, paths: tuple[str, ...], no_verify: bool, dry_run: bool
) -> None:
    from toolkit.repository.kustomization_edits import PATH_LISTS, add_paths
    from toolkit.wiring.edits import find_file, listed_paths

    file = find_file(target)
    chosen = list(paths)
    if not no_verify:
        chosen = listed_paths(file, paths, is_component=what == "component")
    field = PATH_LISTS[what]
    rewrite_file(
        file, lambda text, name: add_paths(text, field, chosen, file=name), dry_run=dry_run
    )


def _add_generated(
    target: str, name: str, field: str, literals: tuple[str, ...] = (), **parts: Any
) -> None:
    from toolkit.repository.generator_edits import Generated, add_generated

    asked = Generated(
        name,
        namespace=str(parts["namespace"]),
        literals=literals,
        files=parts["from_file"],
        envs=parts["from_env_file"],
        behavior=parts["behavior"],
        type=parts.get("type", ""),
        has_plain_name=parts["disable_name_suffix_hash"],
    )
    if not asked.sources():
        raise UsageError("say where its content comes from", hints=["see --help"])
    rewrite(
        target,
        lambda text, path: add_generated(text, field, asked, file=path),
        dry_run=parts["dry_run"],
    )


def _add_to_object(
    target: str, field: str, chosen: dict[str, str], name: str, dry_run: bool
) -> None:
    from toolkit.repository.edits import set_all_in_object

    change = partial(
        set_all_in_object, path=("metadata", field), values=chosen, name=name, is_new=True
    )
    rewrite_object(target, lambda text, file: change(text, file=file), name=name, dry_run=dry_run)
