"""What runs ask for beside containers: resource calls, and the agent's http and plugin calls.

They block, so they are made on threads; each answer is reported as an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final

from toolkit.clock import Clock
from toolkit.controllers.calls.agent import Agent, AgentCall
from toolkit.controllers.calls.artifact_calls import deleted, list_keys, with_manifest
from toolkit.controllers.calls.resource_actions import Owner
from toolkit.controllers.calls.resource_calls import Answer, Undecided, look_again, perform
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.workflow.commands import Call, CallResource, ListArtifacts
from toolkit.workflow.events import ContainerErrored, Event
from toolkit.workflow.outputs.artifact_gc import Doomed

_LOOK_AGAIN: Final = timedelta(seconds=1)
_RESOURCE_CALLS: Final = 4
_AGENT_CALLS: Final = 64
_CLOSE_S: Final = 3.0


class Calls:
    """``report`` is called on the loop, once for each call that was not stopped."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        agent: Agent,
        loop: EventLoop,
        clock: Clock,
        report: Callable[[Event], None],
    ) -> None:
        self._cluster = cluster
        self._agent = agent
        self._loop = loop
        self._clock = clock
        self._report = report
        self._open: dict[str, Future[None] | None] = {}
        self._resources = ThreadPoolExecutor(_RESOURCE_CALLS, f"resource-calls-{name}")
        self._agents = ThreadPoolExecutor(_AGENT_CALLS, f"agent-{name}")

    def perform(self, call: Call, owner: Owner) -> None:
        """On the loop's thread. Returns at once."""
        self._open[call.id] = None
        match call:
            case CallResource():
                self._resource(call, owner, None)
            case ListArtifacts():
                self._resources.submit(self._list, call, owner)
            case _:
                self._open[call.id] = self._agents.submit(self._ask, call, owner)

    def stop(self, call: Call) -> None:
        """Answered at once; what it did already is not undone."""
        self._agent.give_up(call.id)
        now = self._clock.now()
        self._answered(call, ContainerErrored(call.id, call.node_id, "stopped", now))

    def forget(self, command_id: str) -> None:
        """The answer is committed."""
        self._agent.forget(command_id)

    def run_ended(self, uid: str) -> None:
        self._agent.run_ended(uid)

    def collect(
        self,
        doomed: Sequence[Doomed],
        namespace: str,
        done: Callable[[dict[tuple[str, str], str]], None],
    ) -> None:
        """Deletes artifacts; ``done`` hears, on the loop, of the error of each, "" for none."""

        def work() -> None:
            results = {
                (one.node_id, one.name): deleted(
                    one, self._agent.artifacts, self._cluster, namespace
                )
                for one in doomed
            }
            self._loop.soon(lambda: done(results))

        self._resources.submit(work)

    def close(self) -> None:
        """Waits a moment for what is under way, so that it is not lost: a call given up counts as
        interrupted when the engine starts again.
        """
        wait([future for future in [*self._open.values()] if future], timeout=_CLOSE_S)
        for call_id in [*self._open]:
            self._agent.give_up(call_id)
        for pool in (self._resources, self._agents):
            pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self, call: AgentCall, owner: Owner) -> None:
        answer = self._agent.answer(call, owner)
        self._loop.soon(lambda: self._answered(call, answer))

    def _list(self, call: ListArtifacts, owner: Owner) -> None:
        now = self._clock.now()
        answer = list_keys(call, self._agent.artifacts, self._cluster, owner, now)
        self._loop.soon(lambda: self._answered(call, answer))

    def _resource(self, call: CallResource, owner: Owner, target: ObjectRef | None) -> None:
        def work() -> None:
            now = self._clock.now()
            if target is None:
                answer = self._performed(call, owner)
            else:
                answer = look_again(call, self._cluster, target, now)
            if isinstance(answer, Undecided):
                again = answer.target
                self._loop.soon(lambda: self._later(call, owner, again))
            else:
                self._loop.soon(lambda: self._answered(call, answer))

        if call.id in self._open:
            self._resources.submit(work)

    def _performed(self, call: CallResource, owner: Owner) -> Answer:
        now = self._clock.now()
        try:
            whole = with_manifest(call, self._agent.artifacts, self._cluster, owner)
        except ExecutionError as error:
            return ContainerErrored(call.id, call.node_id, str(error), now)
        return perform(whole, self._cluster, owner, now)

    def _later(self, call: CallResource, owner: Owner, target: ObjectRef) -> None:
        self._loop.at(self._clock.now() + _LOOK_AGAIN, lambda: self._resource(call, owner, target))

    def _answered(self, call: Call, event: Event) -> None:
        if call.id in self._open:
            del self._open[call.id]
            self._report(event)
