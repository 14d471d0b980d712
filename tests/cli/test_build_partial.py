"""``gitops build`` after changes prints, warns and fails as it does without a cache."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.kustomize.random_edits import edited, with_crossings
from tests.kustomize.random_repositories import Files, Repository
from toolkit.adapters.files import DiskTree
from toolkit.adapters.render_cache import Kept, RenderCache
from toolkit.cli.build_partial import build_changed
from toolkit.cli.main import run
from toolkit.kustomize.result import BuildOptions

Outcome = tuple[int, bytes, bytes]
Build = Callable[..., Outcome]

SETTLED_S = 0.06
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  a: {}\n"


@pytest.fixture
def build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Build]:
    """``build(target)`` in the folder of the test; ``cache="off"`` for none."""
    monkeypatch.chdir(tmp_path)

    def outcome(target: str, cache: str = "../cache") -> Outcome:
        monkeypatch.setenv("GITOPS_CACHE", cache if cache == "off" else str(tmp_path / "cache"))
        code = run(["build", target])
        out, error = capfdbinary.readouterr()
        return code, out, error

    yield outcome
    gc.enable()  # a build leaves it off


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A kustomization of two ConfigMaps, old enough to be kept."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("resources: [a.yaml, b.yaml]\nnamespace: team\n")
    for name in "ab":
        (folder / f"{name}.yaml").write_text(CONFIG_MAP.format(name, "x"))
    time.sleep(SETTLED_S)
    return folder


def spoil(tmp_path: Path) -> None:
    """Writes into the kept render, so that it shows where that was used."""
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"name: b\n", b"name: B\n"))


def is_spoilt(outcome: Outcome) -> bool:
    return b"name: B\n" in outcome[1]


def test_the_rest_comes_from_the_kept_render(app: Path, build: Build, tmp_path: Path) -> None:
    build("app")
    spoil(tmp_path)
    (app / "a.yaml").write_text(CONFIG_MAP.format("a", "changed"))
    outcome = build("app")
    assert is_spoilt(outcome)
    assert b"a: changed\n" in outcome[1]


def test_what_was_printed_is_kept_in_turn(app: Path, build: Build, tmp_path: Path) -> None:
    build("app")
    (app / "a.yaml").write_text(CONFIG_MAP.format("a", "changed"))
    time.sleep(SETTLED_S)
    outcome = build("app")
    kept = entry_of(tmp_path, app)
    assert (kept.body, kept.changed) == (outcome[1], [])


def test_a_young_change_is_built_and_not_kept(app: Path, build: Build, tmp_path: Path) -> None:
    build("app")
    before = entry_of(tmp_path, app).body
    (app / "a.yaml").write_text(CONFIG_MAP.format("a", "young"))
    os.utime(app / "a.yaml")
    kept = entry_of(tmp_path, app)
    RenderCache(str(tmp_path / "cache")).renew(key_of(app), kept, b"", started_ns=0)
    assert entry_of(tmp_path, app).body == before
    assert build("app") == build("app", cache="off")


def test_a_file_saved_by_renaming_is_served(app: Path, build: Build, tmp_path: Path) -> None:
    build("app")
    spoil(tmp_path)
    (app / "new").write_text(CONFIG_MAP.format("a", "renamed"))
    (app / "new").rename(app / "a.yaml")
    outcome = build("app")
    assert is_spoilt(outcome)
    assert b"a: renamed\n" in outcome[1]


def test_a_file_of_no_concern_is_none(app: Path, build: Build, tmp_path: Path) -> None:
    build("app")
    spoil(tmp_path)
    (app / "README.md").write_text("")
    assert is_spoilt(build("app"))


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_a_second_kustomization_is_met(app: Path, build: Build, name: str) -> None:
    build("app")
    (app / name).write_text("resources: []\n")
    outcome = build("app")
    assert outcome == build("app", cache="off")
    assert outcome[0] == 1


def test_a_link_in_the_place_of_a_file_is_followed(app: Path, build: Build, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(CONFIG_MAP.format("a", "outside"))
    build("app")
    (app / "a.yaml").unlink()
    (app / "a.yaml").symlink_to("../outside.yaml")
    outcome = build("app")
    assert outcome == build("app", cache="off")
    assert outcome[0] == 1


def test_a_patch_that_changed_is_for_all(app: Path, build: Build, tmp_path: Path) -> None:
    (app / "patch.yaml").write_text(CONFIG_MAP.format("b", "patched"))
    (app / "kustomization.yaml").write_text(
        "resources: [a.yaml, b.yaml]\npatches: [{path: patch.yaml}]\n"
    )
    time.sleep(SETTLED_S)
    build("app")
    spoil(tmp_path)
    (app / "patch.yaml").write_text(CONFIG_MAP.format("b", "again"))
    assert not is_spoilt(build("app"))


def test_many_changes_are_for_all(build: Build, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(20)]
    (tmp_path / "kustomization.yaml").write_text(
        f"resources: [{', '.join(f'{name}.yaml' for name in names)}]\n"
    )
    for name in names:
        (tmp_path / f"{name}.yaml").write_text(CONFIG_MAP.format(name, 1))
    time.sleep(SETTLED_S)
    build(".")
    for name in names[:8]:
        (tmp_path / f"{name}.yaml").write_text(CONFIG_MAP.format(name, 2))
    assert part_of(tmp_path, tmp_path) is not None
    (tmp_path / "c9.yaml").write_text(CONFIG_MAP.format("c9", 2))
    assert part_of(tmp_path, tmp_path) is None


@pytest.mark.parametrize("seed", range(8))
def test_any_row_of_edits_is_built_as_without_a_cache(
    seed: int, build: Build, tmp_path: Path
) -> None:
    random = Random(seed)
    repository = Repository(seed)
    files = with_crossings(random, repository.files)
    write(tmp_path, {}, files)
    time.sleep(SETTLED_S)
    for _ in range(6):
        for target in repository.targets:
            assert build(target) == build(target, cache="off")
        before, files = files, edited(random, files)
        write(tmp_path, before, files)
        if random.random() < 0.5:
            time.sleep(SETTLED_S)


def write(root: Path, before: Files, files: Files) -> None:
    for path in before.keys() - files.keys():
        (root / path).unlink()
    for path, text in files.items():
        if before.get(path) != text:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")


def key_of(folder: Path) -> tuple[str, ...]:
    return (str(folder), "kustomize", "LoadRestrictionsRootOnly", "unspecified")


def entry_of(tmp_path: Path, folder: Path) -> Kept:
    kept = RenderCache(str(tmp_path / "cache")).get(key_of(folder))
    assert kept is not None
    return kept


def part_of(tmp_path: Path, folder: Path) -> bytes | None:
    """What is printed without a whole build."""
    kept = entry_of(tmp_path, folder)
    return build_changed(kept, DiskTree("/"), str(folder)[1:], BuildOptions())
