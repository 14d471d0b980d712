"""What the cache keeps, and when it forgets."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from toolkit.adapters.render_cache import RenderCache

KEY = ("folder", "kustomize")
LATER_NS = 10**9


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.yaml"
    path.write_text("a")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> RenderCache:
    return RenderCache(str(tmp_path / "cache"))


def put(cache: RenderCache, source: Path, body: bytes = b"text\n\nmore\n") -> None:
    cache.put(KEY, [str(source)], body, started_ns=time.time_ns() + LATER_NS)


def test_gives_back_what_it_was_given(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    assert cache.get(KEY) == b"text\n\nmore\n"


def test_another_key_has_another_entry(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    assert cache.get(("folder", "argo")) is None


def test_a_changed_file_is_noticed(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    source.write_text("b")
    os.utime(source, ns=(1, 1))
    assert cache.get(KEY) is None


def test_a_missing_file_is_noticed(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    source.unlink()
    assert cache.get(KEY) is None


def test_a_file_as_young_as_the_build_is_not_kept(cache: RenderCache, source: Path) -> None:
    cache.put(KEY, [str(source)], b"text", started_ns=source.stat().st_ctime_ns)
    assert cache.get(KEY) is None


def test_a_folder_that_others_may_write_is_not_used(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    Path(cache.folder).chmod(0o777)
    assert cache.get(KEY) is None


def test_a_linked_folder_is_not_used(tmp_path: Path, source: Path) -> None:
    real = RenderCache(str(tmp_path / "real"))
    put(real, source)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert RenderCache(str(tmp_path / "link")).get(KEY) is None


def test_a_truncated_entry_is_not_used(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    (entry,) = Path(cache.folder).iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    assert cache.get(KEY) is None


def test_entries_are_private_and_bounded(cache: RenderCache, source: Path) -> None:
    for number in range(70):
        cache.put((str(number),), [str(source)], b"", started_ns=time.time_ns() + LATER_NS)
    entries = list(Path(cache.folder).iterdir())
    assert len(entries) == 64
    assert {entry.stat().st_mode & 0o777 for entry in entries} == {0o600}


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("")
    put(RenderCache(str(tmp_path / "file" / "cache")), source)
