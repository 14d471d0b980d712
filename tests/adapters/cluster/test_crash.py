"""SIGKILL in the middle of writing: what was acknowledged is there, nothing is there by half."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.store import ObjectKey

WRITER = """
import sys, threading
from pathlib import Path
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.store import ObjectKey

store = SqliteObjects(Database(Path(sys.argv[1])))
said = threading.Lock()

def pair(tx, name):
    for half in ("left", "right"):
        body = tx.put(ObjectKey("c", "/ConfigMap", half, name), {"metadata": {"name": name}})
    return body["metadata"]["resourceVersion"]

def write(writer):
    number = 0
    while True:
        name = f"{sys.argv[2]}-{writer}-{number}"
        version = store.write(lambda tx: pair(tx, name))
        with said:
            print(name, version, flush=True)
        number += 1

for writer in range(4):
    threading.Thread(target=write, args=(writer,)).start()
"""


def kill_while_writing(path: Path, round: int, lines: int) -> dict[str, int]:
    """The acknowledged writes, by name: the version told."""
    acknowledged: dict[str, int] = {}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(round)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            name, _, version = line.strip().partition(" ")
            if line.endswith("\n"):
                acknowledged[name] = int(version)
            if len(acknowledged) == lines:
                process.send_signal(signal.SIGKILL)
    return acknowledged


def check(path: Path, acknowledged: dict[str, int]) -> int:
    """Returns the newest version."""
    with Database(path) as database:
        store = SqliteObjects(database)
        with store.read() as snapshot:
            left = {o.key.name: o for o in snapshot.objects("c", "/ConfigMap", "left")}
            right = {o.key.name: o for o in snapshot.objects("c", "/ConfigMap", "right")}
            events = snapshot.events("c", "/ConfigMap", since=0, with_previous=False)
            newest = snapshot.version()
        assert left.keys() == right.keys()
        assert {name: right[name].version for name in acknowledged} == acknowledged
        assert len(events) == len(left) + len(right)
        after = store.write(
            lambda tx: tx.put(ObjectKey("c", "/Secret", "x", "y"), {"metadata": {}})
        )
        assert int(after["metadata"]["resourceVersion"]) > newest
    return newest


def crash(path: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    newest = 0
    for round in range(rounds):
        acknowledged |= kill_while_writing(path, round, chance.randint(1, 60))
        version = check(path, acknowledged)
        assert version > newest
        newest = version


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    crash(tmp_path / "state.db", rounds=4, seed=4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_kills_lose_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("seeds", "0…9")
    record_property("kills", 1000)
    for seed in range(10):
        crash(tmp_path / f"{seed}.db", rounds=100, seed=seed)
