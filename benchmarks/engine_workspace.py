"""A workspace with one environment, and workflows of light steps, for benchmarks of the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ENVIRONMENT = "staging"
NAMESPACE = "data"
SETTINGS = """\
defaultEnvironment: staging
environments:
  staging:
    overlay: overlays/staging
    namespace: data
    deploy: {repository: .gitops/deploy.git, branch: env/staging}
    autostart: true
runtime:
  images:
    - pattern: any
"""
_WIDTH = 10


@contextmanager
def scratch_folder(parent: str | None) -> Iterator[Path]:
    """A new folder below ``parent``: its disk is what is measured. Not below ``/tmp`` unless asked:
    every step has a ``/tmp`` of its own, into which the workspace would have to be bound.
    """
    home = Path(parent) if parent else Path(__file__).parents[1] / "build"
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="bench-") as folder:
        yield Path(folder)


@contextmanager
def workspace_folder(parent: str | None) -> Iterator[Path]:
    """A new workspace. Below a ``parent`` it stays: to remove a run's files would be a part of the
    next one's time (ext4 looks past what was removed lately when it makes a file).
    """
    if parent:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix="workspace-"))
        (folder / "gitops.yaml").write_text(SETTINGS)
        yield folder
        return
    with scratch_folder(None) as folder:
        (folder / "gitops.yaml").write_text(SETTINGS)
        yield folder


def workflow(shape: str, steps: int, name: str = "") -> dict[str, Any]:
    """``steps`` times ``true``: one step, a fan-out, a chain, or a DAG of layers."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name or shape, "namespace": NAMESPACE},
        "spec": {"entrypoint": "main", "templates": [SHAPES[shape](steps), _WORK]},
    }


_WORK = {"name": "work", "container": {"image": "any", "command": ["true"]}}


def _one(_: int) -> dict[str, Any]:
    return {**_WORK, "name": "main"}


def _fan_out(steps: int) -> dict[str, Any]:
    looped = {"name": "each", "template": "work", "withSequence": {"count": str(steps)}}
    return {"name": "main", "steps": [[looped]]}


def _chain(steps: int) -> dict[str, Any]:
    groups = [[{"name": f"step-{number}", "template": "work"}] for number in range(steps)]
    return {"name": "main", "steps": groups}


def _dag(steps: int) -> dict[str, Any]:
    """Layers of ten; each task waits for two of the layer before."""
    return {"name": "main", "dag": {"tasks": [_task(number) for number in range(steps)]}}


def _task(number: int) -> dict[str, Any]:
    task = {"name": f"t-{number}", "template": "work"}
    if number < _WIDTH:
        return task
    layer = number // _WIDTH - 1
    neighbour = layer * _WIDTH + (number + 3) % _WIDTH
    return {**task, "depends": f"t-{number - _WIDTH} && t-{neighbour}"}


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "one": _one,
    "fan-out": _fan_out,
    "chain": _chain,
    "dag": _dag,
}
