"""The kustomize project's own cases, with the real binary's answers, where they are at hand."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit.adapters.files import DiskTree
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render
from toolkit.kustomize.result import BuildOptions

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "kustomize"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the conformance corpus is not here")

KNOWN = {
    # The label names the version, and the reference was built without one; see compatibility.md.
    "managedbylabel__TestAddManagedbyLabel",
    "managedbylabel__TestAddManagedbyLabel__r2",
}


def _cases() -> Iterator[Path]:
    if CORPUS.is_dir():
        yield from sorted(path for path in CORPUS.iterdir() if path.is_dir())


def _options(case: Path, reorder: str) -> BuildOptions:
    words = shlex.split((case / "args").read_text()) if (case / "args").exists() else []
    restrictor = "LoadRestrictionsRootOnly"
    if "--load-restrictor" in words:
        restrictor = words[words.index("--load-restrictor") + 1]
    labelled = "--enable-managedby-label" in words
    return BuildOptions("kustomize", restrictor, reorder, managed_by_label=labelled)


def _answer(case: Path, reorder: str) -> str | None:
    """What we print, None for an error."""
    root = case / "files"
    target = (case / "target").read_text().strip()
    try:
        result = build(DiskTree(root), "" if target == "." else target, _options(case, reorder))
    except (BuildError, YamlError):
        return None
    return render(result)


def _expected(case: Path, reorder: str) -> str | None:
    if (case / "real_error.txt").exists():
        return None
    ordered = case / "real_none.yaml"
    path = ordered if reorder == "none" and ordered.exists() else case / "real.yaml"
    return path.read_bytes().decode()


@pytest.mark.parametrize("reorder", ["unspecified", "none"])
@pytest.mark.parametrize("case", list(_cases()), ids=lambda case: case.name)
def test_prints_what_kustomize_prints(case: Path, reorder: str) -> None:
    answer = _answer(case, reorder)
    if case.name in KNOWN:
        assert answer is not None
        answer = answer.replace("kustomize-v5.8.1", "kustomize-(devel)")
    assert answer == _expected(case, reorder)
