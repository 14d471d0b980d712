"""The contract of file trees, over the folder on disk and its twin in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from toolkit.adapters.files import DiskTree, MemoryTree
from toolkit.errors import BuildError
from toolkit.kustomize.build import build
from toolkit.kustomize.ports import FileTree

Make = Callable[[Mapping[str, str], Mapping[str, str]], FileTree]


@pytest.fixture(params=["disk", "memory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a tree from files and symbolic links by path."""

    def on_disk(files: Mapping[str, str], links: Mapping[str, str]) -> FileTree:
        root = tmp_path / "root"
        root.mkdir()
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "secret").write_text("s")
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        for path, target in links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        return DiskTree(root)

    return on_disk if request.param == "disk" else MemoryTree


def test_reads_a_file(make: Make) -> None:
    assert make({"a/b.yaml": "text"}, {}).read("a/b.yaml") == b"text"


def test_knows_files_from_folders(make: Make) -> None:
    tree = make({"a/b.yaml": ""}, {})
    assert (tree.is_file("a/b.yaml"), tree.is_dir("a/b.yaml")) == (True, False)
    assert (tree.is_file("a"), tree.is_dir("a")) == (False, True)
    assert (tree.is_file("no"), tree.is_dir("no")) == (False, False)


def test_the_root_is_a_folder(make: Make) -> None:
    tree = make({"a": ""}, {})
    assert tree.is_dir("")
    assert tree.resolve("") == ""


def test_a_folder_that_is_not_there_has_no_root(tmp_path: Path) -> None:
    tree = DiskTree(tmp_path / "no")
    assert not tree.is_dir("")
    with pytest.raises(BuildError, match="does not exist"):
        build(tree, "")


def test_lists_names_in_order(make: Make) -> None:
    assert make({"b": "", "a/x": "", "c": ""}, {}).names("") == ("a", "b", "c")


def test_a_missing_file_cannot_be_read(make: Make) -> None:
    with pytest.raises(FileNotFoundError):
        make({}, {}).read("no")


def test_a_folder_cannot_be_read(make: Make) -> None:
    with pytest.raises(IsADirectoryError):
        make({"a/b": ""}, {}).read("a")


def test_a_missing_folder_has_no_names(make: Make) -> None:
    with pytest.raises(FileNotFoundError):
        make({}, {}).names("no")


def test_a_file_has_no_names(make: Make) -> None:
    with pytest.raises(NotADirectoryError):
        make({"a": ""}, {}).names("a")


def test_a_missing_path_resolves_to_itself(make: Make) -> None:
    assert make({}, {}).resolve("a/b") == "a/b"


def test_a_link_to_a_file_is_followed(make: Make) -> None:
    tree = make({"real/a": "text"}, {"links/b": "../real/a"})
    assert tree.resolve("links/b") == "real/a"
    assert tree.read("links/b") == b"text"
    assert tree.is_file("links/b")


def test_a_link_to_a_folder_is_followed_on_the_way(make: Make) -> None:
    tree = make({"real/sub/a": "text"}, {"linked": "real"})
    assert tree.resolve("linked/sub/a") == "real/sub/a"
    assert tree.is_dir("linked/sub")
    assert tree.names("linked") == ("sub",)


def test_a_link_out_of_the_root_resolves_to_nothing(make: Make) -> None:
    tree = make({}, {"out": "../outside"})
    assert tree.resolve("out/secret") is None
    assert not tree.is_file("out/secret")
    with pytest.raises(FileNotFoundError):
        tree.read("out/secret")


def test_a_tree_on_disk_stays_as_it_was_first_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    tree = DiskTree(tmp_path)
    tree.names("")
    (tmp_path / "b").write_text("")
    assert tree.names("") == ("a",)
    assert DiskTree(tmp_path).names("") == ("a", "b")
