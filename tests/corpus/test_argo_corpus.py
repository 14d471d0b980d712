"""Argo's own examples that must end Succeeded, run to their end by the real engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.argo_promises import NEEDS, PROMISES
from tests.corpus.argo_station import ENDS, Ended, open_station

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "argo"
TEMPLATES = ("workflow-template/templates", "cluster-workflow-template/clustertemplates")

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the conformance corpus is not here"),
    pytest.mark.xdist_group("argo-corpus"),  # one engine runs them all
]


def example(key: str) -> Path:
    return CORPUS / "examples" / f"{key}.yaml"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    with open_station(tmp_path_factory.mktemp("argo")) as station:
        for key in TEMPLATES:
            station.put(example(key).read_bytes(), key)
        yield station.run((key, example(key)) for key in (*PROMISES, *NEEDS))


def test_every_example_that_must_succeed_is_looked_at() -> None:
    cases = json.loads((CORPUS / "must_succeed.json").read_text())["must_succeed"]
    listed = {case["path"].removeprefix("examples/").removesuffix(".yaml") for case in cases}
    assert listed == PROMISES.keys() | NEEDS.keys()


@pytest.mark.parametrize("key", PROMISES)
def test_an_example_succeeds_with_what_its_text_promises(key: str, ran: dict[str, Ended]) -> None:
    ended = ran[key]
    assert ended.phase == "Succeeded", ended.why()
    found = {what: ended.shown(what) for what in PROMISES[key]}
    wrong = {
        what: text for what, text in found.items() if not re.fullmatch(PROMISES[key][what], text)
    }
    assert wrong == {}


@pytest.mark.parametrize("key", NEEDS)
def test_the_others_succeed_or_end_with_a_reason(key: str, ran: dict[str, Ended]) -> None:
    ended = ran[key]
    assert ended.phase in ENDS
    assert ended.phase == "Succeeded" or ended.status["message"]
