from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact, OutputArtifact


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def given(key: str, archive: str = "tar", **fields: object) -> InputArtifact:
    return InputArtifact("a", "/a", key, {}, archive, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("archive", ["tar", "zip", "none"])
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_saved_comes_back(
    store: ArtifactStore, tmp_path: Path, archive: str, is_folder: bool
) -> None:
    source = tmp_path / "source"
    inner = source / "inner.txt" if is_folder else source
    inner.parent.mkdir(exist_ok=True)
    inner.write_text("text")
    assert store.save(OutputArtifact("a", "/a", "k/a", archive), source)
    target = tmp_path / "deep" / "target"
    store.lay(given("k/a", archive), target)
    assert (target / "inner.txt" if is_folder else target).read_text() == "text"


def test_a_path_below_an_archive_is_found(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "x").mkdir(parents=True)
    (source / "x" / "y").write_text("deep")
    store.save(OutputArtifact("a", "/a", "k/a.tgz"), source)
    store.lay(given("k/a.tgz/x/y"), tmp_path / "target")
    assert (tmp_path / "target").read_text() == "deep"


def test_saving_again_replaces(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for text in ("one", "two"):
        source.write_text(text)
        store.save(OutputArtifact("a", "/a", "k", "none"), source)
    store.lay(given("k", "none"), tmp_path / "target")
    assert (tmp_path / "target").read_text() == "two"


def test_what_is_missing_is_named_unless_optional(store: ArtifactStore, tmp_path: Path) -> None:
    store.lay(given("k/none", is_optional=True), tmp_path / "target")
    assert not (tmp_path / "target").exists()
    with pytest.raises(ExecutionError, match="k/none not found"):
        store.lay(given("k/none"), tmp_path / "target")


@pytest.mark.parametrize("key", ["../outside", "a/../../b", "a//b"])
def test_keys_stay_inside_the_store(store: ArtifactStore, tmp_path: Path, key: str) -> None:
    with pytest.raises(ExecutionError, match="plain path"):
        store.lay(given(key), tmp_path / "target")


def test_an_archive_cannot_write_outside(store: ArtifactStore, tmp_path: Path) -> None:
    bad = tmp_path / "store" / "bad.tgz"
    bad.parent.mkdir()
    with tarfile.open(bad, "w:gz") as archive:
        entry = tarfile.TarInfo("../../escaped")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(ExecutionError, match="cannot be unpacked"):
        store.lay(given("bad.tgz"), tmp_path / "target")
    assert not (tmp_path / "escaped").exists()


def test_a_file_mode_is_set(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("#!/bin/sh\n")
    store.save(OutputArtifact("a", "/a", "k", "none"), source)
    store.lay(given("k", "none", mode=0o755), tmp_path / "target")
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o755
