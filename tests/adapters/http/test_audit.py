from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import logical_cluster
from toolkit.adapters.http.audit import AuditLog
from toolkit.adapters.http.certificate import ensure_certificate
from toolkit.adapters.http.server import HttpServer
from toolkit.adapters.kubernetes.loopback import LoopbackTransport
from toolkit.adapters.kubernetes.rest_cluster import RestCluster
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.errors import UnauthorizedError
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECRET = GroupVersionKind("", "v1", "Secret")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def audited(tmp_path: Path) -> list[dict[str, Any]]:
    """What is written when a Secret is created, read, and asked for with a wrong token."""
    clock = VirtualClock(NOW)
    cluster = logical_cluster(MemoryObjects(), "staging", clock)
    cluster.ensure("data")
    certificate = ensure_certificate(tmp_path / "tls", datetime.now(UTC))
    log = tmp_path / "audit.log"
    with HttpServer(
        {"staging": cluster}.get, clock=clock, certificate=certificate, audit_log=log
    ) as server:
        url = f"{server.serving.url}/clusters/staging"
        authority = server.serving.authority_file
        metadata = {"name": "key", "namespace": "data"}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
        for token in (server.serving.token, "wrong"):
            transport = LoopbackTransport(url, token=token, authority_file=authority)
            with RestCluster(transport) as client, suppress(UnauthorizedError):
                client.create({**body, "stringData": {"password": "hunter2"}})
                client.get(ObjectRef(SECRET, "data", "key"))
    assert log.stat().st_mode & 0o777 == 0o600
    assert "hunter2" not in log.read_text()
    return lines(log)


def test_a_write_says_who_did_what_to_what(audited: list[dict[str, Any]]) -> None:
    assert [entry for entry in audited if entry["code"] == 201] == [
        {
            "time": "2026-01-02T03:04:05.000+00:00",
            "who": "owner",
            "verb": "create",
            "code": 201,
            "cluster": "staging",
            "resource": "secrets",
            "namespace": "data",
        }
    ]


def test_a_read_and_a_refusal_are_written(audited: list[dict[str, Any]]) -> None:
    reads = [entry for entry in audited if entry["verb"] == "get" and "name" in entry]
    assert [(e["who"], e["name"], e["code"]) for e in reads] == [("owner", "key", 200)]
    assert [e["code"] for e in audited if e["who"] == "unknown"] == [401]


def test_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(path, largest_file_bytes=30, files_kept=3)
    for number in range(10):
        log.write({"number": number})
    log.close()
    kept = [path, tmp_path / "audit.log.1", tmp_path / "audit.log.2"]
    assert sorted(tmp_path.iterdir()) == kept
    numbers = [[entry["number"] for entry in lines(each)] for each in kept]
    assert numbers == [[8, 9], [6, 7], [4, 5]]
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in kept)


def test_a_log_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for number in range(2):
        log = AuditLog(path)
        log.write({"number": number})
        log.close()
    assert [entry["number"] for entry in lines(path)] == [0, 1]
