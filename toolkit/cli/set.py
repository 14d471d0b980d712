"""``gitops set``: change one thing in a kustomization or manifest, keeping every other line."""

from __future__ import annotations

from functools import partial

import click

from toolkit.cli.editing import (
    DRY_RUN,
    NAME,
    TARGET,
    is_kustomization_target,
    pairs,
    rewrite,
    rewrite_object,
)

_PAIRS = click.argument("texts", nargs=-1, required=True, metavar="KEY=VALUE...")


@click.group()
def set() -> None:
    """Change one thing in a file, keeping comments and every other line.

    TARGET is an environment, a folder with a kustomization, a kustomization, or a manifest.

    \b
    Example:
      gitops set image production docker/whalesay:1.2
      gitops set schedule crons/base/hello-cron.yaml '*/5 * * * *'
      gitops set suspend crons/base/hello-cron.yaml true --dry-run
    """


@set.command("image")
@TARGET
@click.argument("images", nargs=-1, required=True, metavar="NAME[=NEW][:TAG|@DIGEST]...")
@DRY_RUN
def image(target: str, images: tuple[str, ...], dry_run: bool) -> None:
    """Choose an image's name, tag or digest in a kustomization.

    What is not named stays; an asterisk says so outright.

    \b
    Example:
      gitops set image production casavo/slack-notifier:1.4.0
      gitops set image overlays/staging docker/whalesay=registry.example/whalesay:2
    """
    from toolkit.repository.kustomization_edits import set_images

    rewrite(target, lambda text, path: set_images(text, images, file=path), dry_run=dry_run)


@set.command("replicas")
@TARGET
@click.argument("texts", nargs=-1, required=True, metavar="NAME=COUNT...")
@DRY_RUN
def replicas(target: str, texts: tuple[str, ...], dry_run: bool) -> None:
    """Choose how many replicas of a workload run.

    \b
    Example:
      gitops set replicas staging dashboard=3
    """
    from toolkit.repository.kustomization_edits import set_replicas

    counts = {name: _count(count) for name, count in pairs(texts).items()}
    rewrite(target, lambda text, path: set_replicas(text, counts, file=path), dry_run=dry_run)


@set.command("namespace")
@TARGET
@click.argument("namespace")
@NAME
@DRY_RUN
def namespace(target: str, namespace: str, name: str, dry_run: bool) -> None:
    """Put a kustomization's objects, or one manifest, into a namespace.

    "" takes a kustomization's namespace out.

    \b
    Example:
      gitops set namespace staging data-staging
    """
    if not name and is_kustomization_target(target):
        _set_field(target, "namespace", namespace, dry_run)
    else:
        _set_in_object(target, ("metadata", "namespace"), namespace, name, dry_run)


@set.command("nameprefix")
@TARGET
@click.argument("prefix")
@DRY_RUN
def nameprefix(target: str, prefix: str, dry_run: bool) -> None:
    """Put a prefix before the names of a kustomization's objects; "" takes it out.

    \b
    Example:
      gitops set nameprefix staging staging-
    """
    _set_field(target, "namePrefix", prefix, dry_run)


@set.command("namesuffix")
@TARGET
@click.argument("suffix")
@DRY_RUN
def namesuffix(target: str, suffix: str, dry_run: bool) -> None:
    """Put a suffix after the names of a kustomization's objects; "" takes it out.

    \b
    Example:
      gitops set namesuffix staging -- -v2
    """
    _set_field(target, "nameSuffix", suffix, dry_run)


