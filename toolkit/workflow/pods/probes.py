"""Probes of containers: what they ask, when, and what their answers come to. Kubernetes' rules
(``Probe`` of core/v1, and the kubelet's prober).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.errors import ExecutionError

STARTUP: Final = "startup"
LIVENESS: Final = "liveness"
READINESS: Final = "readiness"


@dataclass(frozen=True, slots=True)
class HttpGet:
    """Well answered by a status from 200 to 399."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """Well answered by a connection."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Grpc:
    """Well answered by a service that says it is SERVING; "" is the server as a whole."""

    host: str
    port: int
    service: str = ""


@dataclass(frozen=True, slots=True)
class Exec:
    """A command in the container, well answered by exit code 0."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sleep:
    """Of lifecycle hooks only: nothing, for a while."""

    seconds: float


Action = HttpGet | TcpSocket | Grpc | Exec | Sleep


@dataclass(frozen=True, slots=True)
class Probe:
    """``grace_s``: between TERM and KILL of a container that fails it; None is the pod's."""

    kind: str
    action: Action
    initial_delay_s: float
    period_s: float
    timeout_s: float
    success_threshold: int
    failure_threshold: int
    grace_s: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """The last answers that were alike: how many, and of which kind."""

    count: int = 0
    is_good: bool = False

    def and_then(self, *, is_good: bool) -> Tally:
        """With one more answer."""
        return Tally(self.count + 1 if is_good == self.is_good else 1, is_good)

    def result(self, probe: Probe) -> bool | None:
        """Whether the container is well; None where it is too early to say."""
        enough = probe.success_threshold if self.is_good else probe.failure_threshold
        return self.is_good if self.count >= enough else None


def parse_probe(kind: str, body: Mapping[str, Any], pod_ip: str) -> Probe:
    """Raises ExecutionError for an action that is not supported, ``ValueError`` for a number that
    is none.
    """
    grace = body.get("terminationGracePeriodSeconds")
    return Probe(
        kind=kind,
        action=parse_action(body, pod_ip),
        initial_delay_s=float(body.get("initialDelaySeconds") or 0),
        period_s=float(body.get("periodSeconds") or 10),
        timeout_s=float(body.get("timeoutSeconds") or 1),
        success_threshold=int(body.get("successThreshold") or 1),
        failure_threshold=int(body.get("failureThreshold") or 3),
        grace_s=None if grace is None else float(grace),
    )


def parse_action(body: Mapping[str, Any], pod_ip: str) -> Action:
    """The one action of a probe or lifecycle hook. Raises ExecutionError."""
    if body.get("exec"):
        return Exec(tuple(str(word) for word in body["exec"].get("command") or ()))
    if body.get("httpGet"):
        return _http_get(body["httpGet"], pod_ip)
    if body.get("tcpSocket"):
        asked = body["tcpSocket"]
        return TcpSocket(str(asked.get("host") or pod_ip), int(asked["port"]))
    if body.get("sleep"):
        return Sleep(float(body["sleep"].get("seconds") or 0))
    if body.get("grpc"):
        asked = body["grpc"]
        return Grpc(pod_ip, int(asked["port"]), str(asked.get("service") or ""))
    raise ExecutionError(
        "a probe without an action", hints=["use one of exec, grpc, httpGet, tcpSocket"]
    )


def _http_get(asked: Mapping[str, Any], pod_ip: str) -> HttpGet:
    scheme = str(asked.get("scheme") or "HTTP").lower()
    host, path = asked.get("host") or pod_ip, str(asked.get("path") or "/").lstrip("/")
    headers = tuple(
        (str(header.get("name")), str(header.get("value") or ""))
        for header in asked.get("httpHeaders") or ()
    )
    return HttpGet(f"{scheme}://{host}:{int(asked['port'])}/{path}", headers)
