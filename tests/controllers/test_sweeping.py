from __future__ import annotations

from datetime import timedelta

import pytest

from tests.controllers.bench import Bench, container
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.sweeping import ArchiveShelf, RunShelf, Shelves
from toolkit.workflow.retention.retention import Limits

ONE = {"entrypoint": "main", "templates": [{"name": "main", "container": container()}]}
DAY_S = 86_400.0


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Bench:
    return Bench(cluster, clock)


def shelves(bench: Bench, runs: Limits, archive: Limits) -> Shelves:
    run_shelf = RunShelf("staging", bench.cluster, bench.runs, bench.runs, bench.clock)
    archived = ArchiveShelf("staging", bench.runs)
    return Shelves("staging", {"runs": (run_shelf, runs), "archive": (archived, archive)})


def names(bench: Bench) -> list[str]:
    from toolkit.controllers.runs.projecting import WORKFLOW

    return [body["metadata"]["name"] for body in bench.cluster.list(WORKFLOW).items]


def archived(bench: Bench) -> list[str]:
    found = bench.runs.archived("staging")
    return [run.workflow["metadata"]["name"] for run in found if run.gone_at]


def test_a_workflow_over_its_limits_goes_to_the_archive(bench: Bench) -> None:
    bench.submit("old", **ONE)
    bench.advance(DAY_S)
    bench.submit("new", **ONE)
    kept = shelves(bench, Limits(max_age=timedelta(hours=12)), Limits())
    (runs, archive) = kept.sweep(bench.clock.now())
    bench.settle()
    assert [removal.item.name for removal in runs.removals] == ["data/old"]
    assert archive.removals == ()
    assert (names(bench), archived(bench)) == (["new"], ["old"])
    assert len(bench.pods()) == 1


def test_an_unfinished_workflow_stays_however_old(bench: Bench) -> None:
    bench.script = lambda _: None
    bench.submit("long", **ONE)
    bench.advance(DAY_S)
    shelves(bench, Limits(max_count=0), Limits()).sweep(bench.clock.now())
    assert names(bench) == ["long"]


def test_the_archive_has_limits_of_its_own(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.submit(name, **ONE)
        bench.advance(60)
    shelves(bench, Limits(max_count=0), Limits(max_count=1)).sweep(bench.clock.now())
    bench.settle()
    assert (names(bench), archived(bench)) == ([], ["c"])
    assert len(bench.runs.archived("staging")) == 1


def test_a_dry_sweep_says_what_would_go_and_leaves_it(bench: Bench) -> None:
    bench.submit("old", **ONE)
    kept = shelves(bench, Limits(max_count=0), Limits())
    (runs, _) = kept.sweep(bench.clock.now(), dry_run=True)
    assert [removal.reason for removal in runs.removals] == ["more than 0"]
    assert names(bench) == ["old"]


def test_sweeping_while_no_engine_runs_leaves_nothing_for_it_to_do(bench: Bench) -> None:
    bench.submit("old", **ONE)
    shelves(bench, Limits(max_count=0), Limits()).sweep(bench.clock.now())
    bench.boot()
    bench.settle()
    assert archived(bench) == ["old"]
