"""Random writers, watchers that come and go, compaction: each sees every change once, in order,
and list + watch is the final state.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.call import Fresh
from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import parse_selector
from toolkit.errors import AlreadyExistsError, GoneError, NotFoundError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

KINDS = (GroupVersionKind("", "v1", "ConfigMap"), GroupVersionKind("", "v1", "Secret"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)

kinds = st.sampled_from(KINDS)
names = st.sampled_from(["a", "b"])
tiers = st.sampled_from(["gold", "tin"])
WATCHERS = tuple(itertools.product(KINDS, ("", "tier=gold", "tier!=gold")))
watchers = st.sampled_from(WATCHERS)


class Watcher:
    """An informer: lists, then follows, and lists again where its version is gone."""

    def __init__(self, cluster: LogicalCluster, gvk: GroupVersionKind, selector: str) -> None:
        self.cluster = cluster
        self.request = Request(cluster.kinds().by_type(gvk), "data")
        self.selector = parse_selector(selector)
        self.known: dict[str, Any] = {}
        self.version = 0
        self.list()

    def list(self) -> None:
        page = self.cluster.list(self.request, ListOptions(self.selector))
        self.known = {body["metadata"]["name"]: body for body in page.bodies()}
        self.version = page.version

    def follow(self) -> None:
        try:
            batch = self.cluster.changes(self.request, self.selector, self.version)
        except GoneError:
            self.list()
            return
        seen = self.version
        for event in batch.events:
            version = int(event.object["metadata"]["resourceVersion"])
            assert version > seen, "out of order, or twice"
            seen = version
            self.learn(event.type, event.object)
        self.version = batch.version

    def learn(self, type: str, body: dict[str, Any]) -> None:
        name = body["metadata"]["name"]
        assert (name in self.known) is (type != "ADDED"), f"{type} of {name}"
        if type == "DELETED":
            del self.known[name]
        else:
            self.known[name] = body


class Watching(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        numbers = itertools.count()
        self.store = MemoryObjects()
        self.cluster = LogicalCluster(
            self.store, "s", lambda: Fresh(NOW, lambda: f"uid-{next(numbers)}", lambda: "suffix")
        )
        self.cluster.ensure("data")
        self.all = {which: Watcher(self.cluster, *which) for which in WATCHERS}

    def request(self, gvk: GroupVersionKind, name: str = "") -> Request:
        return Request(self.cluster.kinds().by_type(gvk), "data", name)

    @rule(gvk=kinds, name=names, tier=tiers)
    def create(self, gvk: GroupVersionKind, name: str, tier: str) -> None:
        with suppress(AlreadyExistsError):
            body = {"metadata": {"name": name, "labels": {"tier": tier}}, "data": {"n": "MA=="}}
            self.cluster.create(self.request(gvk), body)

    @rule(gvk=kinds, name=names, tier=tiers, value=st.sampled_from(["MQ==", "Mg=="]))
    def change(self, gvk: GroupVersionKind, name: str, tier: str, value: str) -> None:
        document = {"metadata": {"labels": {"tier": tier}}, "data": {"n": value}}
        with suppress(NotFoundError):
            self.cluster.patch(self.request(gvk, name), document, PatchType.MERGE)

    @rule(gvk=kinds, name=names, tiers=st.lists(tiers, min_size=1, max_size=3))
    def create_and_change(self, gvk: GroupVersionKind, name: str, tiers: list[str]) -> None:
        for number, tier in enumerate(tiers):
            self.create(gvk, name, tier)
            self.change(gvk, name, tier, ("MQ==", "Mg==", "Mw==")[number])

    @rule(gvk=kinds, name=names)
    def delete(self, gvk: GroupVersionKind, name: str) -> None:
        with suppress(NotFoundError):
            self.cluster.delete(self.request(gvk, name), DeleteOptions())

    @rule(back=st.integers(0, 6))
    def compact(self, back: int) -> None:
        self.store.write(lambda tx: tx.compact(tx.version() - back))

    @rule(which=watchers)
    def begin(self, which: tuple[GroupVersionKind, str]) -> None:
        self.all[which] = Watcher(self.cluster, *which)

    @rule(which=watchers)
    def follow(self, which: tuple[GroupVersionKind, str]) -> None:
        watcher = self.all[which]
        watcher.follow()
        page = self.cluster.list(watcher.request, ListOptions(watcher.selector))
        assert list(page.bodies()) == [watcher.known[name] for name in sorted(watcher.known)]

    @invariant()
    def pages_are_the_list(self) -> None:
        request = self.request(KINDS[0])
        whole = self.cluster.list(request, ListOptions())
        texts: tuple[str, ...] = ()
        token = ""
        while True:
            page = self.cluster.list(request, ListOptions(limit=1, continue_token=token))
            texts += page.texts
            token = page.continue_token
            if not token:
                break
        assert texts == whole.texts


Watching.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, derandomize=True
)
test_watchers_learn_the_final_state = Watching.TestCase
