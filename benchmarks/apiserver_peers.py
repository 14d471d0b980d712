"""What bench_apiserver measures: our server and etcd, each a process of its own on loopback.

``python benchmarks/apiserver_peers.py FOLDER`` serves a state database until its standard input
is closed.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CLUSTER = "bench"
NAMESPACE = "data"
CRONS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/cronworkflows"
_TICKS = os.sysconf("SC_CLK_TCK")


def cron(name: str) -> dict[str, Any]:
    """About 1 KB of JSON, as a pipeline's cron is."""
    container = {
        "image": "registry.example/pipelines/python:3.12",
        "command": ["python", "-m", "pipelines.load"],
        "args": ["--table", name, "--day", "{{workflow.parameters.day}}"],
        "env": [{"name": f"SETTING_{n}", "value": f"value-{n}"} for n in range(8)],
        "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}},
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"team": f"team-{len(name) % 7}", "tier": "batch"},
        },
        "spec": {
            "schedules": ["*/5 * * * *"],
            "concurrencyPolicy": "Forbid",
            "workflowSpec": {
                "entrypoint": "main",
                "arguments": {"parameters": [{"name": "day", "value": "2026-01-01"}]},
                "templates": [{"name": "main", "container": container}],
            },
        },
    }


@dataclass(frozen=True)
class Peer:
    """A server: ``connect`` gives a kept-alive connection, ``cpu`` its CPU seconds so far."""

    pid: int
    connect: Callable[[], http.client.HTTPConnection]
    token: str = ""

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
    ) -> bytes:
        """The answer's body. Raises RuntimeError for a refusal."""
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return content


def create_cron(peer: Peer, connection: http.client.HTTPConnection, name: str) -> None:
    """One durable write to ours."""
    peer.ask(connection, "POST", f"/clusters/{CLUSTER}{CRONS}", cron(name))


def put_cron(peer: Peer, connection: http.client.HTTPConnection, name: str) -> None:
    """The same object to etcd."""
    key = base64.b64encode(f"/registry{CRONS}/{name}".encode()).decode()
    value = base64.b64encode(json.dumps(cron(name)).encode()).decode()
    peer.ask(connection, "POST", "/v3/kv/put", {"key": key, "value": value})


@contextmanager
def ours(folder: Path) -> Iterator[Peer]:
    """Serves ``folder``'s state.db, over HTTPS."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        context = ssl.create_default_context(cafile=told["authority"])

        def connect() -> http.client.HTTPConnection:
            return http.client.HTTPSConnection("127.0.0.1", told["port"], context=context)

        yield Peer(process.pid, connect, told["token"])
        process.communicate()


def find_etcd() -> str | None:
    """``ETCD`` names it where it is not on the PATH."""
    return os.environ.get("ETCD") or shutil.which("etcd")


@contextmanager
def etcd(program: str, folder: Path) -> Iterator[Peer]:
    """A member alone, its defaults for durability, plain HTTP and JSON."""
    port, peer_port = _free_port(), _free_port()
    url, peer_url = (f"http://127.0.0.1:{number}" for number in (port, peer_port))
    command = [program, "--name=a", f"--data-dir={folder}", "--log-level=error"]
    command += [f"--listen-client-urls={url}", f"--advertise-client-urls={url}"]
    command += [f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}"]
    command += [f"--initial-cluster=a={peer_url}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            peer = Peer(process.pid, lambda: http.client.HTTPConnection("127.0.0.1", port))
            _wait_until_healthy(peer)
            yield peer
        finally:
            process.terminate()


def _wait_until_healthy(peer: Peer) -> None:
    for _ in range(200):
        try:
            peer.ask(peer.connect(), "GET", "/health")
        except (OSError, RuntimeError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("etcd did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(folder: Path) -> None:
    from toolkit.adapters.clock import SystemClock
    from toolkit.adapters.embedded import logical_cluster
    from toolkit.adapters.http.certificate import ensure_certificate
    from toolkit.adapters.http.server import HttpServer
    from toolkit.adapters.sqlite.database import Database
    from toolkit.adapters.sqlite.objects import SqliteObjects

    clock = SystemClock()
    with Database(folder / "state.db") as database:
        cluster = logical_cluster(SqliteObjects(database), CLUSTER, clock)
        cluster.ensure(NAMESPACE)
        certificate = ensure_certificate(folder / "tls", datetime.now(UTC))
        server = HttpServer({CLUSTER: cluster}.get, clock=clock, certificate=certificate)
        with server:
            serving = server.serving
            told = {"port": serving.port, "token": serving.token}
            print(json.dumps({**told, "authority": str(serving.authority_file)}), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
