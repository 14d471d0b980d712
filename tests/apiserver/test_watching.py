"""A Secret's replaced values are not kept: what its watchers are told instead."""

from __future__ import annotations

import pytest

from toolkit.apiserver.deleting import DeleteOptions
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.selectors import EVERYTHING
from toolkit.resource.cluster import PatchType
from toolkit.resource.identity import GroupVersionKind

SECRET = GroupVersionKind("", "v1", "Secret")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "+", ["ADDED"]),
        ("", "+~", ["ADDED"]),
        ("", "+~~", ["ADDED"]),
        ("", "+-", []),
        ("", "+-+", ["ADDED"]),
        ("+", "~", ["MODIFIED"]),
        ("+", "~~", ["MODIFIED"]),
        ("+", "~-", ["DELETED"]),
        ("+", "-+", ["DELETED", "ADDED"]),
        ("+", "~-+~", ["DELETED", "ADDED"]),
    ],
)
def test_changes_are_told_as_one_when_the_values_are_known(
    logical: LogicalCluster, before: str, after: str, told: list[str]
) -> None:
    perform(logical, before)
    since = logical.version()
    perform(logical, after)
    events = logical.changes(request(logical), EVERYTHING, since).events
    assert [event.type for event in events] == told
    assert all(event.object["data"] for event in events if event.type != "DELETED")


def request(logical: LogicalCluster, name: str = "") -> Request:
    return Request(logical.kinds().by_type(SECRET), "data", name)


def perform(logical: LogicalCluster, steps: str) -> None:
    for number, step in enumerate(steps):
        if step == "+":
            logical.create(request(logical), {"metadata": {"name": "s"}, "data": {"k": "MA=="}})
        elif step == "~":
            document = {"stringData": {"k": f"value {number}"}}
            logical.patch(request(logical, "s"), document, PatchType.MERGE)
        else:
            logical.delete(request(logical, "s"), DeleteOptions())
