"""Whether awaited containers run is asked of the engine, for all at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from toolkit.adapters.containers.engine import ContainerEngine, Stage
from toolkit.adapters.process.starts import StartWatch

LONG_S = 10
CLIENT = """\
#!/bin/sh
echo asked >>{folder}/asked
cat {folder}/running
"""


class Watching:
    """A watch over an engine that says what stands in a file."""

    def __init__(self, folder: Path) -> None:
        client = folder / "client"
        client.write_text(CLIENT.format(folder=folder))
        client.chmod(0o755)
        self._folder = folder
        self.engine = ContainerEngine("podman", str(client), "me", {"PATH": "/usr/bin:/bin"})
        self.heard: SimpleQueue[tuple[str, Stage]] = SimpleQueue()
        self.watch = StartWatch(lambda action: action())

    def run(self, *names: str, made: tuple[str, ...] = ()) -> None:
        created = "".join(f"{name} Created\n" for name in made)
        (self._folder / "new").write_text(
            created + "".join(f"{name} Up 2 seconds\n" for name in names)
        )
        (self._folder / "new").replace(self._folder / "running")

    def begin(self, name: str) -> None:
        self.watch.begin(Path(name), self.engine, name, lambda stage: self.heard.put((name, stage)))

    def until(self, wanted: tuple[str, Stage]) -> None:
        while self.heard.get(timeout=LONG_S) != wanted:
            pass

    def questions(self) -> int:
        return len((self._folder / "asked").read_text().split())


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    made = Watching(tmp_path)
    yield made
    made.watch.close()


def test_each_hears_how_far_it_is_until_it_runs(watching: Watching) -> None:
    watching.run("one")
    watching.begin("one")
    watching.begin("two")
    watching.until(("two", Stage.ABSENT))
    watching.until(("one", Stage.RUNS))
    watching.run("one", made=("two",))
    watching.until(("two", Stage.MADE))
    watching.run("one", "two")
    watching.until(("two", Stage.RUNS))
    assert watching.heard.empty()


def test_nobody_is_asked_while_none_is_awaited(watching: Watching) -> None:
    watching.run("one")
    watching.begin("one")
    watching.until(("one", Stage.RUNS))
    asked = watching.questions()
    time.sleep(0.5)
    assert watching.questions() == asked


def test_one_that_has_ended_hears_nothing(watching: Watching) -> None:
    watching.run()
    watching.begin("one")
    watching.until(("one", Stage.ABSENT))
    watching.watch.end(Path("one"))
    watching.run("one")
    with pytest.raises(Empty):
        watching.heard.get(timeout=0.5)


def test_an_engine_that_does_not_answer_is_asked_again(watching: Watching) -> None:
    watching.begin("one")
    with pytest.raises(Empty):
        watching.heard.get(timeout=0.5)
    watching.run("one")
    watching.until(("one", Stage.RUNS))


def test_in_a_hurry_it_is_asked_at_once(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.adapters.process.starts.LEAST_S", 60.0)
    monkeypatch.setattr("toolkit.adapters.process.starts.MOST_S", 60.0)
    watching.run()
    watching.begin("one")
    watching.watch.hurry()
    watching.until(("one", Stage.ABSENT))
