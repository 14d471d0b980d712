"""Playing workflows: corpus, scripted outcomes, transcripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.workflow.commands import CallResource, Work
from toolkit.workflow.rehearsal.simulated_pod import Ending
from toolkit.workflow.rehearsal.simulation import Outcome, Simulation
from toolkit.workflow.spec.library import Library

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "argo"

Play = Callable[..., Simulation]


@pytest.fixture
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip("the conformance data is not here")
    return CORPUS


def scripted(outcomes: Mapping[str, Any]) -> Callable[[Work], Outcome]:
    """Outcomes by template or node name; a list gives one a start, the last for all further."""
    counts: dict[str, int] = {}

    def outcome(start: Work) -> Outcome:
        is_resource = isinstance(start, CallResource)
        names = (start.pod,) if is_resource else (start.node_name, start.template)
        for name in names:
            if name in outcomes:
                given = outcomes[name]
                if isinstance(given, list):
                    count = counts[name] = counts.get(name, -1) + 1
                    given = given[min(count, len(given) - 1)]
                return _outcome(given)
        return Outcome()

    return outcome


def _outcome(given: Mapping[str, Any]) -> Outcome:
    return Outcome(
        exit_code=given.get("exit", 0),
        result=given.get("result", ""),
        outputs=dict(given.get("outputs", {})),
        duration=timedelta(seconds=given.get("seconds", 1)),
        error=given.get("error", ""),
        is_transient=given.get("transient", False),
        is_stuck=given.get("stuck", False),
        containers={
            name: Ending(ending.get("exit", 0), timedelta(seconds=ending.get("seconds", 1)))
            for name, ending in given.get("containers", {}).items()
        },
    )


@pytest.fixture
def play() -> Play:
    """``play(yaml, outcomes={...}, library=...)``: the workflow, played to its end."""

    def run(
        text: str,
        outcomes: Mapping[str, Any] | None = None,
        library: Library | None = None,
        *,
        to_end: bool = True,
    ) -> Simulation:
        body = yaml.safe_load(text)
        body.setdefault("metadata", {"name": "wf"})
        simulation = Simulation(body, library=library, outcome=scripted(outcomes or {}))
        return simulation.run_to_end(most=10_000) if to_end else simulation

    return run


@pytest.fixture
def scripted_outcomes() -> Callable[..., Any]:
    return scripted
