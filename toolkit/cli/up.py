"""``gitops up``: cluster, reconciler, engine and crons in one process."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from toolkit.cli.output import is_coloured

if TYPE_CHECKING:
    from toolkit.controllers.delivery.reconciler import SyncReport
    from toolkit.repository.settings import Environment, Settings
    from toolkit.wiring.station import Station, StationNotice

_COLOURS = {"Succeeded": "32", "Failed": "31", "Error": "31"}


@click.command()
@click.argument("names", nargs=-1, metavar="[ENV...]")
def up(names: tuple[str, ...]) -> None:
    """Run everything until interrupted: the embedded clusters with their Kubernetes API, the
    reconciler that follows the deploy branches, the workflow engine, the crons.

    Without names, the environments marked `autostart` in gitops.yaml. Steps that run when it is
    stopped go on; the next `gitops up` takes them up.

    \b
    Example:
      gitops up
      gitops up staging production
      kubectl --kubeconfig .gitops/kubeconfig get workflows
    """
    from toolkit.wiring.station import open_station
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environments = _chosen(workspace.settings(), names)
    printer = _Printer()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_station(workspace, environments, printer.print) as station:
        printer.introduce(station, environments)
        stop.wait()
        printer.line("", "stopping; steps that run go on, the next `gitops up` takes them up")


def _chosen(settings: Settings, names: Sequence[str]) -> tuple[Environment, ...]:
    from toolkit.errors import UsageError

    if names:
        return tuple(settings.environment(name) for name in dict.fromkeys(names))
    chosen = tuple(e for e in settings.environments.values() if e.autostart)
    if not chosen:
        raise UsageError(
            "no environment in gitops.yaml is marked autostart",
            hints=["name one: gitops up " + next(iter(settings.environments), "ENV")],
        )
    return chosen


class _Printer:
    """One line an event, whole, whichever thread it comes from. Those that come while everything
    starts wait until it was said what is served.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: list[StationNotice] | None = []
        self._coloured = is_coloured(sys.stdout)

    def introduce(self, station: Station, environments: Sequence[Environment]) -> None:
        self._present(station, environments)
        with self._lock:
            early, self._early = self._early or [], None
        for notice in early:
            self._tell(notice)

    def print(self, notice: StationNotice) -> None:
        with self._lock:
            if self._early is not None:
                self._early.append(notice)
                return
        self._tell(notice)

    def _present(self, station: Station, environments: Sequence[Environment]) -> None:
        engine = station.engine
        self.line("", f"serving {station.serving.url} (kubectl --kubeconfig .gitops/kubeconfig)")
        for runtime in dict.fromkeys(engine.runtimes.values()):
            of = [name for name, each in engine.runtimes.items() if each == runtime]
            self.line(
                "" if len(of) == len(engine.runtimes) else of[0],
                f"steps run as {runtime}, at most {engine.slots} at once",
            )
        for environment in environments:
            where = environment.destination.context or "embedded cluster"
            follows = f"follows {environment.deploy.branch} of {environment.deploy.repository}"
            what = follows if environment.sync.automated else "synced by `gitops sync` only"
            text = f"{where}, namespace {environment.namespace}, {what}"
            self.line(environment.name, text)

    def _tell(self, notice: StationNotice) -> None:
        from toolkit.controllers.cron_controller import CronNotice
        from toolkit.controllers.runs.active_run import RunNotice
        from toolkit.wiring.station import SyncNotice

        match notice:
            case RunNotice():
                message = " ".join(notice.message.split())
                phase = self._paint(notice.phase, _COLOURS.get(notice.phase))
                text = f"{notice.name} {phase}{f': {message}' if message else ''}"
                self.line(notice.cluster, text)
            case CronNotice():
                self.line(notice.cluster, f"{notice.name} {notice.text}")
            case SyncNotice():
                self.line(notice.environment, self._synced(notice.outcome))
            case _:
                self.line("", self._failure(notice.error))

    def line(self, environment: str, text: str) -> None:
        stamp = datetime.now().astimezone().strftime("%H:%M:%S")
        with self._lock:
            print(f"{stamp}  {environment:<10}  {text}", flush=True)

    def _synced(self, outcome: SyncReport | Exception) -> str:
        from toolkit.report.plan import summary

        if isinstance(outcome, Exception):
            return self._failure(outcome)
        return f"synced {outcome.plan.commit[:12]}: {summary(outcome.plan)}"

    def _failure(self, error: Exception) -> str:
        """One line for what went wrong on purpose; a bug in us with its trace."""
        from toolkit.errors import ToolkitError

        if isinstance(error, ToolkitError):
            hints = "".join(f" (hint: {hint})" for hint in error.hints)
            return self._paint(f"{error}{hints}", "31")
        import traceback

        return self._paint("a bug in gitops: ", "31") + "".join(traceback.format_exception(error))

    def _paint(self, text: str, colour: str | None) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if colour and self._coloured else text
