"""Random workflows under random faults: what must hold whatever happens. A seed replays."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.workflow.random.people import retry
from tests.workflow.random.rules import Rules, ended
from tests.workflow.random.world import Faults, World
from toolkit.workflow.events import NodesResumed, SpecChanged
from toolkit.workflow.nodes import fnv32a

SAMPLE = range(40)
SOAK = int(os.environ.get("SOAK_SEEDS", "10000"))
BLOCKS = 4
"""So many tests share the soak's seeds, for several processes."""
MOST_TURNS = 20_000
QUIET = Faults(races=False)
CRASHES = Faults(crash=0.05, lost=0.03, races=False)
ALL = Faults(
    crash=0.03, lost=0.02, cut=0.3, repeat=0.1, late=0.05, reboot=0.2, jump=0.02, meddle=0.015
)


def lived(seed: int, faults: Faults) -> World:
    """A world that came to its end; where people meddle, failed runs are retried once more."""
    world = World(seed, faults, Rules())
    world.begin()
    to_the_end(world)
    if faults.meddle:
        for uid in world.uids:
            retry(world, uid)
        to_the_end(world)
    for uid in world.uids:
        ended(world, uid)
    assert world.store.lock_requests() == ()
    return world


def to_the_end(world: World) -> None:
    """Play until all have ended; what waits for a person is released, in turn."""
    world.play(MOST_TURNS)
    for _ in range(200):
        open_runs = [uid for uid in world.uids if not world.run(uid).is_finished]
        if not open_runs:
            return
        for uid in open_runs:
            assert world.waiting(uid), f"{uid} waits for nothing"
        release(world, open_runs)
        world.play(MOST_TURNS)
    raise AssertionError("it is released again and again")


def release(world: World, open_runs: list[str]) -> None:
    """Do what somebody waits for; where all wait for each other's locks, one has to go."""
    for uid in open_runs:
        row = world.run(uid).row
        if row["suspend"]:
            world.send(uid, SpecChanged(suspend=False, shutdown=""))
        for id in row["waiting"]:
            succeeded = fnv32a(f"{world.seed}/{id}") % 5 > 0  # whoever comes first
            world.send(uid, NodesResumed((id,), {id: {"o": "given"}}, succeeded=succeeded))
    rows_ = [world.run(uid).row for uid in open_runs]
    if not any(row["suspend"] or row["waiting"] for row in rows_):
        world.send(open_runs[0], SpecChanged(suspend=False, shutdown="Terminate"))


def picture(world: World) -> dict[str, list[tuple[str, str, str]]]:
    """What became of each node."""
    return {
        uid: sorted((node.name, node.phase, node.message) for node in world.run(uid).nodes.values())
        for uid in world.uids
    }


FOUND = (105, 118, 225, 289, 343, 417, 453, 870, 1132, 3264, 3544, 4956, 5030, 6333, 7303)
"""Seeds that found a mistake once."""


@pytest.mark.parametrize("seed", [*SAMPLE, *FOUND])
def test_a_random_workflow_keeps_the_rules(seed: int) -> None:
    lived(seed, ALL)


@pytest.mark.parametrize("seed", [*SAMPLE, *FOUND])
def test_a_world_with_crashes_ends_as_one_without(seed: int) -> None:
    assert picture(lived(seed, CRASHES)) == picture(lived(seed, QUIET))


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_replays(seed: int) -> None:
    once, again = lived(seed, ALL), lived(seed, ALL)
    assert (once.log, once.crashes, picture(once)) == (again.log, again.crashes, picture(again))


@pytest.mark.soak
@pytest.mark.parametrize("block", range(BLOCKS))
def test_ten_thousand_random_workflows_keep_the_rules(
    block: int, record_property: Callable[[str, object], None]
) -> None:
    seeds = range(block, SOAK, BLOCKS)
    record_property("seeds", len(seeds))
    broken = [said for seed in seeds if (said := _broken(seed))]
    assert not broken, "\n".join(broken)


def _broken(seed: int) -> str:
    """The rule that a seed breaks; "" for none."""
    try:
        lived(seed, ALL)
        assert picture(lived(seed, CRASHES)) == picture(lived(seed, QUIET)), "it ends otherwise"
    except AssertionError as error:
        return f"seed {seed}: {error}"
    return ""
