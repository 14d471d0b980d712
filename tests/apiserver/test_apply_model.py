"""Server-side apply of flat maps against a reference that is as dumb as can be."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.call import Fresh, Options
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.errors import ConflictError
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

CONFIG = GroupVersionKind("", "v1", "ConfigMap")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
contents = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=3)
managers = st.sampled_from(["one", "two", "three"])


class Applying(RuleBasedStateMachine):
    """``owned``: the keys each manager owns; ``hand`` writes plainly."""

    def __init__(self) -> None:
        super().__init__()
        numbers = itertools.count()
        self.cluster = LogicalCluster(
            MemoryObjects(), "s", lambda: Fresh(NOW, lambda: f"uid-{next(numbers)}", lambda: "x")
        )
        self.cluster.ensure("data")
        self.owned: dict[str, set[str]] = {name: set() for name in ("one", "two", "three", "hand")}
        self.data: dict[str, str] = {}
        self.version = self.apply("one", {}, force=False)

    def request(self, manager: str, *, force: bool = False) -> Request:
        options = Options(field_manager=manager, force=force)
        return Request(self.cluster.kinds().by_type(CONFIG), "data", "x", options=options)

    def apply(self, manager: str, content: dict[str, str], *, force: bool) -> str:
        body = {"metadata": {"name": "x"}, **({"data": content} if content else {})}
        request = self.request(manager, force=force)
        answer = self.cluster.patch(request, body, PatchType.APPLY)
        return str(answer.body["metadata"]["resourceVersion"])

    @rule(manager=managers, content=contents, force=st.booleans())
    def applies(self, manager: str, content: dict[str, str], force: bool) -> None:
        changed = {key for key, value in content.items() if self.data.get(key) != value}
        others = [keys for name, keys in self.owned.items() if name != manager]
        if not force and any(keys & changed for keys in others):
            try:
                self.apply(manager, content, force=False)
            except ConflictError:
                return
            raise AssertionError("the conflict went unseen")
        before = (dict(self.data), {name: set(keys) for name, keys in self.owned.items()})
        for keys in others:
            keys.difference_update(changed)
        for key in self.owned[manager] - content.keys():
            if not any(key in keys for keys in others):
                self.data.pop(key, None)
        self.owned[manager] = set(content)
        self.data |= content
        version = self.apply(manager, content, force=force)
        assert (version == self.version) is (before == (self.data, self.owned))
        self.version = version

    @rule(content=contents, gone=st.sets(st.sampled_from("abcd"), max_size=2))
    def writes(self, content: dict[str, str], gone: set[str]) -> None:
        changed = {key for key, value in content.items() if self.data.get(key) != value}
        removed = (gone - content.keys()) & self.data.keys()
        for keys in self.owned.values():
            keys.difference_update(changed | removed)
        self.owned["hand"] |= changed
        self.data = {key: v for key, v in (self.data | content).items() if key not in removed}
        document = {"data": {**content, **dict.fromkeys(removed)}}
        answer = self.cluster.patch(self.request("hand"), document, PatchType.MERGE)
        self.version = str(answer.body["metadata"]["resourceVersion"])

    @invariant()
    def the_object_is_as_the_reference_says(self) -> None:
        body = self.cluster.get(self.request("reader"))
        assert body.get("data", {}) == self.data
        entries = body["metadata"].get("managedFields", [])
        told = {e["manager"]: keys_of(e["fieldsV1"]) for e in entries}
        wanted = {name: keys for name, keys in self.owned.items() if keys}
        assert {name: keys for name, keys in told.items() if keys} == wanted


def keys_of(fields: dict[str, dict[str, object]]) -> set[str]:
    return {key.removeprefix("f:") for key in fields.get("f:data", {}) if key != "."}


Applying.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, derandomize=True
)
test_apply_is_what_the_reference_says = Applying.TestCase
