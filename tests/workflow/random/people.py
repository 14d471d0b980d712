"""People in a random world: they stop, suspend, resume, delete, retry and submit again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.errors import RefusedError
from toolkit.workflow import verbs
from toolkit.workflow.events import NodesResumed, RetryRequested, SpecChanged
from toolkit.workflow.status.observe import observe
from toolkit.workflow.status.projection import project_workflow

if TYPE_CHECKING:
    from tests.workflow.random.world import World

SHUTDOWNS = ("", "", "Stop", "Terminate")
MOST_RUNS = 5
SELECTORS = ("", "", "", "displayName=s00", "displayName=t1", "templateName=leaf0", "type=Pod")


def meddle(world: World, rng: random.Random) -> None:
    """Somebody does something to one of the runs."""
    uid = rng.choice(world.uids)
    run = world.run(uid)
    choice = rng.random()
    if choice < 0.1:
        world.set_limit("one", rng.choice([1, 2, 3]))
    elif choice < 0.2:
        world.delete(uid)
    elif choice < 0.3 and len(world.specs) < MOST_RUNS:
        resubmit(world, uid)
    elif run.is_finished:
        parameters = ("w=another",) if rng.random() < 0.3 else ()
        retry(world, uid, rng.choice(SELECTORS), parameters, suspend=rng.random() < 0.1)
    elif run.row["waiting"] and choice < 0.6:
        parameters = {id: {"o": "given"} for id in run.row["waiting"] if rng.random() < 0.5}
        world.send(
            uid, NodesResumed(tuple(run.row["waiting"]), parameters, succeeded=rng.random() < 0.7)
        )
    else:
        world.send(uid, SpecChanged(rng.random() < 0.5, rng.choice(SHUTDOWNS)))


def retry(
    world: World,
    uid: str,
    selector: str = "",
    parameters: Sequence[str] = (),
    *,
    suspend: bool = False,
) -> None:
    """As ``gitops retry`` does: an edit of the Workflow, which the engine observes. ``suspend``:
    the spec says so too.
    """
    run = world.run(uid)
    live = {"metadata": {"name": run.name}, "spec": world.specs[uid]}
    try:
        wanted, _ = verbs.retry(
            project_workflow(run, live),
            now=world.clock,
            restart_successful=bool(selector),
            node_field_selector=selector,
            parameters=parameters,
        )
    except RefusedError:
        return
    world.specs[uid] = wanted["spec"]
    wanted["spec"] = {**wanted["spec"], "suspend": suspend}
    for event in observe(run, wanted):
        if isinstance(event, RetryRequested):
            world.send(uid, event)


def resubmit(world: World, uid: str) -> None:
    """As ``gitops resubmit`` does."""
    run = world.run(uid)
    name = f"wf{len(world.specs)}"
    live = {"metadata": {"name": run.name, "namespace": "data"}, "spec": world.specs[uid]}
    workflow = verbs.resubmit(live, name=name)
    workflow["metadata"]["uid"] = f"uid-{name}"
    world.submit_later(workflow, world.libraries[uid])
