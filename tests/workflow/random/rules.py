"""What must hold in a random world, at each step, each commit and at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.workflow.random.leaves import LIMITS
from tests.workflow.random.order import check_order, check_permission
from tests.workflow.random.pods import check_containers
from tests.workflow.random.world import World, unfinished
from toolkit.resource.copying import copy_json
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import Event, RetryRequested
from toolkit.workflow.locks.locks import Lock
from toolkit.workflow.machine import step
from toolkit.workflow.nodes import ERROR, FINISHED, POD, Node
from toolkit.workflow.ports import Change
from toolkit.workflow.run import Run, Transition, load, rows
from toolkit.workflow.status.projection import project_workflow
from toolkit.workflow.step.broken_off import HOOK_ERROR
from toolkit.workflow.step.synchronization import WAITS
from toolkit.workflow.templates.hooks import exit_hook

_NODE_ORDER = {"Pending": 0, "Running": 1}
_STAGES = ("main", "exit", "done")
_MOST = {"one": 3, "two": LIMITS["two"], "three": 2}
"""The limits of semaphores, as high as people set them."""


class Rules:
    """Looks at all steps and commits of a world."""

    def __init__(self) -> None:
        self._started: dict[str, set[tuple[str, int]]] = {}

    def decided(
        self, world: World, uid: str, event: Event | None, changes: Transition, before: Run | None
    ) -> None:
        """One step of a run."""
        run = world.run(uid)
        if before is not None and not isinstance(event, RetryRequested):
            _forward(run, changes, before)
        for id, row in changes.nodes:
            if not id.startswith("@"):
                assert row["engine"].get("open", 0) >= 0, f"{id} counts below nothing"
                assert row["engine"].get("active", 0) >= 0
        counts(run)
        check_containers(run)
        check_order(run, changes, before, world.clock)
        check_permission(run, changes, world.clock)
        if before is not None and event is not None and world.rng.random() < 0.1:
            same_from_rows(before, event, changes, world)
        if uid in world.log:
            late = world.rng.choice(world.log[uid])
            assert step(run, late, world.clock).is_empty, f"a late event counts: {late}"

    def committed(self, world: World, changes: Sequence[Change]) -> None:
        """Rows, requests and the desk's grants agree."""
        for change in changes:
            self._starts(change.uid, world.run(change.uid), change.transition)
        locks(world)

    def _starts(self, uid: str, run: Run, changes: Transition) -> None:
        """A node starts its pod once; only a retry of the run makes another node of it."""
        started = self._started.setdefault(uid, set())
        for command in changes.commands:
            if isinstance(command, StartContainer) and command.node_id in run.nodes:
                node = (command.node_id, int(run.nodes[command.node_id].engine["seq"]))
                assert node not in started, f"{command.node_name} starts again"
                started.add(node)


def _forward(run: Run, changes: Transition, before: Run) -> None:
    """Phases move forward, of nodes and of the run."""
    for id, _ in changes.nodes:
        old, new = before.nodes.get(id), run.nodes.get(id)
        if old is None or new is None:
            continue
        moves_on = _NODE_ORDER.get(new.phase, 2) >= _NODE_ORDER.get(old.phase, 2)
        if old.phase in FINISHED:
            # as in Argo, a main node that went well may yet say what is wrong with the run's hook
            moves_on = old.phase == new.phase or (new.phase == ERROR and HOOK_ERROR in new.engine)
        assert moves_on, f"{new.name} was {old.phase}, goes back to {new.phase}"
    assert not changes.removed or all(id.startswith("@") for id in changes.removed)
    old_stage, new_stage = before.row["stage"], run.row["stage"]
    assert _STAGES.index(new_stage) >= _STAGES.index(old_stage), f"{new_stage} after {old_stage}"
    assert not before.is_finished or before.phase == run.phase


def counts(run: Run) -> None:
    """The row's count of active pods is that of the nodes, and within the limit; so are those of
    templates.
    """
    pods = [node for node in run.nodes.values() if node.type == POD and not node.is_finished]
    active = [node for node in pods if not node.engine.get("free")]
    assert run.row["active"] == len(active)
    hooks = [node for node in active if (node.status.get("nodeFlag") or {}).get("hooked")]
    limit = run.row.get("parallelism")
    assert limit is None or len(active) - len(hooks) <= limit
    for node in run.nodes.values():
        if node.engine.get("limit") is not None and not node.has_ended:
            within = [one for one in run.nodes.values() if one.engine.get("slot") == node.id]
            busy = [one for one in within if not one.engine.get("free")]
            assert node.engine["active"] == len(busy), f"{node.name} miscounts"
            limited = [one for one in busy if not one.engine.get("locks")]  # looked at before them
            is_retried = run.row.get("retried")  # what goes on then is not held back, as in Argo
            assert is_retried or len(limited) <= node.engine["limit"], f"{node.name} goes over it"


