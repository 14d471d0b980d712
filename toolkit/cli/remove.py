"""``gitops remove``: take one thing out of a kustomization, keeping every other line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from toolkit.cli.editing import (
    DRY_RUN,
    NAME,
    TARGET,
    Change,
    is_kustomization_target,
    rewrite,
    rewrite_object,
)
from toolkit.cli.patching import patch_of, patch_options

_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")
_KEYS = click.argument("keys", nargs=-1, required=True, metavar="KEY...")
_NAMESPACE = click.option("--namespace", default="", help="The namespace its entry says.")

_PATHS = {
    "resource": "crons/base old-cron.yaml",
    "component": "overlays/staging ../../components/alerts",
    "generator": "overlays/staging generator.yaml",
    "transformer": "overlays/staging transformer.yaml",
    "validator": "overlays/staging validator.yaml",
    "configuration": "overlays/staging references.yaml",
    "crd": "overlays/staging crd-schema.json",
}


@click.group()
def remove() -> None:
    """Take one thing out of a kustomization, keeping comments and every other line.

    TARGET is an environment, a folder with a kustomization, or the kustomization itself. The files
    that it listed stay where they are.

    \b
    Example:
      gitops remove resource crons/base old-cron.yaml
      gitops remove label staging team
    """


def _path_command(what: str, example: str) -> click.Command:
    """``gitops remove resource`` and those like it."""

    def remove_path(target: str, paths: tuple[str, ...], dry_run: bool) -> None:
        from toolkit.repository.kustomization_edits import PATH_LISTS, remove_paths

        change = partial(remove_paths, field=PATH_LISTS[what], paths=paths)
        rewrite(target, lambda text, file: change(text, file=file), dry_run=dry_run)

    text = f"""Take a {what} out of the list. A path may be a pattern of entries.

    \b
    Example:
      gitops remove {what} {example}
    """
    command = click.argument("paths", nargs=-1, required=True, metavar="PATH...")(
        DRY_RUN(remove_path)
    )
    return click.command(what, help=text)(TARGET(command))


for _what, _example in _PATHS.items():
    remove.add_command(_path_command(_what, _example))


@remove.command("patch")
@TARGET
@click.argument("path", default="")
@patch_options
@DRY_RUN
def patch(target: str, path: str, dry_run: bool, **parts: str) -> None:
    """Take a patch out: the one that has all that is said here.

    \b
    Example:
      gitops remove patch staging suspend.yaml
    """
    from toolkit.repository.kustomization_edits import remove_patch

    entry = patch_of(path, parts)
    rewrite(target, lambda text, file: remove_patch(text, entry, file=file), dry_run=dry_run)


@remove.command("configmap")
@TARGET
@_NAMES
@click.option("--key", "keys", multiple=True, help="Only this key of it.")
@_NAMESPACE
@DRY_RUN
def configmap(target: str, names: tuple[str, ...], dry_run: bool, **parts: Any) -> None:
    """Generate a ConfigMap no longer, or with --key not that key of it.

    \b
    Example:
      gitops remove configmap staging sales
      gitops remove configmap staging sales --key region
    """
    _remove_generated(target, "configMapGenerator", names, dry_run, parts)


@remove.command("secret")
@TARGET
@_NAMES
@click.option("--key", "keys", multiple=True, help="Only this key of it.")
@_NAMESPACE
@DRY_RUN
def secret(target: str, names: tuple[str, ...], dry_run: bool, **parts: Any) -> None:
    """Generate a Secret no longer, or with --key not that key of it.

    \b
    Example:
      gitops remove secret staging warehouse
    """
    _remove_generated(target, "secretGenerator", names, dry_run, parts)


@remove.command("label")
@TARGET
@_KEYS
@NAME
@DRY_RUN
def label(target: str, keys: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Take labels out: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops remove label staging team
    """
    from toolkit.repository.kustomization_edits import remove_labels

    _remove_keys(target, "labels", keys, name, dry_run, remove_labels)


@remove.command("annotation")
@TARGET
@_KEYS
@NAME
@DRY_RUN
def annotation(target: str, keys: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Take annotations out: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops remove annotation staging owner
    """
    from toolkit.repository.kustomization_edits import remove_annotations

    _remove_keys(target, "annotations", keys, name, dry_run, remove_annotations)


@remove.command("image")
@TARGET
@_NAMES
@DRY_RUN
def image(target: str, names: tuple[str, ...], dry_run: bool) -> None:
    """Choose an image's name, tag or digest no longer.

    \b
    Example:
      gitops remove image staging casavo/slack-notifier
    """
    _remove_named(target, "images", names, dry_run)


@remove.command("replicas")
@TARGET
@_NAMES
@DRY_RUN
def replicas(target: str, names: tuple[str, ...], dry_run: bool) -> None:
    """Choose the replicas of a workload no longer.

    \b
    Example:
      gitops remove replicas staging dashboard
    """
    _remove_named(target, "replicas", names, dry_run)


@remove.command("buildmetadata")
@TARGET
@click.argument("options", nargs=-1, required=True, metavar="OPTION...")
@DRY_RUN
def buildmetadata(target: str, options: tuple[str, ...], dry_run: bool) -> None:
    """Let a build note less on its objects.

    \b
    Example:
      gitops remove buildmetadata staging originAnnotations
    """
    from toolkit.repository.kustomization_edits import remove_paths

    chosen = [option for one in options for option in one.split(",")]
    rewrite(
        target,
        lambda text, file: remove_paths(text, "buildMetadata", chosen, file=file),
        dry_run=dry_run,
    )


def _remove_generated(
    target: str, field: str, names: tuple[str, ...], dry_run: bool, parts: dict[str, Any]
) -> None:
    from toolkit.repository.generator_edits import remove_generated

    chosen = [name for one in names for name in one.split(",")]
    rewrite(
        target,
        lambda text, file: remove_generated(text, field=field, names=chosen, file=file, **parts),
        dry_run=dry_run,
    )


def _remove_named(target: str, field: str, names: tuple[str, ...], dry_run: bool) -> None:
    from toolkit.repository.kustomization_edits import remove_named

    change = partial(remove_named, field=field, names=names)
    rewrite(target, lambda text, file: change(text, file=file), dry_run=dry_run)


def _remove_keys(
    target: str,
    field: str,
    keys: tuple[str, ...],
    name: str,
    dry_run: bool,
    edit: Callable[..., Any],
) -> None:
    from toolkit.repository.edits import remove_all_from_object

    change: Change
    if not name and is_kustomization_target(target):
        change = partial(_with_keys, edit, keys)
        rewrite(target, change, dry_run=dry_run)
        return
    removal = partial(remove_all_from_object, path=("metadata", field), keys=keys, name=name)
    rewrite_object(target, lambda text, file: removal(text, file=file), name=name, dry_run=dry_run)


def _with_keys(edit: Callable[..., Any], keys: tuple[str, ...], text: str, file: str) -> Any:
    return edit(text, keys, file=file)
