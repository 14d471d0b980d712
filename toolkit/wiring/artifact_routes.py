"""The paths at which Argo's server gives artifacts: ``argo cp`` and browsers ask there.

Of the default environment's cluster, as all that stands at the root.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.http.workers import off_loop
from toolkit.controllers.runs.artifact_access import credentials_for, repository_for
from toolkit.errors import NotFoundError, ToolkitError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.workflow.outputs.artifact_search import Shown, one, search
from toolkit.workflow.submission.submission import WORKFLOW

_PLACES: Final[Mapping[str, str]] = {
    "/artifacts/{namespace}/{workflow}/{node}/{artifact}": "outputs",
    "/input-artifacts/{namespace}/{workflow}/{node}/{artifact}": "inputs",
    "/artifact-files/{namespace}/workflows/{workflow}/{node}/outputs/{artifact}": "outputs",
    "/artifact-files/{namespace}/workflows/{workflow}/{node}/inputs/{artifact}": "inputs",
}


def artifact_routes(cluster: Cluster, store: ArtifactStore) -> list[BaseRoute]:
    """The routes, for whoever has the server's own token."""
    return [_route(path, direction, cluster, store) for path, direction in _PLACES.items()]


def _route(path: str, direction: str, cluster: Cluster, store: ArtifactStore) -> BaseRoute:
    async def answer(request: Request) -> Response:
        wanted = {key: str(value) for key, value in request.path_params.items()}
        return await off_loop(_answer, wanted, direction, cluster, store)

    return Route(path, answer, methods=["GET"])


def _answer(
    wanted: Mapping[str, str], direction: str, cluster: Cluster, store: ArtifactStore
) -> Response:
    try:
        return _file(*_fetched(wanted, direction, cluster, store))
    except NotFoundError as error:
        return PlainTextResponse(error.message, 404)
    except ToolkitError as error:
        return PlainTextResponse(str(error), 500)


def _fetched(
    wanted: Mapping[str, str], direction: str, cluster: Cluster, store: ArtifactStore
) -> tuple[Shown, Path, Path]:
    """The artifact, where it is laid, and the folder to be removed after."""
    namespace, name = wanted["namespace"], wanted["workflow"]
    workflow = cluster.get(ObjectRef(WORKFLOW, namespace, name))
    if workflow is None:
        raise NotFoundError(f'workflow "{name}" not found')
    found = search(
        workflow,
        repository_for(cluster, workflow),
        node_id=wanted["node"],
        name=wanted["artifact"],
        direction=direction,
    )
    shown = one(found, wanted["artifact"])
    opened = store.using(credentials_for(cluster, namespace, shown.location))
    folder = Path(tempfile.mkdtemp(prefix="artifact-"))
    target = folder / shown.file
    if not opened.fetch(shown.location, shown.key, target):
        shutil.rmtree(folder)
        raise NotFoundError(f"artifact not found: {shown.name}")
    return shown, target, folder


def _file(shown: Shown, target: Path, folder: Path) -> Response:
    """A folder comes packed."""
    if target.is_dir():
        target = Path(shutil.make_archive(str(folder / "packed"), "gztar", target))
        name = f"{shown.file}.tgz"
    else:
        name = shown.file
    done = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(target, filename=name, background=done)
