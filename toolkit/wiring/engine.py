"""The workflow engine of this machine: executor, logs, run store and controllers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from toolkit.adapters.collector import collected_when_quiet
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.logs.files import Logs
from toolkit.adapters.meter import MemoryMeter
from toolkit.adapters.process.executor import ProcessExecutor
from toolkit.adapters.process.host import Host
from toolkit.adapters.process.isolation import Namespaces
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.adapters.state.volumes import Volumes
from toolkit.controllers.batch_controller import BatchController
from toolkit.controllers.cron_controller import CronController, CronNotice
from toolkit.controllers.keeper import Keeper
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.pod_controller import PodController, pod_starts
from toolkit.controllers.runs.active_run import RunNotice
from toolkit.controllers.runs.measuring import EngineMeter
from toolkit.controllers.runs.run_locks import SharedLocks
from toolkit.controllers.runs.run_watcher import RunWatcher, RunWatchers
from toolkit.controllers.workflow_controller import WorkflowController
from toolkit.errors import ExecutionError, ToolkitError
from toolkit.repository.settings import Environment
from toolkit.wiring.agents import NewAgent, start_agents
from toolkit.wiring.clusters import Owner, ensure_capture_secret
from toolkit.wiring.keeping import sweeper
from toolkit.wiring.metrics import Queues
from toolkit.wiring.runtimes import host_of, parallel_steps, runtimes_of
from toolkit.wiring.tracing import start_tracing
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.ports import ExecutorEvent

EngineNotice = RunNotice | CronNotice
_LOGS = "logs"
_STEPS = "steps"
_VOLUMES = "volumes"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that runs. ``clusters``: the embedded cluster of each environment by name;
    ``runtimes``: what its steps are, in words.
    """

    logs: Logs
    clusters: dict[str, EmbeddedCluster]
    isolation: Namespaces
    slots: int
    runtimes: Mapping[str, str]
    meter: MemoryMeter
    queues: Queues


def log_store(workspace: Workspace) -> Logs:
    """The logs of steps, for readers without an engine."""
    return Logs(workspace.state / _LOGS)


@contextmanager
def start_engine(
    owner: Owner,
    workspace: Workspace,
    environments: Sequence[Environment],
    *,
    notice: Callable[[EngineNotice], None] = lambda _: None,
    on_error: Callable[[Exception], None] = lambda _: None,
    crons: bool = True,
) -> Iterator[Engine]:
    """Runs the workflows of the embedded ones of ``environments`` until the ``with`` block ends;
    without ``crons`` only those there are. Takes up what an engine before left unfinished.

    Steps that run when it ends go on: the next engine follows them. ``notice`` and ``on_error``
    are called from the controllers' threads.
    """
    embedded = [e for e in environments if e.destination.is_embedded]
    with collected_when_quiet(), ExitStack() as stack:
        shared = _share(stack, owner, workspace, embedded, notice, on_error, crons=crons)
        made = [_manage(stack, shared, environment) for environment in embedded]
        for controller in [controller for one in made for controller in one.all]:
            stack.callback(controller.stop)  # all of them, before the first is closed and awaited
            controller.start()
        host = shared.host
        yield Engine(
            shared.logs,
            {one.name: one.cluster for one in made},
            host.namespaces,
            shared.slots,
            runtimes_of(host, embedded),
            shared.meter,
            {(one.name, queue): loop for one in made for queue, loop in one.queues.items()},
        )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the controllers of all environments have in common; the executor reports to
    ``receivers``.
    """

    owner: Owner
    workspace: Workspace
    logs: Logs
    host: Host
    slots: int
    runs: SqliteRuns
    executor: ProcessExecutor
    new_agent: NewAgent
    locks: SharedLocks
    meter: MemoryMeter
    tracers: Callable[[str], list[RunWatcher]]
    receivers: list[WorkflowController | PodController]
    notice: Callable[[EngineNotice], None]
    on_error: Callable[[Exception], None]
    crons: bool


def _share(
    stack: ExitStack,
    owner: Owner,
    workspace: Workspace,
    embedded: Sequence[Environment],
    notice: Callable[[EngineNotice], None],
    on_error: Callable[[Exception], None],
    *,
    crons: bool,
) -> _Shared:
    state = workspace.ensure_state().resolve()
    logs = log_store(workspace)
    runs = SqliteRuns(owner.database)
    host = host_of(workspace, Volumes(state / _VOLUMES), embedded)
    slots = parallel_steps()
    receivers: list[WorkflowController | PodController] = []

    def report(event: ExecutorEvent) -> None:
        for controller in receivers:
            controller.receive(event)

    executor = stack.enter_context(
        ProcessExecutor(state / _STEPS, logs, host, owner.clock, report, slots=slots)
    )
    outstanding = runs.outstanding()
    executor.sweep(outstanding.union(*(pod_starts(owner.cluster(e)) for e in embedded)))
    new_agent = stack.enter_context(
        start_agents(state, logs, host, owner.clock, workspace.settings(), outstanding)
    )
    return _Shared(
        owner,
        workspace,
        logs,
        host,
        slots,
        runs,
        executor,
        new_agent,
        SharedLocks(runs.lock_requests(), lambda: workspace.settings().semaphores),
        MemoryMeter(owner.clock),
        start_tracing(stack, on_error),
        receivers,
        notice,
        on_error,
        crons,
    )


@dataclass(frozen=True, slots=True)
class _Managed:
    """One environment's controllers, in the order in which they start."""

    name: str
    cluster: EmbeddedCluster
    workflows: WorkflowController
    pods: PodController
    batch: BatchController
    keeper: Keeper
    crons: CronController | None

    @property
    def all(self) -> list[Controller[Any]]:
        late = [] if self.crons is None else [self.crons]
        return [self.workflows, self.pods, self.batch, *late, self.keeper]

    @property
    def queues(self) -> dict[str, EventLoop]:
        """By the name that Argo's metrics give the queue."""
        found = {"workflow_queue": self.workflows.loop, "workflow_ttl_queue": self.keeper.loop}
        return found if self.crons is None else {**found, "cron_wf_queue": self.crons.loop}