@set.command("label")
@TARGET
@_PAIRS
@NAME
@DRY_RUN
def label(target: str, texts: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Set labels: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops set label crons/base/hello-cron.yaml team=data
    """
    from toolkit.repository.kustomization_edits import set_labels

    chosen = pairs(texts)
    if not name and is_kustomization_target(target):
        rewrite(target, lambda text, path: set_labels(text, chosen, file=path), dry_run=dry_run)
    else:
        _set_all_in_object(target, "labels", chosen, name, dry_run)


@set.command("annotation")
@TARGET
@_PAIRS
@NAME
@DRY_RUN
def annotation(target: str, texts: tuple[str, ...], name: str, dry_run: bool) -> None:
    """Set annotations: of all a kustomization's objects, or of one manifest.

    \b
    Example:
      gitops set annotation crons/base/hello-cron.yaml owner=data@example.org
    """
    from toolkit.repository.kustomization_edits import set_annotations

    chosen = pairs(texts)
    if not name and is_kustomization_target(target):
        rewrite(
            target, lambda text, path: set_annotations(text, chosen, file=path), dry_run=dry_run
        )
    else:
        _set_all_in_object(target, "annotations", chosen, name, dry_run)


@set.command("configmap")
@TARGET
@click.argument("name")
@click.option("--from-literal", multiple=True, metavar="KEY=VALUE", help="A key that is there.")
@click.option("--namespace", default="", help="The namespace its entry says.")
@click.option("--new-namespace", default="", help="The namespace it shall say.")
@DRY_RUN
def configmap(
    target: str,
    name: str,
    from_literal: tuple[str, ...],
    namespace: str,
    new_namespace: str,
    dry_run: bool,
) -> None:
    """Change values that a kustomization generates a ConfigMap from.

    \b
    Example:
      gitops set configmap staging sales --from-literal region=eu
    """
    from toolkit.repository.generator_edits import set_generated

    change = partial(
        set_generated,
        name=name,
        literals=pairs(from_literal),
        namespace=namespace,
        new_namespace=new_namespace,
    )
    rewrite(target, lambda text, path: change(text, file=path), dry_run=dry_run)


@set.command("buildmetadata")
@TARGET
@click.argument("options", nargs=-1, required=True, metavar="OPTION...")
@DRY_RUN
def buildmetadata(target: str, options: tuple[str, ...], dry_run: bool) -> None:
    """Choose what a build notes on its objects: exactly these options.

    \b
    Example:
      gitops set buildmetadata staging originAnnotations managedByLabel
    """
    from toolkit.repository.kustomization_edits import set_build_metadata

    chosen = [option for one in options for option in one.split(",")]
    rewrite(target, lambda text, path: set_build_metadata(text, chosen, file=path), dry_run=dry_run)


@set.command("suspend")
@TARGET
@click.argument("suspended", type=click.BOOL, metavar="true|false")
@NAME
@DRY_RUN
def suspend(target: str, suspended: bool, name: str, dry_run: bool) -> None:
    """Suspend a CronWorkflow, or let it run.

    \b
    Example:
      gitops set suspend crons/base/hello-cron.yaml true
      gitops set suspend crons/base true --name hello-cron
    """
    from toolkit.repository.edits import SUSPENDABLE, set_suspend

    rewrite_object(
        target,
        lambda text, path: set_suspend(text, suspended, name, file=path),
        name=name,
        kinds=SUSPENDABLE,
        dry_run=dry_run,
    )


@set.command("schedule")
@TARGET
@click.argument("schedule")
@NAME
@DRY_RUN
def schedule(target: str, schedule: str, name: str, dry_run: bool) -> None:
    """Change when a CronWorkflow runs.

    \b
    Example:
      gitops set schedule crons/base/hello-cron.yaml '*/5 * * * *'
    """
    from toolkit.repository.edits import SCHEDULED, set_schedule

    rewrite_object(
        target,
        lambda text, path: set_schedule(text, schedule, name, file=path),
        name=name,
        kinds=SCHEDULED,
        dry_run=dry_run,
    )


def _set_field(target: str, field: str, value: str, dry_run: bool) -> None:
    from toolkit.repository.kustomization_edits import set_field

    rewrite(target, lambda text, path: set_field(text, field, value, file=path), dry_run=dry_run)


def _set_in_object(
    target: str, field: tuple[str, ...], value: str, name: str, dry_run: bool
) -> None:
    from toolkit.repository.edits import set_in_object

    rewrite_object(
        target,
        lambda text, path: set_in_object(text, field, value, name, file=path),
        name=name,
        dry_run=dry_run,
    )


def _set_all_in_object(
    target: str, field: str, chosen: dict[str, str], name: str, dry_run: bool
) -> None:
    from toolkit.repository.edits import set_all_in_object

    path = ("metadata", field)
    change = partial(set_all_in_object, path=path, values=chosen, name=name)
    rewrite_object(target, lambda text, file: change(text, file=file), name=name, dry_run=dry_run)


def _count(text: str) -> int:
    from toolkit.errors import UsageError

    if not text.isdecimal():
        raise UsageError(f"{text!r} is no count of replicas")
    return int(text)
