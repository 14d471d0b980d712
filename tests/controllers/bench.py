"""The workflow controller in one thread, under a virtual clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.controllers.conftest import NAMESPACE, workflow
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.artifacts import MemoryArtifacts
from toolkit.adapters.memory.executor import Ending, MemoryExecutor, MemoryWorld, Script
from toolkit.adapters.memory.http import MemoryClaims, MemoryHttp
from toolkit.adapters.memory.runs import MemoryRuns
from toolkit.controllers.calls.agent import Agent
from toolkit.controllers.calls.plugin_host import PluginHost
from toolkit.controllers.runs.active_run import RunNotice
from toolkit.controllers.runs.projecting import POD, WORKFLOW
from toolkit.controllers.runs.run_locks import SharedLocks
from toolkit.controllers.workflow_controller import WorkflowController
from toolkit.resource.cluster import ObjectRef
from toolkit.resource.resource import Body
from toolkit.workflow.ports import ExecutorEvent, ResolvedStart
from toolkit.workflow.templates.plugin_template import Plugin


def succeed(_: ResolvedStart) -> Ending:
    return Ending()


class Bench:
    """One engine after another over the same cluster, rows and world."""

    def __init__(self, cluster: EmbeddedCluster, clock: VirtualClock, runs: Any = None) -> None:
        self.cluster = cluster
        self.clock = clock
        self.world = MemoryWorld()
        self.runs = runs or MemoryRuns()
        self.notices: list[RunNotice] = []
        self.script: Script = succeed
        self.semaphores: dict[str, int] = {}
        self.http = MemoryHttp()
        self.claims = MemoryClaims()
        self.artifacts = MemoryArtifacts()
        self.served: list[Plugin] = []
        self.version = ""
        self.boot()

    def boot(self) -> None:
        """A new engine; the one before is gone as if killed."""
        self.executor = MemoryExecutor(self.world, self._run, self.clock, self._report)
        self.controller = WorkflowController(
            "staging",
            self.cluster,
            executor=self.executor,
            agent=self._agent(),
            runs=self.runs,
            archive=self.runs,
            clock=self.clock,
            locks=SharedLocks(self.runs.lock_requests(), lambda: self.semaphores),
            given={"GITOPS_CLUSTER": "staging"},
            notice=self.notices.append,
            on_error=_raise,
        )
        self.version = ""

    def _agent(self) -> Agent:
        plugins = PluginHost(self.executor, self.http, self.clock, served=self.served)
        return Agent(
            "staging",
            self.cluster,
            http=self.http,
            claims=self.claims,
            plugins=plugins,
            artifacts=self.artifacts,
            clock=self.clock,
        )

    def settle(self) -> None:
        """Until nothing more happens at this instant."""
        if not self.version:
            found = self.cluster.list(WORKFLOW)
            self.version = found.resource_version
            self.controller.listed(found.items)
        while True:
            self.controller.loop.run_ready()
            events = list(self.cluster.watch(WORKFLOW, resource_version=self.version, timeout_s=0))
            if not events:
                return
            for event in events:
                self.version = event.object["metadata"]["resourceVersion"]
                self.controller.changed(event)

    def until(self, happened: Callable[[], bool]) -> None:
        """Settles until the calls, which are made on threads, have come that far."""
        for _ in range(4_000):
            self.settle()
            if happened():
                return
            time.sleep(0.005)
        raise AssertionError(self.workflow())

    def advance(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.settle()

    def submit(self, name: str = "wf", **spec: Any) -> None:
        self.cluster.create(workflow(name, spec=spec))
        self.settle()

    def workflow(self, name: str = "wf") -> Body:
        body = self.cluster.get(ObjectRef(WORKFLOW, NAMESPACE, name))
        assert body is not None
        return body

    def phase(self, name: str = "wf") -> str:
        return str((self.workflow(name).get("status") or {}).get("phase", ""))

    def pods(self) -> dict[str, str]:
        pods = self.cluster.list(POD, NAMESPACE).items
        return {pod["metadata"]["name"]: pod["status"]["phase"] for pod in pods}

    def edit(self, change: Callable[[Body], Any], name: str = "wf") -> None:
        body = self.workflow(name)
        change(body)
        self.cluster.update(body)
        self.settle()

    def _run(self, resolved: ResolvedStart) -> Ending | None:
        return self.script(resolved)

    def _report(self, event: ExecutorEvent) -> None:
        self.controller.receive(event)


def _raise(error: Exception) -> None:
    raise error


def container(**fields: Any) -> Body:
    return {"image": "any", "command": ["sh"], **fields}
