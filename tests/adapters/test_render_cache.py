"""What the cache keeps, and when it forgets."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from toolkit.adapters import render_cache
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


def fresh(cache: RenderCache) -> bytes | None:
    """What is kept and still holds."""
    kept = cache.get(KEY)
    return None if kept is None or kept.changed else kept.body


def test_gives_back_what_it_was_given(cache: RenderCache, source: Path) -> None:
    cache.put(KEY, [str(source)], b"t\n\nm\n", b"n\n\n", started_ns=time.time_ns() + LATER_NS)
    kept = cache.get(KEY)
    assert kept is not None
    assert (kept.body, kept.notes, kept.changed) == (b"t\n\nm\n", b"n\n\n", [])


def test_a_changed_file_is_told_by_its_position(cache: RenderCache, source: Path) -> None:
    (source.parent / "other.yaml").write_text("")
    paths = [str(source.parent / "other.yaml"), str(source)]
    cache.put(KEY, paths, b"", started_ns=time.time_ns() + LATER_NS)
    source.write_text("changed")
    kept = cache.get(KEY)
    assert kept is not None
    assert [kept.paths[number] for number in kept.changed] == [str(source)]


def test_what_is_renewed_holds_for_the_files_as_they_were_looked_at(
    cache: RenderCache, source: Path
) -> None:
    put(cache, source)
    source.write_text("changed")
    kept = cache.get(KEY)
    assert kept is not None
    cache.renew(KEY, kept, b"new", started_ns=time.time_ns() + LATER_NS)
    assert fresh(cache) == b"new"
    source.write_text("changed once more")
    assert fresh(cache) is None


def test_the_folder_is_bounded_in_bytes(
    cache: RenderCache, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.adapters.render_cache._MOST_BYTES", 3_000)
    for number in range(5):
        cache.put((str(number),), [str(source)], b"x" * 1_000, started_ns=time.time_ns() + LATER_NS)
    assert len(list(Path(cache.folder).iterdir())) == 2


def test_another_key_has_another_entry(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    assert cache.get(("folder", "argo")) is None


def test_a_changed_file_is_noticed(cache: RenderCache, source: Path) -> None:
    put(cache, source)
    source.write_text("b")
    os.utime(source, ns=(1, 1))
    assert fresh(cache) is None


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


@pytest.mark.parametrize("module", ["kustomize/build.py", "kustomize/new/part.py", "yaml/emit.py"])
def test_an_edit_of_any_module_that_renders_forgets(
    cache: RenderCache, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    package = tmp_path / "toolkit"
    for path in ("kustomize/build.py", "kustomize/new/part.py", "yaml/emit.py"):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text("old")
    monkeypatch.setattr(render_cache, "__file__", str(package / "adapters" / "render_cache.py"))
    put(cache, source)
    assert fresh(cache)
    (package / module).write_text("edited")
    assert fresh(cache) is None
