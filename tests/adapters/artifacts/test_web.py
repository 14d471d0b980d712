from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.adapters.loopback import Loopback, serving
from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.artifacts.drivers import Credentials
from toolkit.adapters.artifacts.web import http_driver
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import InputArtifact, OutputArtifact

BASIC = {
    "usernameSecret": {"name": "web", "key": "user"},
    "passwordSecret": {"name": "web", "key": "pass"},
}
SECRETS = {"web/user": "ann", "web/pass": "p@ss", "web/token-url": ""}
ANN = "Basic YW5uOnBAc3M="


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store").using(SECRETS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("content")
    return path


def put(store: ArtifactStore, location: dict[str, Any], source: Path) -> None:
    store.save(OutputArtifact("a", "/a", "", "none", location=location), source)


def get(store: ArtifactStore, location: dict[str, Any], target: Path, **fields: Any) -> str:
    store.lay(InputArtifact("a", "/a", "", location, **fields), target)
    return target.read_text()


@pytest.mark.parametrize("kind", ["http", "artifactory"])
def test_an_artifact_is_put_and_got_with_a_name_and_password(
    store: ArtifactStore, server: Loopback, file: Path, tmp_path: Path, kind: str
) -> None:
    auth = {"auth": {"basicAuth": BASIC}} if kind == "http" else BASIC
    location = {kind: {"url": f"{server.url}/x", **auth}}
    put(store, location, file)
    assert get(store, location, tmp_path / "got") == "GET "
    sent, fetched = server.asked
    assert (sent.method, sent.body, sent.header("authorization")) == ("PUT", b"content", ANN)
    assert fetched.header("authorization") == ANN


def test_headers_are_sent(store: ArtifactStore, server: Loopback, tmp_path: Path) -> None:
    headers = [{"name": "X-Custom", "value": "v"}]
    get(store, {"http": {"url": f"{server.url}/x", "headers": headers}}, tmp_path / "got")
    assert server.asked[0].header("x-custom") == "v"


def test_a_put_follows_where_the_server_sends_it(
    store: ArtifactStore, server: Loopback, file: Path
) -> None:
    put(store, {"http": {"url": f"{server.url}/to/307/there"}}, file)
    assert [(one.method, one.path, one.body) for one in server.asked] == [
        ("PUT", "/to/307/there", b"content"),
        ("PUT", "/there", b"content"),
    ]


def test_oauth2_asks_for_a_token_first(
    tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    oauth2 = {
        "clientIDSecret": {"name": "web", "key": "user"},
        "clientSecretSecret": {"name": "web", "key": "pass"},
        "tokenURLSecret": {"name": "web", "key": "url"},
        "scopes": ["some", "scopes"],
        "endpointParams": [{"key": "custom", "value": "v"}],
    }
    store = ArtifactStore(tmp_path / "store").using(
        {**SECRETS, "web/url": f"{server.url}/token/t-1"}
    )
    get(store, {"http": {"url": f"{server.url}/x", "auth": {"oauth2": oauth2}}}, tmp_path / "got")
    asked, fetched = server.asked
    assert asked.body == b"grant_type=client_credentials&scope=some+scopes&custom=v"
    assert asked.header("authorization") == ANN
    assert fetched.header("authorization") == "Bearer t-1"


def test_what_is_not_there_may_be_optional(
    store: ArtifactStore, server: Loopback, tmp_path: Path
) -> None:
    location = {"http": {"url": f"{server.url}/status/404"}}
    store.lay(InputArtifact("a", "/a", "", location, is_optional=True), tmp_path / "got")
    with pytest.raises(ExecutionError, match="input artifact a: http not found"):
        get(store, location, tmp_path / "got")


def test_a_refusal_names_the_address_and_no_password(
    store: ArtifactStore, server: Loopback, tmp_path: Path
) -> None:
    url = server.url.replace("//", "//ann:secret@") + "/status/403?token=t"
    with pytest.raises(ExecutionError) as caught:
        get(store, {"http": {"url": url}}, tmp_path / "got")
    assert str(caught.value) == f"input artifact a: {server.url}/status/403: 403 Forbidden"


def test_neither_lists_nor_deletes(store: ArtifactStore, server: Loopback) -> None:
    location = {"http": {"url": server.url}}
    with pytest.raises(ExecutionError, match="cannot be listed"):
        store.keys(location, "")
    with pytest.raises(ExecutionError, match="cannot be deleted"):
        store.delete(location, "")


def test_the_mode_of_a_folder_goes_down_where_asked(store: ArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "run.sh").write_text("#!/bin/sh\n")
    store.save(OutputArtifact("a", "/a", "k"), source)
    store.lay(InputArtifact("a", "/a", "k", {}, mode=0o755, recurse_mode=True), tmp_path / "got")
    assert (tmp_path / "got" / "run.sh").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(("level", "is_small"), [(0, False), (9, True)])
def test_the_level_of_compression_is_the_templates(
    store: ArtifactStore, tmp_path: Path, level: int, is_small: bool
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 100_000)
    store.save(OutputArtifact("a", "/a", "k.tgz", compression=level), source)
    assert ((tmp_path / "store" / "k.tgz").stat().st_size < 10_000) is is_small


def certificate() -> tuple[str, str]:
    """A certificate and its key, as texts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")])
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return made.public_bytes(pem).decode(), private.decode()


def test_a_client_shows_its_certificate() -> None:
    shown, key = certificate()
    _, other = certificate()
    auth = {
        "clientCertSecret": {"name": "web", "key": "cert"},
        "clientKeySecret": {"name": "web", "key": "key"},
    }
    fields = {"url": "https://host/x", "auth": {"clientCert": auth}}
    http_driver(fields, Credentials({"web/cert": shown, "web/key": key}))
    with pytest.raises(ExecutionError, match="do not fit"):
        http_driver(fields, Credentials({"web/cert": shown, "web/key": other}))
