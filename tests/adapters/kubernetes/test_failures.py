from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.adapters.kubernetes.failures import failure_of
from toolkit.adapters.kubernetes.loopback import LoopbackTransport
from toolkit.adapters.kubernetes.rest_cluster import RestCluster
from toolkit.adapters.kubernetes.transport import HttpCall, LineReply, Reply
from toolkit.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    UnauthorizedError,
    UnreachableError,
)
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.identity import GroupVersionKind

CONFIG = GroupVersionKind("", "v1", "ConfigMap")


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (409, "AlreadyExists", AlreadyExistsError),
        (409, "Conflict", ConflictError),
        (409, "", ConflictError),
        (410, "Gone", GoneError),
        (410, "Expired", GoneError),
        (422, "Invalid", InvalidError),
        (401, "Unauthorized", UnauthorizedError),
        (503, "ServiceUnavailable", UnreachableError),
        (418, "Teapot", ClusterError),
    ],
)
def test_a_status_is_the_error_of_its_reason(
    code: int, reason: str, kind: type[ClusterError]
) -> None:
    status = {"kind": "Status", "code": code, "reason": reason, "message": "why"}
    failure = failure_of(code, json.dumps({**status, "details": {"name": "x"}}).encode())
    assert type(failure) is kind
    assert (failure.message, failure.details) == ("why", {"name": "x"})


def test_what_is_no_status_is_told_by_its_code() -> None:
    failure = failure_of(404, b"<html>nothing here</html>")
    assert type(failure) is NotFoundError
    assert failure.message == "the cluster answered 404: <html>nothing here</html>"


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from toolkit.adapters.http.certificate import ensure_certificate

    authority = ensure_certificate(tmp_path, datetime.now(UTC)).certificate_file
    transport = LoopbackTransport("https://127.0.0.1:1/x", token="t", authority_file=authority)
    with RestCluster(transport) as cluster, pytest.raises(UnreachableError, match="no answer"):
        cluster.get(ObjectRef(CONFIG, "data", "x"))


class Scripted:
    """A transport that answers by path, as an older API server would."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def send(self, call: HttpCall) -> Reply:
        self.asked.append(call.path)
        if call.path not in self.answers:
            return Reply(404, b"{}")
        return Reply(200, json.dumps(self.answers[call.path]).encode())

    def stream(self, call: HttpCall, *, read_timeout_s: float | None) -> LineReply:
        raise NotImplementedError

    def close(self) -> None: ...


OLDER = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get", "list"]},
            {"name": "pods/status", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
            {"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]},
        ],
    },
    "/apis": {
        "kind": "APIGroupList",
        "groups": [{"name": "e.com", "versions": [{"groupVersion": "e.com/v1", "version": "v1"}]}],
    },
    "/apis/e.com/v1": {
        "groupVersion": "e.com/v1",
        "resources": [{"name": "things", "kind": "Thing", "namespaced": False, "verbs": ["get"]}],
    },
    "/apis/e.com/v1/things/t": {"kind": "Thing", "metadata": {"name": "t"}},
}


def test_discovery_works_without_the_aggregated_form() -> None:
    cluster = RestCluster(Scripted(OLDER))  # type: ignore[arg-type]
    served = [(str(kind.gvk), kind.plural, kind.is_namespaced) for kind in cluster.served_kinds()]
    assert served == [("v1 Pod", "pods", True), ("e.com/v1 Thing", "things", False)]


def test_a_kind_that_is_not_well_known_is_found_by_discovery() -> None:
    transport = Scripted(OLDER)
    cluster = RestCluster(transport)  # type: ignore[arg-type]
    thing = GroupVersionKind("e.com", "v1", "Thing")
    body = cluster.get(ObjectRef(thing, "ignored", "t"))
    assert body is not None
    assert transport.asked[-1] == "/apis/e.com/v1/things/t"


def test_an_answer_without_a_name_means_the_kind_is_missing() -> None:
    cluster = RestCluster(Scripted({}))  # type: ignore[arg-type]
    with pytest.raises(NotFoundError):
        cluster.get(ObjectRef(CONFIG, "data", "x"))


def test_listed_items_get_the_type_that_the_list_has() -> None:
    listed = {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "x"}}]}
    path = "/api/v1/namespaces/data/configmaps?limit=500"
    found = RestCluster(Scripted({path: listed})).list(CONFIG, "data")  # type: ignore[arg-type]
    assert found.items == ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},)
    assert found.resource_version == "7"
