"""The stores in lockstep, under any sequence of writes: SQLite answers as memory does."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.adapters.sqlite.database import Database
from toolkit.adapters.sqlite.objects import SqliteObjects
from toolkit.apiserver.store import ObjectKey, Snapshot, Transaction

keys = st.builds(
    ObjectKey,
    st.sampled_from(["one", "two"]),
    st.sampled_from(["/ConfigMap", "/Secret"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["x", "y"]),
)
labels = st.dictionaries(st.sampled_from(["l", "m"]), st.sampled_from(["1", "2"]), max_size=2)
owners = st.lists(st.sampled_from(["u1", "u2"]), max_size=2)


def body(key: ObjectKey, labels: dict[str, str], owners: list[str], value: int) -> dict[str, Any]:
    references = [{"uid": owner} for owner in owners]
    metadata = {"name": key.name, "labels": labels, "ownerReferences": references}
    return {"metadata": metadata, "data": {"value": str(value)}}


class StoresAgree(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        database = self.stack.enter_context(Database(Path(folder) / "state.db"))
        self.stores = (MemoryObjects(), SqliteObjects(database))
        self.versions = [0]

    def teardown(self) -> None:
        self.stack.close()

    def both(self, work: Any) -> Any:
        left, right = (store.write(work) for store in self.stores)
        assert left == right
        return left

    @rule(key=keys, labels=labels, owners=owners, value=st.integers(0, 3))
    def put(self, key: ObjectKey, labels: dict[str, str], owners: list[str], value: int) -> None:
        self.both(lambda tx: tx.put(key, body(key, labels, owners, value)))

    @rule(key=keys, labels=labels, value=st.integers(0, 3), is_parsed=st.booleans())
    def replace(self, key: ObjectKey, labels: dict[str, str], value: int, is_parsed: bool) -> None:
        """What is there is looked at first."""

        def work(tx: Transaction) -> Any:
            found = tx.get(key) if is_parsed else tx.stored(key)
            return found, tx.put(key, body(key, labels, ["u1"], value))

        self.both(work)

    @rule(key=keys)
    def remove(self, key: ObjectKey) -> None:
        self.both(lambda tx: tx.remove(key) if tx.get(key) else None)

    @rule(key=keys)
    def fail(self, key: ObjectKey) -> None:
        """What a failing write did is not there."""

        def work(tx: Transaction) -> None:
            tx.put(key, body(key, {}, [], 9))
            raise ZeroDivisionError

        for store in self.stores:
            try:
                store.write(work)
            except ZeroDivisionError:
                continue
            raise AssertionError("the failure was swallowed")

    @precondition(lambda self: len(self.versions) > 3)
    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        version = data.draw(st.sampled_from(self.versions))
        self.both(lambda tx: tx.compact(version))

    @invariant()
    def they_answer_alike(self) -> None:
        left, right = (answers(store) for store in self.stores)
        assert left == right
        self.versions.append(left["version"])


def answers(store: Any) -> dict[str, Any]:
    with store.read() as snapshot:
        return {"version": snapshot.version(), **contents(snapshot)}


def contents(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = {"compacted": snapshot.compacted()}
    for kind in ("/ConfigMap", "/Secret"):
        found[kind] = (
            snapshot.objects("one", kind),
            snapshot.objects("one", kind, "a", after=("a", "x")),
            snapshot.objects("one", kind, limit=2),
            snapshot.count("one", kind, after=("a", "x")),
            snapshot.last_change("one", kind),
            snapshot.stamp("one", kind),
            snapshot.objects("two", kind, labels={"l": "1"}),
            snapshot.events("one", kind, since=snapshot.compacted(), with_previous=True),
            [
                (
                    snapshot.objects_at("one", kind, "", version=version),
                    snapshot.objects_at(
                        "one", kind, "", version=version, after=("a", "x"), limit=1
                    ),
                )
                for version in range(snapshot.compacted(), snapshot.version() + 1)
            ],
        )
    found["owned"] = snapshot.dependents("one", "u1")
    found["inside"] = snapshot.in_namespace("two", "b")
    return found


StoresAgree.TestCase.settings = settings(
    max_examples=20, stateful_step_count=40, deadline=None, derandomize=True
)
test_the_stores_agree = StoresAgree.TestCase
