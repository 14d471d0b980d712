from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import RefusedError
from toolkit.publish.index import INDEX_PATH, Index, IndexEntry
from toolkit.publish.publication import ChangeCounts, blob_id, tree_changes
from toolkit.resource.identity import ResourceId


def index(*paths: str) -> Index:
    id = ResourceId("", "ConfigMap", "", "x")
    return Index("staging", tuple(IndexEntry(path, id, "") for path in sorted(paths)))


def blobs(files: dict[str, bytes]) -> dict[str, str]:
    return {path: blob_id(content) for path, content in files.items()}


def test_a_blobs_id_is_gits() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


def test_blob_ids_follow_the_repositorys_hash() -> None:
    expected = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"
    assert blob_id(b"hello\n", like="0" * 64) == expected


def test_an_equal_tree_changes_nothing() -> None:
    files = {"a": b"1", "b": b"2"}
    changes = tree_changes(files, blobs(files), index("a", "b"))
    assert changes.paths == {}
    assert changes.counts == ChangeCounts()


def test_added_updated_and_removed_files_are_counted() -> None:
    base = blobs({"kept": b"k", "changed": b"1", "gone": b"g"})
    target = {"kept": b"k", "changed": b"2", "new": b"n"}
    changes = tree_changes(target, base, index("kept", "changed", "gone"))
    assert changes.paths == {"changed": b"2", "new": b"n", "gone": None}
    assert changes.counts == ChangeCounts(added=1, updated=1, removed=1)


def test_foreign_files_stay() -> None:
    base = blobs({"README.md": b"hello", "mine": b"1"})
    assert tree_changes({}, base, index("mine")).paths == {"mine": None}


def test_without_an_index_nothing_is_deleted() -> None:
    assert tree_changes({"a": b"1"}, blobs({"other": b"x"}), None).paths == {"a": b"1"}


def test_a_foreign_file_is_not_overwritten() -> None:
    with pytest.raises(RefusedError, match="did not write it"):
        tree_changes({"a": b"ours"}, blobs({"a": b"theirs"}), index())


def test_the_index_itself_is_not_counted() -> None:
    changes = tree_changes({INDEX_PATH: b"2"}, blobs({INDEX_PATH: b"1"}), index())
    assert changes.paths == {INDEX_PATH: b"2"}
    assert changes.counts.total == 0


FILES = st.dictionaries(st.sampled_from("abcdef"), st.binary(max_size=2))


@given(ours=FILES, foreign=FILES, target=FILES)
def test_applying_the_changes_gives_the_target_and_what_is_foreign(
    ours: dict[str, bytes], foreign: dict[str, bytes], target: dict[str, bytes]
) -> None:
    theirs = {f"foreign-{path}": content for path, content in foreign.items()}
    changes = tree_changes(target, blobs(ours | theirs), index(*ours))
    after = ours | theirs
    for path, content in changes.paths.items():
        after.pop(path, None)
        if content is not None:
            after[path] = content
    assert after == target | theirs
