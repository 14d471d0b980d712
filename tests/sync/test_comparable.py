from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolkit.resource.diff import ABSENT
from toolkit.sync.comparable import comparable, digest, fingerprint, visible_changes

LIVE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {
        "name": "a",
        "uid": "u",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2024-05-06T07:08:09Z",
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "data": {"x": "1"},
    "status": {"seen": True},
}


def test_what_only_the_server_writes_is_not_compared() -> None:
    assert comparable(LIVE) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"x": "1"},
    }


def test_the_original_is_left_alone() -> None:
    before = digest(LIVE)
    comparable(LIVE)
    assert digest(LIVE) == before


@given(st.text(), st.text())
def test_no_secret_value_shows(old: str, new: str) -> None:
    def secret(value: str) -> dict[str, object]:
        return {"apiVersion": "v1", "kind": "Secret", "data": {"k": "v" + value}}

    shown = visible_changes(secret(old), secret(new))
    assert [(change.old, change.new) for change in shown] == (
        [] if old == new else [("***", "*** (changed)")]
    )


def test_a_whole_new_field_of_a_secret_is_masked() -> None:
    (change,) = visible_changes(
        {"apiVersion": "v1", "kind": "Secret"},
        {"apiVersion": "v1", "kind": "Secret", "data": {"k": "hunter2"}},
    )
    assert (change.path, change.old, change.new) == (("data",), ABSENT, "***")


def test_other_fields_of_a_secret_show() -> None:
    (change,) = visible_changes(
        {"apiVersion": "v1", "kind": "Secret", "type": "a"},
        {"apiVersion": "v1", "kind": "Secret", "type": "b"},
    )
    assert (change.old, change.new) == ("a", "b")


def test_a_secret_has_no_fingerprint() -> None:
    assert fingerprint({"apiVersion": "v1", "kind": "Secret", "data": {"k": "hunter2"}}) == ""
    assert fingerprint(LIVE) == digest(LIVE)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


def test_integers_of_any_size_have_a_digest() -> None:
    assert digest({"a": 2**70}) != digest({"a": 2**71})
