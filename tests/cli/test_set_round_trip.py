"""Over real files: a change and its reverse give the file back, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from toolkit.errors import ToolkitError, YamlError
from toolkit.repository.generator_edits import CONFIG_MAPS, Generated, add_generated
from toolkit.repository.generator_edits import remove_generated as _remove_generated
from toolkit.repository.kustomization_edits import (
    add_patch,
    add_paths,
    remove_annotations,
    remove_labels,
    remove_named,
    remove_patch,
    remove_paths,
    set_annotations,
    set_field,
    set_images,
    set_labels,
    set_replicas,
)
from toolkit.repository.kustomization_sheet import KUSTOMIZATION_NAMES, Sheet
from toolkit.yaml import RESOURCE, SETTINGS, load_all
from toolkit.yaml.edit import set_value

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
OWN = ("crons", "templates", "workflows", "resources", "overlays")
SAMPLE = 30
"""One file in so many of the corpus; all of them under ``make soak``."""

FILE = "kustomization.yaml"

EDITS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "resource": (
        lambda text: add_paths(text, "resources", ["zz.yaml", "zz/b"], file=FILE).text,
        lambda text: remove_paths(text, "resources", ["zz/b", "zz.yaml"], file=FILE).text,
    ),
    "component": (
        lambda text: add_paths(text, "components", ["../zz"], file=FILE).text,
        lambda text: remove_paths(text, "components", ["../zz"], file=FILE).text,
    ),
    "image": (
        lambda text: set_images(text, ["zz/zz=a:5000/zz:1.0"], file=FILE).text,
        lambda text: remove_named(text, "images", ["zz/zz"], file=FILE).text,
    ),
    "replicas": (
        lambda text: set_replicas(text, {"zz": 3}, file=FILE).text,
        lambda text: remove_named(text, "replicas", ["zz"], file=FILE).text,
    ),
    "label": (
        lambda text: set_labels(text, {"zz/z": "1"}, file=FILE).text,
        lambda text: remove_labels(text, ["zz/z"], file=FILE).text,
    ),
    "annotation": (
        lambda text: set_annotations(text, {"zz/z": "a: b"}, file=FILE).text,
        lambda text: remove_annotations(text, ["zz/z"], file=FILE).text,
    ),
    "configmap": (
        lambda text: (
            add_generated(text, CONFIG_MAPS, Generated("zz", literals=("a=b",)), file=FILE).text
        ),
        lambda text: _remove_generated(text, field=CONFIG_MAPS, names=["zz"], file=FILE).text,
    ),
    "patch": (
        lambda text: (
            add_patch(text, {"patch": "a: 1\nb: 2\n", "target": {"kind": "Z"}}, file=FILE).text
        ),
        lambda text: remove_patch(text, {"target": {"kind": "Z"}}, file=FILE).text,
    ),
}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yaml", ".yml") or path.name == "Kustomization":
            yield path


def _own() -> list[Path]:
    return [path for name in OWN for path in _files(ROOT / name)]


def _corpus(*, every: int) -> list[Path]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not here")
    paths = _files(CORPUS)
    return [path for path in paths if crc32(str(path.relative_to(CORPUS)).encode()) % every == 0]


def _readable(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        try:
            text = path.read_bytes().decode()
            load_all(text, dialect=SETTINGS if path.name in KUSTOMIZATION_NAMES else RESOURCE)
        except (UnicodeDecodeError, YamlError):
            continue
        if len(text) < 100_000:
            yield path, text


def _assert_kustomizations_come_back(paths: list[Path]) -> None:
    chosen = [path for path in paths if path.name in KUSTOMIZATION_NAMES]
    outcomes = [
        _outcome(text, name, path)
        for path, text in _readable(chosen)
        for name in EDITS
        if not _stands_empty(text, path)
    ]
    assert len(outcomes) >= len(EDITS)
    refused = [outcome for outcome in outcomes if outcome]
    assert len(refused) <= len(outcomes) // 50, refused


def _outcome(text: str, name: str, path: Path) -> str:
    """ "" where the file comes back, else why it was not edited."""
    do, undo = EDITS[name]
    try:
        edited = do(text)
    except ToolkitError as refusal:
        return f"{path}: {name}: {refusal}"
    assert edited != text, (path, name)
    assert undo(edited) == text, (path, name)
    return ""


def _stands_empty(text: str, path: Path) -> bool:
    """A field that is there with nothing goes with the last thing that was in it."""
    return any(value in (None, [], {}) for value in Sheet(text, str(path)).body.values())


def _assert_values_come_back(paths: list[Path], *, most: int) -> None:
    different = []
    count = 0
    for path, text in _readable(paths):
        dialect = SETTINGS if path.name in KUSTOMIZATION_NAMES else RESOURCE
        for number, body in enumerate(load_all(text, dialect=dialect)):
            leaves = [each for each in _leaves(body) if each[0] and each[1] is not None]
            for leaf, old in leaves[:: max(1, len(leaves) // most)]:
                where = {"document": number, "dialect": dialect}
                try:
                    edited = set_value(text, leaf, "9.9", **where)
                except YamlError as refusal:
                    if not _is_understood(refusal):
                        raise
                    continue
                count += 1
                if set_value(edited, leaf, old, **where) != text:
                    different.append((path, leaf, old))
    assert count
    unexpected = [each for each in different if not _has_other_spelling(each[2])]
    assert unexpected == []


def _is_understood(refusal: YamlError) -> bool:
    reasons = ("block of text", "the alias", "uses this as")
    return any(reason in refusal.message for reason in reasons)


def _has_other_spelling(old: object) -> bool:
    """A number that is octal, or a text on several lines: what reads the same comes back."""
    return old in (0o755, 0o644, 0o777, 0o400, 0o600) or (isinstance(old, str) and len(old) > 60)


def _leaves(
    body: object, path: tuple[str | int, ...] = ()
) -> list[tuple[tuple[str | int, ...], object]]:
    if isinstance(body, dict):
        return [leaf for key, one in body.items() for leaf in _leaves(one, (*path, key))]
    if isinstance(body, list):
        return [leaf for index, one in enumerate(body) for leaf in _leaves(one, (*path, index))]
    return [(path, body)]


def test_own_kustomizations_come_back():
    _assert_kustomizations_come_back(_own())


def test_own_values_come_back():
    _assert_values_come_back(_own(), most=3)


def test_kustomizations_of_the_corpus_come_back():
    _assert_kustomizations_come_back(_corpus(every=SAMPLE))


def test_values_of_the_corpus_come_back():
    _assert_values_come_back(_corpus(every=SAMPLE), most=3)


@pytest.mark.soak
def test_all_kustomizations_of_the_corpus_come_back():
    _assert_kustomizations_come_back(_corpus(every=1))


@pytest.mark.soak
def test_all_values_of_the_corpus_come_back():
    _assert_values_come_back(_corpus(every=1), most=10_000)


@pytest.mark.parametrize("field", ["namespace", "namePrefix", "nameSuffix"])
def test_a_field_of_a_kustomization_comes_back(field):
    for path in (path for path in _own() if path.name in KUSTOMIZATION_NAMES):
        text = path.read_text()
        old = str(Sheet(text, str(path)).at((field,)) or "")
        edited = set_field(text, field, "zz-1", file=FILE).text
        assert edited != text
        assert set_field(edited, field, old, file=FILE).text == text
