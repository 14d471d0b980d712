"""Executor plugins on this machine: found where Argo finds them, started when first asked for.

In a cluster every workflow has an agent pod with a plugin in it. Here a plugin is one process that
serves all workflows of its namespace on loopback, because a port can be had only once; it ends
with the engine, or when its ConfigMap has changed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.steps.environment import resolve
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster
from toolkit.resource.identity import GroupVersionKind
from toolkit.workflow.commands import ContainerCall, StartContainer
from toolkit.workflow.events import ContainerEnded, ContainerErrored
from toolkit.workflow.nodes import Row
from toolkit.workflow.ports import (
    Executor,
    ExecutorEvent,
    HttpClient,
    HttpFailure,
    HttpRequest,
    PodAddress,
)
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.templates.plugin_template import (
    LABEL,
    TYPE,
    Plugin,
    plugin_of_config_map,
    plugin_of_spec,
)

ARGO_NAMESPACE: Final = "argo"
TOKEN_FILE: Final = "/var/run/argo/token"  # noqa: S105 - where it is, not what
LOGS: Final = "executor-plugins"
"""Stands in place of a workflow's name where a plugin's log lives."""

_CONFIG_MAP: Final = GroupVersionKind("", "v1", "ConfigMap")
_NEW_FOR: Final = timedelta(seconds=20)
_GRACE_S: Final = 2.0
_CLOSE_S: Final = 5.0


@dataclass(slots=True)
class _Process:
    """A plugin that was started. ``ended`` is why it is no more."""

    key: str
    start_id: str
    port: int
    token: str
    secrets: frozenset[str]
    since: datetime
    ended: str = ""
    gone: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a plugin is served, and how it knows us."""

    name: str
    url: str
    token: str
    secrets: frozenset[str]
    process: _Process | None = None
    clock: Clock | None = None

    def is_new(self) -> bool:
        """Started a moment ago: that nobody listens yet is no failure."""
        process, clock = self.process, self.clock
        return process is not None and clock is not None and clock.now() < process.since + _NEW_FOR

    def why_ended(self) -> str:
        """Why the process is no more; "" where it lives, or is not ours."""
        return "" if self.process is None else self.process.ended


class PluginHost:
    """``served``: plugins by name that somebody else serves (gitops.yaml): their URL goes before
    a container of that name. Thread-safe.
    """

    def __init__(
        self, executor: Executor, http: HttpClient, clock: Clock, *, served: Iterable[Plugin] = ()
    ) -> None:
        self._executor = executor
        self._http = http
        self._clock = clock
        self._served = {plugin.name: plugin for plugin in served}
        self._processes: dict[int, _Process] = {}
        self._lock = threading.Lock()

    def find(self, cluster: Cluster, namespace: str, own: Iterable[Row]) -> tuple[Plugin, ...]:
        """The plugins a workflow may ask, sorted by name: its own (``spec.executorPlugins``), and
        only those; else those of its namespace, of Argo's namespace and of gitops.yaml.

        Raises ExecutionError for one that is declared wrongly.
        """
        declared = [plugin_of_spec(entry) for entry in own]
        if declared:
            return tuple(self._served.get(plugin.name, plugin) for plugin in declared)
        found: dict[str, Plugin] = {}
        for place in (ARGO_NAMESPACE, namespace):
            listed = cluster.list(_CONFIG_MAP, place, label_selector=f"{LABEL}={TYPE}")
            found |= {p.name: p for p in map(plugin_of_config_map, listed.items)}
        found |= self._served
        return tuple(found[name] for name in sorted(found))

    def endpoint(
        self, cluster_name: str, cluster: Cluster, namespace: str, plugin: Plugin
    ) -> Endpoint:
        """Where the plugin is served; it is started where it is not. Raises ExecutionError."""
        if plugin.url:
            return Endpoint(plugin.name, plugin.url.rstrip("/"), "", frozenset())
        key = _key(cluster_name, namespace, plugin)
        with self._lock:
            process = self._processes.get(plugin.port)
            if process is None or process.key != key or process.ended:
                self._make_room(plugin, key, process)
                address = PodAddress(cluster_name, namespace, LOGS, f"{plugin.name}-plugin")
                process = self._start(plugin, key, cluster, address)
                self._processes[plugin.port] = process
        url = f"http://127.0.0.1:{plugin.port}"
        return Endpoint(plugin.name, url, process.token, process.secrets, process, self._clock)

    def receive(self, event: ExecutorEvent) -> None:
        """The executor's report, from any thread."""
        process = next(
            (p for p in [*self._processes.values()] if p.start_id == event.command_id), None
        )
        if process is None or not isinstance(event, ContainerEnded | ContainerErrored):
            return
        if isinstance(event, ContainerEnded):
            why = f"ended with exit code {event.exit_code}"
        else:
            why = event.message
        process.ended = f"executor plugin {_name(process.key)}: {why}"
        process.gone.set()
        self._executor.forget(process.start_id)

    def close(self) -> None:
        """Ends every plugin."""
        with self._lock:
            for process in self._processes.values():
                self._executor.stop(process.start_id, grace_s=_GRACE_S)
            for process in self._processes.values():
                process.gone.wait(_CLOSE_S)

    def _make_room(self, plugin: Plugin, key: str, before: _Process | None) -> None:
        """A port can be had once: an older form of the same plugin goes, any other one stays."""
        if before is not None and not before.ended:
            if _name(before.key) != _name(key):
                raise ExecutionError(
                    f"executor plugin {_name(key)}: port {plugin.port} is that of "
                    f"{_name(before.key)}",
                    hints=["give each plugin a containerPort of its own"],
                )
            self._executor.stop(before.start_id, grace_s=_GRACE_S)
            before.gone.wait(_CLOSE_S)
        probe = HttpRequest("GET", f"http://127.0.0.1:{plugin.port}/", timeout_s=1.0)
        said = self._http.send(f"probe-{plugin.port}", probe)
        if not (isinstance(said, HttpFailure) and said.is_refused):
            raise ExecutionError(
                f"executor plugin {_name(key)}: another program listens on port {plugin.port}"
            )

    def _start(self, plugin: Plugin, key: str, cluster: Cluster, address: PodAddress) -> _Process:
        token = secrets.token_hex(24)
        start = StartContainer(
            id=f"plugin-{secrets.token_hex(8)}",
            node_id="",
            node_name=plugin.name,
            pod=address.pod,
            template=plugin.name,
            call=_container_call(plugin.container),
        )
        resolved = resolve(start, cluster, address)
        known = resolved.secrets | {token}
        process = _Process(key, start.id, plugin.port, token, known, self._clock.now())
        self._processes[plugin.port] = process  # before it can end
        files = {**resolved.files, TOKEN_FILE: token.encode()}
        self._executor.start(replace(resolved, files=files, secrets=known))
        return process


def _container_call(container: Row) -> ContainerCall:
    return ContainerCall(
        image=str(container.get("image") or ""),
        command=tuple(text_of(word) for word in container.get("command") or ()),
        args=tuple(text_of(word) for word in container.get("args") or ()),
        env=tuple(container.get("env") or ()),
        env_from=tuple(container.get("envFrom") or ()),
        working_dir=str(container.get("workingDir") or ""),
        resources=container.get("resources"),
    )


def _key(cluster_name: str, namespace: str, plugin: Plugin) -> str:
    content = json.dumps(plugin.container, sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{cluster_name}/{namespace}/{plugin.name}@{digest}"


def _name(key: str) -> str:
    return key.partition("@")[0]
