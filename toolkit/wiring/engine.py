"""The workflow engine of this machine: executor, logs, run store and controllers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial

from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.logs import Logs
from toolkit.adapters.meter import MemoryMeter
from toolkit.adapters.process.executor import ProcessExecutor
from toolkit.adapters.process.isolation import Namespaces
from toolkit.adapters.sqlite.archive import SqliteArchive
from toolkit.adapters.sqlite.runs import SqliteRuns
from toolkit.adapters.volumes import Volumes
from toolkit.controllers.active_run import RunNotice
from toolkit.controllers.batch_controller import BatchController
from toolkit.controllers.cron_controller import CronController, CronNotice
from toolkit.controllers.event_loop import EventLoop
from toolkit.controllers.keeper import Keeper
from toolkit.controllers.measuring import EngineMeter
from toolkit.controllers.pod_controller import PodController, pod_starts
from toolkit.controllers.run_locks import SharedLocks
from toolkit.controllers.run_watcher import RunWatchers
from toolkit.controllers.workflow_controller import WorkflowController
from toolkit.errors import ExecutionError, ToolkitError
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster
from toolkit.wiring.agents import start_agents
from toolkit.wiring.clusters import Owner, ensure_capture_secret
from toolkit.wiring.keeping import sweeper
from toolkit.wiring.metrics import Queues
from toolkit.wiring.runtimes import host_of, parallel_steps, runtimes_of
from toolkit.wiring.tracing import start_tracing
from toolkit.wiring.workspace import Workspace
from toolkit.workflow.ports import ExecutorEvent

EngineNotice = RunNotice | CronNotice
_Loop = WorkflowController | PodController | BatchController | CronController | Keeper
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
    state = workspace.ensure_state().resolve()
    logs = log_store(workspace)
    runs = SqliteRuns(owner.database)
    volumes = Volumes(state / _VOLUMES)
    controllers: list[WorkflowController | PodController] = []
    cron_controllers: list[CronController | BatchController] = []
    keepers: list[Keeper] = []
    meter = MemoryMeter(owner.clock)
    queues: dict[tuple[str, str], EventLoop] = {}

    def report(event: ExecutorEvent) -> None:
        for controller in controllers:
            controller.receive(event)

    locks = SharedLocks(runs.lock_requests(), lambda: workspace.settings().semaphores)
    host = host_of(workspace, volumes, embedded)
    slots = parallel_steps()
    with ExitStack() as stack:
        executor = stack.enter_context(
            ProcessExecutor(state / _STEPS, logs, host, owner.clock, report, slots=slots)
        )
        outstanding = runs.outstanding()
        executor.sweep(outstanding.union(*(pod_starts(owner.cluster(e)) for e in embedded)))
        new_agent = stack.enter_context(
            start_agents(state, logs, host, owner.clock, workspace.settings(), outstanding)
        )
        clusters: dict[str, EmbeddedCluster] = {}
        tracers = start_tracing(stack, on_error)
        for environment in embedded:
            cluster = owner.cluster(environment, log_store=logs)
            clusters[environment.name] = cluster
            ensure_capture_secret(cluster, environment.namespace)
            engine_meter = EngineMeter(
                environment.name, meter, on_problem=lambda text: on_error(ExecutionError(text))
            )
            given = _given(workspace, environment)
            controller = WorkflowController(
                environment.name,
                cluster,
                executor=executor,
                agent=new_agent(environment.name, cluster),
                runs=runs,
                clock=owner.clock,
                locks=locks,
                given=given,
                notice=notice,
                on_error=_counted(on_error, engine_meter),
                watcher=RunWatchers([engine_meter, *tracers(environment.name)]),
            )
            queues[environment.name, "workflow_queue"] = controller.loop
            controllers.append(controller)
            stack.callback(controller.close)
            pods = PodController(
                environment.name, cluster, executor, owner.clock, given=given, on_error=on_error
            )
            controllers.append(stack.enter_context(closing(pods)))
            batch = BatchController(environment.name, cluster, owner.clock, on_error, crons=crons)
            cron_controllers.append(stack.enter_context(closing(batch)))
            keeper = _keeper(owner, workspace, environment, cluster, on_error)
            queues[environment.name, "workflow_ttl_queue"] = keeper.loop
            keepers.append(keeper)
            stack.callback(keeper.close)
            if crons:
                cron = CronController(
                    environment.name,
                    cluster,
                    clock=owner.clock,
                    notice=notice,
                    on_error=on_error,
                    catch_up=environment.catch_up,
                    watcher=engine_meter,
                    past=partial(SqliteArchive(owner.database).phase_of, environment.name),
                )
                queues[environment.name, "cron_wf_queue"] = cron.loop
                stack.callback(cron.close)
                cron_controllers.append(cron)
        loops: list[_Loop] = [*controllers, *cron_controllers, *keepers]
        for loop in loops:
            stack.callback(loop.stop)  # all of them, before the first is closed and awaited
            loop.start()
        runtimes = runtimes_of(host, embedded)
        yield Engine(logs, clusters, host.namespaces, slots, runtimes, meter, queues)


def _counted(
    on_error: Callable[[Exception], None], meter: EngineMeter
) -> Callable[[Exception], None]:
    def report(error: Exception) -> None:
        if not isinstance(error, ToolkitError):
            meter.failed()
        on_error(error)

    return report


def _keeper(
    owner: Owner,
    workspace: Workspace,
    environment: Environment,
    cluster: Cluster,
    on_error: Callable[[Exception], None],
) -> Keeper:
    return Keeper(
        environment.name,
        cluster,
        clock=owner.clock,
        on_error=on_error,
        sweep=sweeper(owner, workspace, [environment]),
    )


def _given(workspace: Workspace, environment: Environment) -> dict[str, str]:
    """What every step finds in its environment, for programs that tell people about it."""
    logs = (workspace.state / _LOGS / environment.name).as_uri()
    own_log = f"{logs}/{{namespace}}/{{workflow}}/{{pod}}/main.log"
    return {
        "GITOPS_CLUSTER": environment.name,
        "GITOPS_LOG_LINK": environment.log_link or own_log,
        "GITOPS_CAPTURE": str(workspace.captured),
    }
