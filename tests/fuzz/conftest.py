from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import logical_cluster
from toolkit.adapters.http.certificate import ensure_certificate
from toolkit.adapters.http.server import HttpServer, Serving
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.logical_cluster import LogicalCluster

PREFIX = "/clusters/fuzz"
TIMEOUT_S = 20
"""A request that takes longer is a hang."""


@dataclass
class Target:
    """A real server on loopback, its store, and a connection that is kept while it can be."""

    serving: Serving
    cluster: LogicalCluster
    connection: http.client.HTTPSConnection

    def ask(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        named = {"Authorization": f"Bearer {self.serving.token}"} | (headers or {})
        try:
            self.connection.request(method, path, content, named)
            response = self.connection.getresponse()
            return response.status, response.read()
        except BaseException:
            self.connection.close()
            raise

    def get(self, path: str) -> Any:
        status, content = self.ask("GET", PREFIX + path)
        assert status == 200, content
        return json.loads(content)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("fuzzed")
    clock = SystemClock()
    with Database(folder / "state.db") as database:
        cluster = logical_cluster(SqliteObjects(database), "fuzz", clock)
        cluster.ensure("data")
        certificate = ensure_certificate(folder / "tls", datetime.now(UTC))
        with HttpServer({"fuzz": cluster}.get, clock=clock, certificate=certificate) as server:
            serving = server.serving
            context = ssl.create_default_context(cafile=str(serving.authority_file))
            connection = http.client.HTTPSConnection(
                "127.0.0.1", serving.port, context=context, timeout=TIMEOUT_S
            )
            yield Target(serving, cluster, connection)
            connection.close()


def check_answer(status: int, content: bytes) -> None:
    """No bug in us, and refusals in Kubernetes' form."""
    assert status < 500, (status, content)
    if status >= 400:
        told = json.loads(content)
        assert (told["kind"], told["status"], told["code"]) == ("Status", "Failure", status)


def check_store(target: Target) -> None:
    """What is stored is shown, and taken back unchanged: nothing invalid was written."""
    for kind in target.cluster.kinds():
        gvk = kind.gvk
        folder = f"/apis/{gvk.group}/{gvk.version}" if gvk.group else f"/api/{gvk.version}"
        table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        status, content = target.ask("GET", f"{PREFIX}{folder}/{kind.plural}", headers=table)
        assert status == 200, content
        for item in target.get(f"{folder}/{kind.plural}")["items"]:
            check_taken_back(target, folder, kind.plural, item)


def check_taken_back(target: Target, folder: str, plural: str, item: dict[str, Any]) -> None:
    metadata = item["metadata"]
    inside = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    path = f"{PREFIX}{folder}{inside}/{plural}/{metadata['name']}"
    status, content = target.ask("PUT", path, json.dumps(item).encode())
    assert status == 200, (path, content)
    assert json.loads(content)["metadata"]["resourceVersion"] == metadata["resourceVersion"]


class Check:
    """The two checks, for modules that cannot import this one."""

    answer = staticmethod(check_answer)
    store = staticmethod(check_store)


@pytest.fixture(scope="session")
def check() -> type[Check]:
    return Check
