from __future__ import annotations

import http.client
import itertools
import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.clock import SystemClock, VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.http.certificate import Certificate, ensure_certificate
from toolkit.adapters.http.server import HttpServer, Serving
from toolkit.adapters.kubernetes.kubeconfig import KubeconfigTransport
from toolkit.adapters.kubernetes.loopback import LoopbackTransport
from toolkit.adapters.kubernetes.rest_cluster import RestCluster
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.store import ObjectStore
from toolkit.resource.cluster import Cluster

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_names = (f"cluster-{number}" for number in itertools.count())


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryObjects()
        return
    with Database(tmp_path / "state.db") as database:
        yield SqliteObjects(database)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return ensure_certificate(tmp_path_factory.mktemp("tls"), datetime.now(UTC))


@pytest.fixture(scope="session")
def served_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with Database(tmp_path_factory.mktemp("served") / "state.db") as database:
        yield SqliteObjects(database)


@pytest.fixture(scope="session")
def serving(served_store: ObjectStore, certificate: Certificate) -> Iterator[Serving]:
    """One server for all tests: each uses a logical cluster of its own."""
    clock = SystemClock()
    server = HttpServer(
        lambda name: logical_cluster(served_store, name, clock),
        clock=clock,
        certificate=certificate,
    )
    with server:
        yield server.serving


@pytest.fixture(params=["memory", "sqlite", "loopback", "kubeconfig"])
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    match request.param:
        case "memory":
            yield embedded(MemoryObjects())
        case "sqlite":
            with Database(tmp_path / "state.db") as database:
                yield embedded(SqliteObjects(database))
        case "loopback" | "kubeconfig":
            serving = request.getfixturevalue("serving")
            served_store = request.getfixturevalue("served_store")
            name = next(_names)
            embedded(served_store, name)
            with remote(serving, name, request.param, tmp_path) as cluster:
                yield cluster


@pytest.fixture
def client(serving: Serving, served_store: ObjectStore) -> Client:
    """Plain requests, to see what stands on the wire."""
    name = next(_names)
    embedded(served_store, name)
    return Client(serving, name)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.content.splitlines()]


@dataclass(frozen=True)
class Client:
    serving: Serving
    cluster: str

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        root: bool = False,
        token: str | None = None,
        **headers: str,
    ) -> Answer:
        """``body`` is sent as JSON, or as it is where it is bytes."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Authorization": f"Bearer {self.serving.token if token is None else token}"}
        if content is not None:
            named["Content-Type"] = "application/json"
        named |= {name.replace("_", "-").title(): value for name, value in headers.items()}
        context = ssl.create_default_context(cafile=str(self.serving.authority_file))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.serving.port, context=context, timeout=30
        )
        try:
            url = path if root else f"/clusters/{self.cluster}{path}"
            connection.request(method, url, body=content, headers=named)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()


def embedded(store: ObjectStore, name: str = "staging") -> EmbeddedCluster:
    logical = logical_cluster(store, name, VirtualClock(START))
    logical.ensure("data")
    return EmbeddedCluster(logical)


def remote(serving: Serving, name: str, transport: str, folder: Path) -> RestCluster:
    url = f"{serving.url}/clusters/{name}"
    if transport == "loopback":
        authority = serving.authority_file
        return RestCluster(LoopbackTransport(url, token=serving.token, authority_file=authority))
    config = folder / "kubeconfig"
    config.write_text(json.dumps(kubeconfig(serving, name)))
    return RestCluster(KubeconfigTransport(name, config_file=config))


def kubeconfig(serving: Serving, name: str) -> dict[str, object]:
    authority = b64encode(serving.authority_file.read_bytes()).decode()
    server = f"{serving.url}/clusters/{name}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "me", "user": {"token": serving.token}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "me", "namespace": "data"}}
        ],
    }


@pytest.fixture(scope="session")
def make_kubeconfig() -> Callable[[Serving, str], dict[str, object]]:
    """A kubeconfig's content for a logical cluster."""
    return kubeconfig
