from __future__ import annotations

from datetime import timedelta
from typing import Any

from toolkit.workflow.measures.traces import Span, spans_of
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation

WORK = {"name": "work", "container": {"image": "any"}, "retryStrategy": {"limit": 1}}
STEPS = [[{"name": "a", "template": "work"}], [{"name": "b", "template": "work"}]]
BODY: dict[str, Any] = {
    "metadata": {"name": "wf", "namespace": "data", "uid": "u1"},
    "spec": {"entrypoint": "main", "templates": [{"name": "main", "steps": STEPS}, WORK]},
}


def played(*codes: int) -> list[Span]:
    left = list(codes)

    def end(_: Any) -> Outcome:
        return Outcome(exit_code=left.pop(0) if left else 0, duration=timedelta(seconds=5))

    simulation = Simulation(BODY, outcome=end).run_to_end(most=1_000)
    return [*spans_of(simulation.run, "staging")]


def named(spans: list[Span], name: str) -> Span:
    (found,) = (span for span in spans if span.attributes.get("node_name") == name)
    return found


def test_the_run_is_the_root_and_nodes_stand_below_their_owners() -> None:
    spans = played()
    root = spans[0]
    assert (root.name, root.parent, root.attributes["environment"]) == ("workflow", 0, "staging")
    assert root.end_ns - root.start_ns == 10 * 10**9
    main, group = named(spans, "wf"), named(spans, "wf[0]")
    retry, attempt = named(spans, "wf[0].a"), named(spans, "wf[0].a(0)")
    assert [main.parent, group.parent, retry.parent, attempt.parent] == [
        root.id,
        main.id,
        group.id,
        retry.id,
    ]
    assert {span.trace for span in spans} == {root.trace}
    assert len({span.id for span in spans}) == len(spans)


def test_what_failed_says_why() -> None:
    spans = played(0, 3, 4)
    assert spans[0].is_failed
    attempt = named(spans, "wf[1].b(1)")
    assert (attempt.is_failed, attempt.attributes["exit_code"]) == (True, 4)
    assert attempt.attributes["attempt"] == 1
    assert attempt.message
    assert not named(spans, "wf[0].a").is_failed


def test_the_same_run_is_the_same_trace() -> None:
    assert played() == played()
    assert 0 < played()[0].trace < 1 << 128
