"""Argo's agent: makes the calls of http and plugin templates, each at most once.

A call is claimed before the first byte is sent, and the claim outlives the program. One that was
claimed and not answered when the program died may have reached its server: it is not made again,
its node ends in Error "interrupted", and the retryStrategy decides. Within one call a plugin is
tried again as Argo does it: while nobody listens yet, and where it says that it cannot answer now.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.calls.plugin_host import Endpoint, PluginHost
from toolkit.controllers.calls.resource_actions import Owner
from toolkit.controllers.steps.lookup import SECRET, Lookup
from toolkit.errors import ToolkitError
from toolkit.resource.cluster import Cluster
from toolkit.workflow.commands import CallHttp, CallPlugin
from toolkit.workflow.events import ContainerErrored, TaskAnswered
from toolkit.workflow.nodes import FAILED
from toolkit.workflow.ports import Artifacts, CallClaims, HttpClient, HttpFailure, HttpRequest
from toolkit.workflow.templates.http_template import HttpResponse, body_bytes, verdict
from toolkit.workflow.templates.plugin_template import EXECUTE_PATH, Reply, read_reply, request_body

INTERRUPTED: Final = "interrupted"
_PLUGIN_TIMEOUT_S: Final = 30.0
_BACKOFF_S: Final = (1.0, 2.0, 4.0, 8.0)
_STARTING_S: Final = (0.02, 0.03, 0.05, *(0.1 for _ in range(150)))
_TRY_AGAIN: Final = frozenset({429, 503})

AgentCall = CallHttp | CallPlugin
AgentAnswer = TaskAnswered | ContainerErrored


class Agent:
    """The agent of one logical cluster. Thread-safe; ``answer`` blocks its thread."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        *,
        http: HttpClient,
        claims: CallClaims,
        plugins: PluginHost,
        artifacts: Artifacts,
        clock: Clock,
    ) -> None:
        self.artifacts = artifacts
        self._name = name
        self._cluster = cluster
        self._http = http
        self._claims = claims
        self._plugins = plugins
        self._clock = clock
        self._given_up: dict[str, threading.Event] = {}
        self._deaf: dict[str, set[str]] = {}  # by run: plugins that have no such method

    def answer(self, call: AgentCall, owner: Owner) -> AgentAnswer:
        """Makes the call; never raises for what the call or the other side does wrong."""
        self._given_up[call.id] = threading.Event()
        try:
            if not self._claims.take(call.id):
                return ContainerErrored(call.id, call.node_id, INTERRUPTED, self._clock.now())
            if isinstance(call, CallHttp):
                return self._http_answer(call, owner)
            return self._plugin_answer(call, owner)
        except ToolkitError as error:
            return self._failed(call, str(error))
        finally:
            self._given_up.pop(call.id, None)

    def give_up(self, call_id: str) -> None:
        """Nobody waits for the answer any more: it comes at once."""
        event = self._given_up.get(call_id)
        if event is not None:
            event.set()
        self._http.abort(call_id)

    def forget(self, call_id: str) -> None:
        """The answer is committed."""
        self._claims.drop(call_id)

    def run_ended(self, uid: str) -> None:
        """Plugins that only this run asked may be asked anew by another."""
        self._deaf.pop(uid, None)

    # http

    def _http_answer(self, call: CallHttp, owner: Owner) -> AgentAnswer:
        said = self._http.send(call.id, self._request(call, owner))
        if isinstance(said, HttpFailure):
            return self._failed(call, said.message, is_transient=said.is_transient)
        phase, message = verdict(call, said)
        outputs = {"result": said.body}
        return TaskAnswered(call.id, call.node_id, phase, message, self._clock.now(), outputs)

    def _request(self, call: CallHttp, owner: Owner) -> HttpRequest:
        lookup = Lookup(self._cluster, owner.namespace)
        headers = tuple(_header(entry, lookup) for entry in call.headers)
        return HttpRequest(
            method=call.method or "GET",
            url=call.url,
            headers=headers,
            body=body_bytes(call),
            timeout_s=call.timeout_s,
            verify=not call.insecure,
            secrets=frozenset(lookup.secrets),
        )

    # plugins

    def _plugin_answer(self, call: CallPlugin, owner: Owner) -> AgentAnswer:
        found = self._plugins.find(self._cluster, owner.namespace, call.plugins)
        for plugin in found:
            if plugin.name in self._deaf.get(owner.uid, ()):
                continue
            endpoint = self._plugins.endpoint(self._name, self._cluster, owner.namespace, plugin)
            reply = self._ask(call, owner, endpoint)
            if isinstance(reply, HttpFailure):
                return self._failed(call, reply.message, is_transient=reply.is_transient)
            if reply.phase:
                return TaskAnswered(
                    call.id, call.node_id, reply.phase, reply.message, self._clock.now(),
                    reply.outputs, reply.requeue_s,
                )  # fmt: skip
        known = ", ".join(plugin.name for plugin in found) or "none"
        return self._failed(call, f"no plugin executed the template (plugins: {known})")

    def _ask(self, call: CallPlugin, owner: Owner, endpoint: Endpoint) -> Reply | HttpFailure:
        metadata = {"name": owner.name, "namespace": owner.namespace, "uid": owner.uid}
        request = HttpRequest(
            method="POST",
            url=f"{endpoint.url}{EXECUTE_PATH}",
            headers=(
                ("Content-Type", "application/json"),
                ("Authorization", f"Bearer {endpoint.token}"),
            ),
            body=request_body(call, metadata),
            timeout_s=_PLUGIN_TIMEOUT_S,
            secrets=endpoint.secrets,
        )
        said = self._until_answered(call, endpoint, request)
        if isinstance(said, HttpFailure):
            return said
        if said.status == 404:
            self._deaf.setdefault(owner.uid, set()).add(endpoint.name)
            return Reply()
        if said.status != 200:
            return HttpFailure(f"{said.status}: {said.body.strip()}")
        return read_reply(said.body)

    def _until_answered(
        self, call: CallPlugin, endpoint: Endpoint, request: HttpRequest
    ) -> HttpResponse | HttpFailure:
        """A plugin that is just starting is looked for often; then Argo's backoff holds."""
        starting, backoff = iter(_STARTING_S if endpoint.is_new() else ()), _jittered(_BACKOFF_S)
        while True:
            said = self._http.send(call.id, request)
            if isinstance(said, HttpResponse) and said.status not in _TRY_AGAIN:
                return said
            if isinstance(said, HttpFailure) and not said.is_transient:
                return said
            if ended := endpoint.why_ended():
                return HttpFailure(ended)
            is_refused = isinstance(said, HttpFailure) and said.is_refused
            pause = (next(starting, None) if is_refused else None) or next(backoff, None)
            if pause is None or self._given_up[call.id].wait(pause):
                return said if isinstance(said, HttpFailure) else _unavailable(said)

    def _failed(self, call: AgentCall, message: str, *, is_transient: bool = False) -> TaskAnswered:
        now = self._clock.now()
        return TaskAnswered(call.id, call.node_id, FAILED, message, now, is_transient=is_transient)


def _header(entry: dict[str, object], lookup: Lookup) -> tuple[str, str]:
    source = entry.get("valueFrom")
    reference = source.get("secretKeyRef") if isinstance(source, dict) else None
    if reference:
        return str(entry.get("name")), lookup.value(SECRET, reference) or ""
    return str(entry.get("name")), str(entry.get("value") or "")


def _jittered(pauses: Sequence[float]) -> Iterator[float]:
    return (pause * (1 + 0.2 * random.random()) for pause in pauses)  # noqa: S311


def _unavailable(said: HttpResponse) -> HttpFailure:
    return HttpFailure(f"{said.status}: {said.body.strip()}", is_transient=True)