def _manage(stack: ExitStack, shared: _Shared, environment: Environment) -> _Managed:
    """Makes the controllers of an environment; ``stack`` closes them."""
    name, owner, on_error = environment.name, shared.owner, shared.on_error
    cluster = owner.cluster(environment, log_store=shared.logs)
    ensure_capture_secret(cluster, environment.namespace)
    engine_meter = EngineMeter(
        name, shared.meter, on_problem=lambda text: on_error(ExecutionError(text))
    )
    archive = SqliteArchive(owner.database)
    given, watches = _given(shared.workspace, environment), Watches(cluster)
    workflows = WorkflowController(
        name,
        cluster,
        executor=shared.executor,
        agent=shared.new_agent(name, cluster),
        runs=shared.runs,
        archive=archive,
        clock=owner.clock,
        locks=shared.locks,
        given=given,
        notice=shared.notice,
        on_error=_counted(on_error, engine_meter),
        watcher=RunWatchers([engine_meter, *shared.tracers(name)]),
        watches=watches,
    )
    pods = PodController(
        name, cluster, shared.executor, owner.clock, given=given, on_error=on_error, watches=watches
    )
    batch = BatchController(
        name, cluster, owner.clock, on_error, crons=shared.crons, watches=watches
    )
    keeper = Keeper(
        name,
        cluster,
        clock=owner.clock,
        on_error=on_error,
        sweep=sweeper(owner, shared.workspace, [environment]),
        watches=watches,
    )
    crons = None
    if shared.crons:
        crons = CronController(
            name,
            cluster,
            clock=owner.clock,
            notice=shared.notice,
            on_error=on_error,
            catch_up=environment.catch_up,
            watcher=engine_meter,
            past=partial(archive.phase_of, name),
            watches=watches,
        )
    shared.receivers.extend((workflows, pods))
    managed = _Managed(name, cluster, workflows, pods, batch, keeper, crons)
    for controller in managed.all:
        stack.callback(controller.close)
    return managed


def _counted(
    on_error: Callable[[Exception], None], meter: EngineMeter
) -> Callable[[Exception], None]:
    def report(error: Exception) -> None:
        if not isinstance(error, ToolkitError):
            meter.failed()
        on_error(error)

    return report


def _given(workspace: Workspace, environment: Environment) -> dict[str, str]:
    """What every step finds in its environment, for programs that tell people about it."""
    logs = (workspace.state / _LOGS / environment.name).as_uri()
    own_log = f"{logs}/{{namespace}}/{{workflow}}/{{pod}}/main.log"
    return {
        "GITOPS_CLUSTER": environment.name,
        "GITOPS_LOG_LINK": environment.log_link or own_log,
        "GITOPS_CAPTURE": str(workspace.captured),
    }
