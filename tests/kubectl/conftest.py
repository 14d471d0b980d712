from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import logical_cluster
from toolkit.adapters.http.certificate import ensure_certificate
from toolkit.adapters.http.server import HttpServer, Serving
from toolkit.adapters.logs.files import Logs
from toolkit.adapters.masking import Mask
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.workflow.ports import PodAddress

CLUSTER = "staging"
POD = PodAddress(CLUSTER, "data", "hello-1", "hello-1-main")


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """Of a server with an empty cluster, and the log of one step in its log store."""
    clock = SystemClock()
    logs = Logs(tmp_path / "logs")
    logs.open(POD, Mask(())).write_text("one\ntwo\nthree\n", encoding="utf-8")
    logs.close(POD, Mask(()))
    with Database(tmp_path / "state.db") as database:
        store = SqliteObjects(database)
        logical_cluster(store, CLUSTER, clock).ensure("data")
        server = HttpServer(
            lambda name: logical_cluster(store, name, clock) if name == CLUSTER else None,
            clock=clock,
            certificate=ensure_certificate(tmp_path / "tls", datetime.now(UTC)),
            log_store=logs,
        )
        with server:
            config = tmp_path / "kubeconfig"
            config.write_text(json.dumps(_config(server.serving)), encoding="utf-8")
            yield config


def _config(serving: Serving) -> dict[str, object]:
    authority = b64encode(serving.authority_file.read_bytes()).decode()
    server = f"{serving.url}/clusters/{CLUSTER}"
    cluster = {"server": server, "certificate-authority-data": authority}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CLUSTER,
        "clusters": [{"name": CLUSTER, "cluster": cluster}],
        "users": [{"name": "me", "user": {"token": serving.token}}],
        "contexts": [
            {"name": CLUSTER, "context": {"cluster": CLUSTER, "user": "me", "namespace": "data"}}
        ],
    }
