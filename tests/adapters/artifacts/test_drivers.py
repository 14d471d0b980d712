"""One contract over S3 and GCS; what is particular to S3; kinds that are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact, OutputArtifact

SECRETS = {"s3/access": "testing", "s3/secret": "testing"}


def s3(address: str, key: str = "k", **fields: Any) -> dict[str, Any]:
    place = {
        "endpoint": address,
        "insecure": True,
        "bucket": "box",
        "key": key,
        "accessKeySecret": {"name": "s3", "key": "access"},
        "secretKeySecret": {"name": "s3", "key": "secret"},
        "createBucketIfNotPresent": {},
    }
    return {"s3": {**place, **fields}}


@pytest.fixture(params=["s3", "gcs"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """A place of its own for each test, without its key."""
    address = request.getfixturevalue(f"{request.param}_server")
    if request.param == "s3":
        return s3(address)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{address}")
    return {"gcs": {"bucket": "box"}}


def at(place: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {kind: {**fields, "key": key} for kind, fields in place.items()}


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store").using(SECRETS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "inner").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "inner" / "b.txt").write_text("b")
    return source


def save(store: ArtifactStore, location: dict[str, Any], source: Path, how: str = "tar") -> None:
    assert store.save(OutputArtifact("a", "/a", "", how, location=location), source)


def lay(store: ArtifactStore, location: dict[str, Any], target: Path, how: str = "tar") -> None:
    store.lay(InputArtifact("a", "/a", "", location, how), target)


@pytest.mark.parametrize("how", ["tar", "zip", "none"])
def test_a_folder_that_is_saved_comes_back(
    store: ArtifactStore, place: Mapping[str, Any], folder: Path, tmp_path: Path, how: str
) -> None:
    location = at(place, f"back/{how}")
    save(store, location, folder, how)
    lay(store, location, tmp_path / "target", how)
    assert (tmp_path / "target" / "inner" / "b.txt").read_text() == "b"


def test_the_files_below_a_key_are_listed_and_deleted(
    store: ArtifactStore, place: Mapping[str, Any], folder: Path
) -> None:
    location = at(place, "listed/")
    save(store, location, folder, "none")
    assert store.keys(location, "") == ["listed/a.txt", "listed/inner/b.txt"]
    store.delete(location, "")
    assert store.keys(location, "") == []
    store.delete(location, "")


def test_one_object_is_deleted(
    store: ArtifactStore, place: Mapping[str, Any], folder: Path, tmp_path: Path
) -> None:
    location = at(place, "one/a.txt")
    save(store, location, folder / "a.txt", "none")
    assert store.fetch(location, "", tmp_path / "got")
    store.delete(location, "")
    assert not store.fetch(location, "", tmp_path / "again")


def test_what_is_not_there_is_an_error_unless_optional(
    store: ArtifactStore, place: Mapping[str, Any], folder: Path, tmp_path: Path
) -> None:
    save(store, at(place, "there"), folder)
    location = at(place, "none/such")
    with pytest.raises(ExecutionError, match=r"input artifact a: .* not found"):
        lay(store, location, tmp_path / "target")
    store.lay(InputArtifact("a", "/a", "", location, is_optional=True), tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_bucket_that_is_not_there_is_named(
    store: ArtifactStore, s3_server: str, folder: Path
) -> None:
    location = s3(s3_server, bucket="nowhere", createBucketIfNotPresent=None)
    with pytest.raises(
        ExecutionError, match="output artifact a: s3 bucket 'nowhere': NoSuchBucket"
    ):
        save(store, location, folder)


def test_no_server_is_named(store: ArtifactStore, folder: Path) -> None:
    pytest.importorskip("minio")
    with pytest.raises(ExecutionError, match="output artifact a: s3 bucket 'box'"):
        save(store, s3("127.0.0.1:9"), folder)


def test_a_missing_secret_is_named(tmp_path: Path, folder: Path) -> None:
    pytest.importorskip("minio")
    with pytest.raises(ExecutionError, match='key "access" of secret "s3" not found'):
        save(ArtifactStore(tmp_path / "store"), s3("127.0.0.1:9"), folder)


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("hdfs", "WebHDFS"), ("oss", "an s3 artifact"), ("azure", "in s3"), ("plugin", "a cluster")],
)
def test_a_kind_that_cannot_be_reached_is_refused_with_a_way_out(
    store: ArtifactStore, tmp_path: Path, kind: str, hint: str
) -> None:
    with pytest.raises(ExecutionError, match=f"{kind} artifacts are not supported here: .*{hint}"):
        lay(store, {kind: {"key": "k"}}, tmp_path / "target")
