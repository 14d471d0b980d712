from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from tests.controllers.conftest import NAMESPACE, config_map
from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.loops import object_watch
from toolkit.controllers.loops.controller import Controller
from toolkit.controllers.loops.event_loop import EventLoop
from toolkit.controllers.loops.object_watch import ObjectWatch, Watches
from toolkit.errors import GoneError, UnreachableError
from toolkit.resource.cluster import ObjectRef, WatchEvent
from toolkit.resource.identity import GroupVersionKind

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
LONG_S = 30


class Seen:
    def __init__(self, cluster: Any) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        self._errors: list[Exception] = []
        self._loop = EventLoop("watch", SystemClock(), self._errors.append)
        self._watch = ObjectWatch(cluster, CONFIG_MAP)
        self._watch.follow(
            self._loop,
            listed=lambda bodies: self.queue.put(["listed", *map(name_of, bodies)]),
            changed=lambda event: self.queue.put([event.type, name_of(event.object)]),
        )
        self._loop.start()
        self._watch.start()

    def next(self) -> Any:
        return self.queue.get(timeout=LONG_S)

    def close(self) -> None:
        self._watch.close()
        self._loop.close()
        assert not self._errors


def name_of(body: dict[str, Any]) -> str:
    return str(body["metadata"]["name"])


class Flaky:
    """A cluster whose first watch fails in a given way."""

    def __init__(self, cluster: EmbeddedCluster, error: Exception) -> None:
        self._cluster = cluster
        self._error: Exception | None = error

    def list(self, *arguments: Any) -> Any:
        return self._cluster.list(*arguments)

    def watch(self, *arguments: Any, **options: Any) -> Iterator[WatchEvent]:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._cluster.watch(*arguments, **options)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_watch, "_WATCH_S", 0.05)
    monkeypatch.setattr(object_watch, "_RETRY_S", 0.01)


def test_a_list_then_every_change(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("a"))
    seen = Seen(cluster)
    assert seen.next() == ["listed", "a"]
    cluster.create(config_map("b"))
    assert seen.next() == ["ADDED", "b"]
    cluster.update(config_map("b", x="1"))
    assert seen.next() == ["MODIFIED", "b"]
    cluster.delete(ObjectRef(CONFIG_MAP, NAMESPACE, "a"))
    assert seen.next() == ["DELETED", "a"]
    seen.close()


@pytest.mark.parametrize("error", [GoneError("compacted"), UnreachableError("down")])
def test_what_may_have_been_missed_is_listed_again(
    cluster: EmbeddedCluster, error: Exception
) -> None:
    cluster.create(config_map("a"))
    seen = Seen(Flaky(cluster, error))
    assert seen.next() == ["listed", "a"]
    assert seen.next() == ["listed", "a"]
    cluster.create(config_map("b"))
    assert seen.next() == ["ADDED", "b"]
    seen.close()


class Counted:
    """A cluster that counts the watches begun on it."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        self._cluster = cluster
        self.lists = 0

    def list(self, *arguments: Any) -> Any:
        self.lists += 1
        return self._cluster.list(*arguments)

    def watch(self, *arguments: Any, **options: Any) -> Iterator[WatchEvent]:
        return self._cluster.watch(*arguments, **options)


def test_controllers_that_share_watches_are_told_of_one_read(cluster: EmbeddedCluster) -> None:
    counted, told = Counted(cluster), SimpleQueue[Any]()
    errors: list[Exception] = []
    shared = Watches(counted)  # type: ignore[arg-type]
    cluster.create(config_map("a"))
    sharers = [
        Controller(name, cluster, SystemClock(), errors.append, shared) for name in ("one", "two")
    ]
    for each in sharers:
        each.follow(CONFIG_MAP, listed=told.put, changed=told.put)
    for each in sharers:
        each.start()
    first, second = told.get(timeout=LONG_S), told.get(timeout=LONG_S)
    assert first is second
    cluster.create(config_map("b"))
    first, second = told.get(timeout=LONG_S), told.get(timeout=LONG_S)
    assert first is second
    assert name_of(first.object) == "b"
    for each in sharers:
        each.stop()
    for each in sharers:
        each.close()
    assert counted.lists == 1
    assert not errors
