"""Runs the Pods of one logical cluster that stand for themselves: those that people, Jobs and
operators make.

A pod's status is its row: the start that it names is written before the executor hears of it, and
the end before the executor may forget. What its next status is decides
:mod:`toolkit.workflow.batch.pods`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.object_status import put_status
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.runs.projecting import POD
from toolkit.controllers.steps.environment import resolve
from toolkit.errors import ToolkitError
from toolkit.resource.cluster import Cluster, ObjectRef, WatchEvent
from toolkit.resource.resource import Body
from toolkit.workflow.batch import pods
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerMoved, ContainerState
from toolkit.workflow.nodes import Row
from toolkit.workflow.ports import Executor, ExecutorEvent, PodAddress, ResolvedStart

_AGAIN: Final = timedelta(seconds=5)
"""What a pod refers to may come later than the pod: it is looked for again."""


def pod_starts(cluster: Cluster) -> frozenset[str]:
    """The starts that may be under way: their claims are needed still."""
    return frozenset(pods.start_id(pod) for pod in _unfinished(cluster))


def pod_logs(cluster: Cluster) -> frozenset[str]:
    """Where logs are written still: ``namespace/group``, as folders of logs are named."""
    found = _unfinished(cluster)
    return frozenset(f"{pod['metadata']['namespace']}/{pods.log_group(pod)}" for pod in found)


def _unfinished(cluster: Cluster) -> list[Body]:
    found = cluster.list(POD).items
    return [pod for pod in found if pods.is_run_here(pod) and not pods.has_finished(pod)]


@dataclass(slots=True)
class _Pod:
    """A pod that has not ended, as it was last seen or written."""

    body: Body
    start_id: str = ""
    states: dict[str, ContainerState] = field(default_factory=dict)


class PodController(Controller[Cluster]):
    """A watch tells it of pods, the executor of their containers, which go on when it is closed:
    the next controller follows them.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        executor: Executor,
        clock: Clock,
        *,
        given: Mapping[str, str],
        on_error: Callable[[Exception], None],
        watches: Watches | None = None,
    ) -> None:
        super().__init__(f"pods-{name}", cluster, clock, on_error, watches)
        self._name = name
        self._executor = executor
        self._given = given
        self._pods: dict[str, _Pod] = {}
        self._leaving: set[str] = set()  # starts of deleted pods whose containers are ending
        self.follow(POD, listed=self.listed, changed=self.changed)

    def receive(self, event: ExecutorEvent) -> None:
        """An executor's report, from any thread. Reports of others' commands are ignored."""
        if event.command_id.startswith("pod-"):
            self.loop.soon(lambda: self._reported(event))

    # What happened, on the loop

    def listed(self, bodies: Iterable[Body]) -> None:
        """All pods there are: at first, and after changes were missed."""
        live = {str(body["metadata"]["uid"]): body for body in bodies}
        for uid in self._pods.keys() - live.keys():
            self._forget(uid)
        for body in live.values():
            self._seen(body)

    def changed(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self._forget(str(event.object["metadata"]["uid"]))
        else:
            self._seen(event.object)

    def _seen(self, body: Body) -> None:
        uid = str(body["metadata"]["uid"])
        if body["metadata"].get("deletionTimestamp"):
            self._forget(uid)
        elif uid not in self._pods and pods.is_run_here(body) and not pods.has_finished(body):
            self._adopt(uid, body)

    def _adopt(self, uid: str, seen: Body) -> None:
        """What was seen may be old: one that has ended since must not start again."""
        metadata = seen["metadata"]
        ref = ObjectRef(POD, str(metadata["namespace"]), str(metadata["name"]))
        live = self._cluster.get(ref)
        if live is None or live["metadata"]["uid"] != uid:
            return
        if pods.has_finished(live) or live["metadata"].get("deletionTimestamp"):
            return
        self._pods[uid] = _Pod(live)
        self._begin(uid)

    def _forget(self, uid: str) -> None:
        """The pod is deleted: its containers are stopped."""
        pod = self._pods.pop(uid, None)
        if pod is not None and pod.start_id:
            self._leaving.add(pod.start_id)
            self._executor.stop(pod.start_id, grace_s=pods.grace_s(pod.body))

    # Starts

    def _begin(self, uid: str) -> None:
        """Its next start, once that is due: written, then performed."""
        pod = self._pods.get(uid)
        if pod is None or pod.start_id:
            return
        due = pods.due_at(pod.body)
        if due is not None and due > self._clock.now():
            self.loop.at(due, lambda: self._begin(uid))
            return
        try:
            pods.start_of(pod.body)
        except (ToolkitError, ValueError, LookupError, TypeError) as error:
            self._write(uid, _refusal(str(error), self._clock))
            return
        self._write(uid, lambda live: pods.begun(live, self._clock.now()))
        if uid in self._pods:
            self._perform(uid, pod)

    def _perform(self, uid: str, pod: _Pod) -> None:
        start = pods.start_of(pod.body)
        try:
            resolved = resolve(
                start,
                self._cluster,
                self._address(pod.body),
                pod=lambda: pod.body,
                given=self._given,
            )
        except ToolkitError as error:
            if not self._executor.is_claimed(start.id):
                message = error.message
                self._write(uid, lambda live: pods.waiting(live, message, self._clock.now()))
                self.loop.at(self._clock.now() + _AGAIN, lambda: self._begin(uid))
                return
            resolved = self._unresolved(start, pod.body)
        pod.start_id = start.id
        self._executor.recover(resolved)  # starts what was never claimed

    def _unresolved(self, start: StartContainer, body: Body) -> ResolvedStart:
        """Enough to follow one that runs, or has ended, though its Secret has gone since."""
        return ResolvedStart(self._address(body), start, {})

    def _address(self, body: Body) -> PodAddress:
        metadata = body["metadata"]
        namespace, name = str(metadata["namespace"]), str(metadata["name"])
        return PodAddress(self._name, namespace, pods.log_group(body), name)

    # Reports

    def _reported(self, event: ExecutorEvent) -> None:
        uid = event.node_id
        pod = self._pods.get(uid)
        has_ended = isinstance(event, ContainerEnded | ContainerErrored)
        if pod is None or pod.start_id != event.command_id:
            if has_ended and event.command_id in self._leaving:
                self._leaving.discard(event.command_id)
                self._executor.forget(event.command_id)
            return
        if isinstance(event, ContainerMoved):
            self._moved(uid, pod, event.state)
        elif isinstance(event, ContainerEnded | ContainerErrored):
            self._ended(uid, pod, event)

    def _moved(self, uid: str, pod: _Pod, state: ContainerState) -> None:
        pod.states[state.name] = state
        if state.has_ended and len(pod.body["spec"]["containers"]) == 1:
            return  # the pod's end is next, and says it
        states = tuple(pod.states.values())
        self._write(uid, lambda live: pods.moved(live, states, self._clock.now()))

    def _ended(self, uid: str, pod: _Pod, event: ContainerEnded | ContainerErrored) -> None:
        states = tuple(pod.states.values())
        self._write(uid, lambda live: pods.ended(live, event, self._clock.now(), states))
        self._executor.forget(event.command_id)
        pod.start_id = ""
        pod.states.clear()
        self._begin(uid)

    def _write(self, uid: str, status: Callable[[Body], Row]) -> None:
        """A pod that is gone, or has ended by it, is no longer ours."""
        pod = self._pods[uid]
        written = put_status(self._cluster, pod.body, status)
        if written is None:
            self._forget(uid)
            return
        pod.body = written
        if pods.has_finished(written):
            del self._pods[uid]


def _refusal(message: str, clock: Clock) -> Callable[[Body], Row]:
    return lambda live: pods.refused(live, message, clock.now())
