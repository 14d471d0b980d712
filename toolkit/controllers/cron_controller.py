"""Fires the CronWorkflows of one logical cluster.

A tick's child has a name that follows from the tick, so that submitting it again after a crash
makes no second run. What a tick does is decided in :mod:`toolkit.workflow.cron.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Protocol

from toolkit.clock import Clock
from toolkit.controllers.cron_events import record
from toolkit.controllers.cron_runs import CronRuns, Key, Neighbours, cron_of, key_of
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.object_watch import Watches
from toolkit.controllers.runs.projecting import WORKFLOW, Canvas, version_of
from toolkit.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpressionError,
    NotFoundError,
    ToolkitError,
)
from toolkit.resource.cluster import ObjectRef, PatchType, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import dependencies_of
from toolkit.workflow.cron.backfill import BACKFILL_LABEL
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.decide import CronDecision, decide

_MOST_TOGETHER = 256
"""Decisions carried out together: their runs are one commit, and what they write another."""

_AGAIN = timedelta(seconds=1)
CRON_WORKFLOW = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")


@dataclass(frozen=True, slots=True)
class CronNotice:
    """A cron fired, or did not and why: one line for whoever watches."""

    cluster: str
    namespace: str
    name: str
    text: str


class CronWatcher(Protocol):
    """Hears of what crons do, and changes nothing."""

    def fired(self, namespace: str, cron: str) -> None:
        """A run was made."""
        ...

    def concluded(self, namespace: str, cron: str, decision: CronDecision) -> None:
        """A decision was carried out."""
        ...


class CronCluster(Canvas, Protocol):
    """A cluster that takes many objects at a time."""

    def create_all(self, bodies: Sequence[Body]) -> Sequence[Body | ToolkitError]:
        """Each as ``create`` would, all in one transaction: as stored, or why it was not."""
        ...


@dataclass(slots=True)
class _Cron:
    """``turn`` counts its decisions: a timer of an earlier one finds itself outdated."""

    body: Body
    turn: int = 0


@dataclass(frozen=True, slots=True)
class _Turn:
    """What was decided of a cron, to be carried out."""

    key: Key
    cron: _Cron
    decision: CronDecision

    @property
    def is_written(self) -> bool:
        """Whether the cron itself changes."""
        return self.decision.status is not None or bool(self.decision.annotations)


class CronController(Controller[CronCluster]):
    """One thread decides, and carries out what was decided meanwhile; two watches tell it of crons
    and of their children.
    """

    def __init__(  # noqa: PLR0913 - one argument for each port
        self,
        name: str,
        cluster: CronCluster,
        *,
        clock: Clock,
        notice: Callable[[CronNotice], None],
        on_error: Callable[[Exception], None],
        catch_up: CatchUp = CatchUp.LATEST,
        watcher: CronWatcher | None = None,
        past: Callable[[str, str], str] = lambda _namespace, _run: "",
        watches: Watches | None = None,
    ) -> None:
        """``past`` gives the phase of a run that is not there any more, "" where nobody knows."""
        super().__init__(f"crons-{name}", cluster, clock, on_error, watches)
        self._name = name
        self._notice = notice
        self._on_error = on_error
        self._catch_up = catch_up
        self._watcher = watcher
        self._past = past
        self._followers: dict[Key, set[Key]] = {}  # by a cron, those that run after it
        self._crons: dict[Key, _Cron] = {}
        self._runs = CronRuns()
        self._decided: dict[Key, _Turn] = {}
        self.follow(CRON_WORKFLOW, listed=self.listed, changed=self.changed)
        self.follow(WORKFLOW, listed=self.children_listed, changed=self.child_changed)

    # What happened, on the loop

    def listed(self, bodies: Iterable[Body]) -> None:
        """All crons: at first, and after changes were missed."""
        live = {key_of(body): body for body in bodies}
        for key in self._crons.keys() - live.keys():
            del self._crons[key]
        for body in live.values():
            self._seen(body)

    def changed(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self._crons.pop(key_of(event.object), None)
        else:
            self._seen(event.object)

    def children_listed(self, bodies: Iterable[Body]) -> None:
        """All workflows. Nothing fires before they are known: the tick may have run already."""
        self._runs.listed(bodies)
        for key in tuple(self._crons):
            self._decide(key)

    def child_changed(self, event: WatchEvent) -> None:
        cron = cron_of(event.object)
        if cron is None:
            self._decide_followers(cron_of(event.object, BACKFILL_LABEL))
        elif self._runs.changed(event):
            self._decide(cron)
            self._decide_followers(cron)

    def _decide_followers(self, cron: Key | None) -> None:
        for follower in sorted(self._followers.get(cron, ()) if cron else ()):
            self._decide(follower)

    def _seen(self, body: Body) -> None:
        key = key_of(body)
        known = self._crons.get(key)
        if known is not None and version_of(body) <= version_of(known.body):
            return  # what we wrote ourselves
        self._crons.setdefault(key, _Cron(body)).body = body
        for name in _names_after(body):
            self._followers.setdefault((key[0], name), set()).add(key)
        self._decide(key)
        self._decide_followers(key)

    def _due(self, key: Key, turn: int) -> None:
        cron = self._crons.get(key)
        if cron is not None and cron.turn == turn:
            self._decide(key)

    # What follows

    def _decide(self, key: Key) -> None:
        """In the place of what was decided of the cron, and not carried out yet."""
        cron = self._crons.get(key)
        if cron is None or not self._runs.is_known:
            return
        try:
            decision = decide(
                cron.body,
                self._clock.now(),
                self._runs.of(key),
                catch_up=self._catch_up,
                upstream=Neighbours(key[0], self._body_of, self._runs, self._past),
            )
        except Exception as error:  # its status may be anybody's: the other crons go on
            self._on_error(error)
            return
        if not self._decided:
            self.loop.soon(self._carry_out)
        self._decided[key] = _Turn(key, cron, decision)

    def _body_of(self, key: Key) -> Body | None:
        found = self._crons.get(key)
        return None if found is None else found.body

    def _carry_out(self) -> None:
        """What was decided of many crons goes to the store together: those of one minute would
        each wait for the flushes of all before.
        """
        keys = [*islice(self._decided, _MOST_TOGETHER)]
        turns = [self._decided.pop(key) for key in keys]
        if self._decided:
            self.loop.soon(self._carry_out)
        turns = [turn for turn in turns if self._crons.get(turn.key) is turn.cron]
        try:
            turns = self._made(turns)
            self._write([turn for turn in turns if turn.is_written])
        except Exception:  # the cluster failed: said, and tried again
            for turn in turns:
                self._again(turn)
            raise
        for turn in turns:
            self._conclude(turn)

    def _made(self, turns: Sequence[_Turn]) -> list[_Turn]:
        """Creates the runs; returns the turns that go on. A run's name follows from its tick: one
        that is there already is that run.
        """
        going = {turn.key: turn for turn in turns if self._has_ended(turn, turn.decision.terminate)}
        firing = [(turn, turn.decision.submit) for turn in going.values() if turn.decision.submit]
        made = self._cluster.create_all([workflow for _, workflow in firing]) if firing else ()
        for (turn, _), found in zip(firing, made, strict=True):
            if not isinstance(found, ToolkitError):
                self._fired(turn.key, found)
            elif not isinstance(found, AlreadyExistsError):
                del going[turn.key]
                self._again(turn)
                self._on_error(found)
        return [*going.values()]

    def _has_ended(self, turn: _Turn, names: Iterable[str]) -> bool:
        """Whether the runs that are to be replaced are being terminated."""
        patch = {"spec": {"shutdown": "Terminate"}}
        try:
            for name in names:
                ref = ObjectRef(WORKFLOW, turn.key[0], name)
                with suppress(NotFoundError):
                    self._cluster.patch(ref, patch, PatchType.MERGE)
        except ToolkitError as error:
            self._again(turn)
            self._on_error(error)
            return False
        return True

    def _fired(self, key: Key, run: Body) -> None:
        self._runs.put(run)
        self._notice(CronNotice(self._name, *key, f"fired: {key_of(run)[1]}"))
        if self._watcher is not None:
            self._watcher.fired(*key)

    def _write(self, turns: Sequence[_Turn]) -> None:
        """Where this is lost with the process, the run's name says that it was made."""
        if not turns:
            return
        try:
            drawn = self._cluster.draw([_written(turn) for turn in turns])
        except (ConflictError, NotFoundError):
            if len(turns) > 1:
                for turn in turns:
                    self._write([turn])
            return  # changed or deleted meanwhile: the watch will say so
        for turn, body in zip(turns, drawn, strict=True):
            turn.cron.body = body

    def _conclude(self, turn: _Turn) -> None:
        key, decision = turn.key, turn.decision
        turn.cron.turn += 1
        number = turn.cron.turn
        if decision.submit is not None:
            self._decide(key)  # it stands among the active ones now
            self._decide_followers(key)
        elif decision.next_at is not None:
            self.loop.at(decision.next_at, lambda: self._due(key, number))
        try:
            self._delete(key, decision.delete)
            self._tell(turn)
        except Exception as error:  # the others' turns go on
            self._on_error(error)

    def _again(self, turn: _Turn) -> None:
        turn.cron.turn += 1
        key, number = turn.key, turn.cron.turn
        self.loop.at(self._clock.now() + _AGAIN, lambda: self._due(key, number))

    def _delete(self, key: Key, names: Iterable[str]) -> None:
        for name in names:
            with suppress(NotFoundError):
                self._cluster.delete(ObjectRef(WORKFLOW, key[0], name))

    def _tell(self, turn: _Turn) -> None:
        """All of it is recorded; that runs overlap where they may is no news."""
        if self._watcher is not None:
            self._watcher.concluded(*turn.key, turn.decision)
        for type, reason, message in turn.decision.audit:
            record(self._cluster, turn.cron.body, (type, reason, message), self._clock.now())
            if reason != "Overlap":
                self._notice(CronNotice(self._name, *turn.key, message))


def _written(turn: _Turn) -> Body:
    """The cron with what the decision changes of it."""
    body, decision = turn.cron.body, turn.decision
    metadata = body["metadata"]
    if decision.annotations:
        noted = {**(metadata.get("annotations") or {}), **decision.annotations}
        body = {**body, "metadata": {**metadata, "annotations": noted}}
    if decision.status is not None:
        body = {**body, "status": {k: v for k, v in decision.status.items() if v is not None}}
    return body


def _names_after(cron: Body) -> list[str]:
    try:
        return [dependency.cron for dependency in dependencies_of(cron)]
    except ExpressionError:
        return []  # the decision says so
