"""The kinds a cluster serves follow its definitions, what was undone not being any."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.apiserver.custom_kinds import DEFINITION, ServedKinds
from toolkit.apiserver.store import ObjectKey, Transaction
from toolkit.resource.identity import GroupVersionKind


def definition(kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    version = {"name": "v1", "served": True, "storage": True}
    return {
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def put(tx: Transaction, kind: str) -> None:
    body = definition(kind)
    tx.put(ObjectKey("s", DEFINITION, "", body["metadata"]["name"]), body)


def served(kinds: ServedKinds, store: MemoryObjects) -> list[str]:
    with store.read() as snapshot:
        return [kind.gvk.kind for kind in kinds.committed(snapshot) if kind.definition]


def test_a_definition_replaced_by_another_of_the_same_count_is_seen() -> None:
    store, kinds = MemoryObjects(), ServedKinds("s")
    store.write(lambda tx: put(tx, "Widget"))
    assert served(kinds, store) == ["Widget"]
    store.write(lambda tx: tx.remove(ObjectKey("s", DEFINITION, "", "widgets.example.com")))
    store.write(lambda tx: put(tx, "Gadget"))
    assert served(kinds, store) == ["Gadget"]
    store.write(lambda tx: tx.compact(tx.version()))
    assert served(kinds, store) == ["Gadget"]


def test_what_a_transaction_that_failed_had_seen_is_not_kept() -> None:
    store, kinds = MemoryObjects(), ServedKinds("s")

    def undone(tx: Transaction) -> None:
        put(tx, "Widget")
        assert kinds.within(tx).find(GroupVersionKind("example.com", "v1", "Widget"))
        raise ValueError("undo")

    with pytest.raises(ValueError, match="undo"):
        store.write(undone)
    store.write(lambda tx: put(tx, "Gadget"))  # at the very version that was undone
    assert served(kinds, store) == ["Gadget"]