def locks(world: World) -> None:
    """No lock is held by more than its limit allows; rows and requests agree."""
    held = [request for _, request in world.store.lock_requests() if request.is_held]
    used = Counter(lock for request in held for lock in request.locks)
    for lock, count in used.items():
        limit = 1 if lock.is_mutex else _MOST[lock.key or lock.name]
        assert count <= limit, f"{lock.text} is held by {count}"
    by_rows = {
        (uid, node.id, lock.text)
        for uid in world.uids
        for node in world.run(uid).nodes.values()
        if _holds(node)
        for lock in (Lock(*parts) for parts in node.engine["locks"])
    }
    by_requests = {
        (one.run, one.node_id, lock.text) for one in held if one.node_id for lock in one.locks
    }
    assert by_rows == by_requests


def _holds(node: Node) -> bool:
    engine = node.engine
    return bool(engine.get("locks") and engine.get("request") and not engine.get(WAITS))


def same_from_rows(before: Run, event: Event, changes: Transition, world: World) -> None:
    """A reload between two events changes nothing, and a step changes nothing but by its rows."""
    kept = copy_json([before.row, dict(rows(before))])
    assert step(load(before.row, rows(before).items()), event, world.clock) == changes
    assert [before.row, rows(before)] == kept, "step mutated the run"


# The end


def ended(world: World, uid: str) -> None:
    """A run that has ended, looked at as a whole."""
    run = world.run(uid)
    assert run.phase in {"Succeeded", "Failed", "Error"}
    assert not unfinished(run), f"ended with {[node.name for node in unfinished(run)]} unfinished"
    for field in ("waiting", "starved", "deferred", "active"):
        assert not run.row[field], f"ended with {field}: {run.row[field]}"
    assert not world.under_way(uid), f"ended while it waits for {world.under_way(uid)}"
    exit_handlers(run)
    graph(run)


def exit_handlers(run: Run) -> None:
    """Each exit handler ran: the workflow's, and that of each step that completed; but none where
    it was terminated.
    """
    spec = run.definition.spec
    if run.row["shutdown"] == "Terminate" or run.name not in run.nodes:
        return
    names = {node.name for node in run.nodes.values()}
    if run.nodes[run.name].is_faulty:
        return  # what is wrong with the entrypoint itself ends the workflow at once
    assert not spec.get("onExit") or f"{run.name}.onExit" in names, "the exit handler did not run"
    for node in run.nodes.values():
        is_step = node.engine.get("prefix") and not node.is_hook and "attempt" not in node.engine
        if is_step and exit_hook(node.engine["holder"], {}) and _completed(node):
            assert f"{node.name}.onExit" in names, f"the exit handler of {node.name} did not run"


def _completed(node: Node) -> bool:
    """It was begun and came to an end; what could not be begun has no exit handler."""
    is_stillborn = node.engine["finished"] == node.engine["started"] and "start" not in node.engine
    return node.phase in {"Succeeded", "Failed", "Error"} and not is_stillborn


def graph(run: Run) -> None:
    """The status as people see it hangs together."""
    body = project_workflow(run, {"metadata": {"name": run.name}, "spec": {}})
    nodes: dict[str, Any] = body["status"]["nodes"]
    children = {id: node.get("children", []) for id, node in nodes.items()}
    hung = {child for each in children.values() for child in each}
    assert hung <= nodes.keys(), "a child is no node"
    loose = [
        node["name"]
        for id, node in nodes.items()
        if id not in hung and id != run.name and not run.nodes[id].engine.get("invalid")
    ]
    assert all(name == f"{run.name}.onExit" for name in loose), f"nobody's children: {loose}"
    for node in nodes.values():
        assert set(node.get("outboundNodes", [])) <= nodes.keys()
        assert node.get("boundaryID", run.name) in nodes
        assert node["phase"] not in FINISHED or node["finishedAt"]
