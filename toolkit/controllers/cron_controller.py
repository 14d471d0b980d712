"""Fires the CronWorkflows of one logical cluster.

A tick's child has a name that follows from the tick, so that submitting it again after a crash
makes no second run. What a tick does is decided in :mod:`toolkit.workflow.cron.decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn, Protocol

from toolkit.clock import Clock
from toolkit.controllers.controller import Controller
from toolkit.controllers.cron_events import record
from toolkit.controllers.projecting import WORKFLOW, version_of
from toolkit.errors import AlreadyExistsError, ExpressionError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType, WatchEvent
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.cron.after import dependencies_of
from toolkit.workflow.cron.backfill import BACKFILL_LABEL
from toolkit.workflow.cron.catch_up import CatchUp
from toolkit.workflow.cron.decide import CronDecision, decide
from toolkit.workflow.cron.history import phase_of
from toolkit.workflow.cron.ticks import CRON_LABEL

_MAKERS = 8
"""Runs that are due together are created together: the store writes them in one commit."""

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


@dataclass(slots=True)
class _Cron:
    """``turn`` counts the decisions: a timer of an earlier one finds itself outdated.
    ``is_unwritten``: its run was made, and its status does not say so yet.
    """

    body: Body
    turn: int = 0
    is_unwritten: bool = False


Key = tuple[str, str]


class CronController(Controller):
    """One thread decides; two watches tell it of crons and of their children."""

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        *,
        clock: Clock,
        notice: Callable[[CronNotice], None],
        on_error: Callable[[Exception], None],
        catch_up: CatchUp = CatchUp.LATEST,
        watcher: CronWatcher | None = None,
        past: Callable[[str, str], str] = lambda _namespace, _run: "",
    ) -> None:
        """``past`` gives the phase of a run that is not there any more, "" where nobody knows."""
        super().__init__(f"crons-{name}", cluster, clock, on_error)
        self._name = name
        self._notice = notice
        self._catch_up = catch_up
        self._watcher = watcher
        self._past = past
        self._followers: dict[Key, set[Key]] = {}  # by a cron, those that run after it
        self._crons: dict[Key, _Cron] = {}
        self._children: dict[Key, dict[str, Body]] = {}
        self._has_children = False
        self._makers: ThreadPoolExecutor | None = None
        self.follow(CRON_WORKFLOW, listed=self.listed, changed=self.changed)
        self.follow(WORKFLOW, listed=self.children_listed, changed=self.child_changed)

    def start(self) -> None:
        """Begins to fire."""
        self._makers = ThreadPoolExecutor(_MAKERS, thread_name_prefix=f"fire-{self._name}")
        super().start()

    def close(self) -> None:
        """Stops firing."""
        super().close()
        if self._makers is not None:
            self._makers.shutdown(cancel_futures=True)

    # What happened, on the loop

    def listed(self, bodies: Iterable[Body]) -> None:
        """All crons: at first, and after changes were missed."""
        live = {_key(body): body for body in bodies}
        for key in self._crons.keys() - live.keys():
            del self._crons[key]
        for body in live.values():
            self._seen(body)

    def changed(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self._crons.pop(_key(event.object), None)
        else:
            self._seen(event.object)

    def children_listed(self, bodies: Iterable[Body]) -> None:
        """All workflows. Nothing fires before they are known: the tick may have run already."""
        self._children = {}
        for body in bodies:
            owner = _owner(body)
            if owner is not None:
                self._children.setdefault(owner, {})[_name(body)] = _brief(body)
        self._has_children = True
        for key in tuple(self._crons):
            self._decide(key)

    def child_changed(self, event: WatchEvent) -> None:
        owner = _owner(event.object)
        if owner is None:
            made_for = _owner(event.object, BACKFILL_LABEL)
            self._decide_followers(made_for)
            return
        known, name = self._children.setdefault(owner, {}), _name(event.object)
        before = known.pop(name, None)
        if event.type != "DELETED":
            known[name] = _brief(event.object)
        if known.get(name) != before:
            self._decide(owner)
            self._decide_followers(owner)

    def _decide_followers(self, owner: Key | None) -> None:
        for follower in sorted(self._followers.get(owner, ()) if owner else ()):
            self._decide(follower)

    def _seen(self, body: Body) -> None:
        known = self._crons.get(_key(body))
        if known is not None and version_of(body) <= version_of(known.body):
            return  # what we wrote ourselves
        key = _key(body)
        self._crons.setdefault(key, _Cron(body)).body = body
        for name in _names_after(body):
            self._followers.setdefault((key[0], name), set()).add(key)
        self._decide(key)
        self._decide_followers(key)

    # What follows

    def _decide(self, key: Key) -> None:
        cron = self._crons.get(key)
        if cron is None or not self._has_children or cron.is_unwritten:
            return
        children = self._children.setdefault(key, {})
        decision = decide(
            cron.body,
            self._clock.now(),
            tuple(children.values()),
            catch_up=self._catch_up,
            upstream=_Neighbours(key[0], self._crons, self._children, self._past),
        )
        self._terminate(key, decision.terminate)
        if decision.submit is None:
            self._conclude(key, cron, decision)
            return
        cron.is_unwritten = True  # others whose time has come are run before it is written
        workflow = decision.submit
        if self._makers is None:
            self._make(key, cron, decision, workflow)
        else:
            self._makers.submit(self._make, key, cron, decision, workflow)

    def _make(self, key: Key, cron: _Cron, decision: CronDecision, workflow: Body) -> None:
        """Creates the run, on any thread; what follows is the loop's. The child's name follows
        from the tick: one that is there already is that run.
        """
        try:
            child = self._cluster.create(workflow)
        except AlreadyExistsError:
            self.loop.soon(lambda: self._conclude(key, cron, decision))
        except Exception as error:  # the cluster failed: said, and tried again
            failure = error
            self.loop.soon(lambda: self._not_made(key, cron, failure))
        else:
            self.loop.soon(lambda: self._made(key, cron, decision, child))

    def _made(self, key: Key, cron: _Cron, decision: CronDecision, child: Body) -> None:
        self._children.setdefault(key, {})[_name(child)] = _brief(child)
        self._notice(CronNotice(self._name, *key, f"fired: {_name(child)}"))
        if self._watcher is not None:
            self._watcher.fired(*key)
        self._conclude(key, cron, decision)

    def _not_made(self, key: Key, cron: _Cron, failure: Exception) -> NoReturn:
        cron.is_unwritten = False
        cron.turn += 1
        turn = cron.turn
        self.loop.at(self._clock.now() + _AGAIN, lambda: self._due(key, turn))
        raise failure

    def _conclude(self, key: Key, cron: _Cron, decision: CronDecision) -> None:
        """What follows a decision besides its run. Where it is lost with the process, the run's
        name says that it was made.
        """
        cron.is_unwritten = False
        self._write_status(cron, decision)
        self._delete(key, decision.delete)
        self._tell(key, cron, decision)
        cron.turn += 1
        turn = cron.turn
        if decision.submit is not None:
            self._decide(key)  # it stands among the active ones now
        elif decision.next_at is not None:
            self.loop.at(decision.next_at, lambda: self._due(key, turn))

    def _due(self, key: Key, turn: int) -> None:
        cron = self._crons.get(key)
        if cron is not None and cron.turn == turn:
            self._decide(key)

    def _terminate(self, key: Key, names: Iterable[str]) -> None:
        patch = {"spec": {"shutdown": "Terminate"}}
        for name in names:
            with suppress(NotFoundError):
                self._cluster.patch(ObjectRef(WORKFLOW, key[0], name), patch, PatchType.MERGE)

    def _delete(self, key: Key, names: Iterable[str]) -> None:
        for name in names:
            with suppress(NotFoundError):
                self._cluster.delete(ObjectRef(WORKFLOW, key[0], name))

    def _write_status(self, cron: _Cron, decision: CronDecision) -> None:
        patch: Body = {}
        if decision.status is not None:
            patch["status"] = decision.status
        if decision.annotations:
            patch["metadata"] = {"annotations": dict(decision.annotations)}
        if patch:
            ref = ObjectRef(CRON_WORKFLOW, *_key(cron.body))
            with suppress(NotFoundError):  # deleted: the watch will say so
                cron.body = self._cluster.patch(ref, patch, PatchType.MERGE)

    def _tell(self, key: Key, cron: _Cron, decision: CronDecision) -> None:
        """All of it is recorded; that runs overlap where they may is no news."""
        if self._watcher is not None:
            self._watcher.concluded(*key, decision)
        for type, reason, message in decision.audit:
            record(self._cluster, cron.body, (type, reason, message), self._clock.now())
            if reason != "Overlap":
                self._notice(CronNotice(self._name, *key, message))


def _key(body: Body) -> Key:
    return str(body["metadata"]["namespace"]), _name(body)


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


class _Neighbours:
    """The crons of one namespace and their runs, for a decision about one of them."""

    def __init__(
        self,
        namespace: str,
        crons: Mapping[Key, _Cron],
        children: Mapping[Key, Mapping[str, Body]],
        past: Callable[[str, str], str],
    ) -> None:
        self._namespace = namespace
        self._crons = crons
        self._children = children
        self._past = past

    def cron(self, name: str) -> Body | None:
        found = self._crons.get((self._namespace, name))
        return None if found is None else found.body

    def phase(self, cron: str, run: str) -> str:
        child = self._children.get((self._namespace, cron), {}).get(run)
        if child is not None:
            return str(child["status"]["phase"] or "Pending")
        return self._past(self._namespace, run)


def _names_after(cron: Body) -> list[str]:
    try:
        return [dependency.cron for dependency in dependencies_of(cron)]
    except ExpressionError:
        return []  # the decision says so


def _owner(workflow: Body, label: str = CRON_LABEL) -> Key | None:
    """The cron that a workflow is a run of."""
    cron = (workflow["metadata"].get("labels") or {}).get(label)
    return (str(workflow["metadata"]["namespace"]), str(cron)) if cron else None


def _brief(workflow: Body) -> Body:
    """As much of a child as decisions look at: children are many and large."""
    metadata, status = workflow["metadata"], workflow.get("status") or {}
    return {
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid") if key in metadata},
        "status": {"phase": phase_of(workflow), "finishedAt": status.get("finishedAt")},
    }
