"""What the options of an S3 artifact make of minio's client."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.adapters.artifacts.drivers import Credentials
from toolkit.errors import ExecutionError

minio = pytest.importorskip("minio")

SECRETS = {"s/access": "a", "s/secret": "b", "s/token": "t", "s/key": "k" * 32, "s/short": "k"}


def reference(key: str) -> dict[str, str]:
    return {"name": "s", "key": key}


OWN = {"accessKeySecret": reference("access"), "secretKeySecret": reference("secret")}


def driver(**fields: Any) -> Any:
    from toolkit.adapters.artifacts.s3 import S3Driver

    return S3Driver({"bucket": "box", "key": "/k", **fields}, Credentials(SECRETS))


def identity(driver: Any) -> tuple[str | None, ...]:
    known = driver._client._provider.retrieve()
    return known.access_key, known.secret_key, known.session_token


def test_without_secrets_nobody_asks() -> None:
    assert driver()._client._provider is None


def test_keys_and_a_session_come_from_secrets() -> None:
    assert identity(driver(**OWN)) == ("a", "b", None)
    assert identity(driver(**OWN, sessionTokenSecret=reference("token"))) == ("a", "b", "t")


def test_the_machines_own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    assert identity(driver(useSDKCreds=True)) == ("own", "key", None)


def test_a_role_is_assumed_with_what_is_known() -> None:
    provider = driver(**OWN, roleARN="arn:aws:iam::1:role/r")._client._provider
    assert isinstance(provider, minio.credentials.AssumeRoleProvider)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"endpoint": "store:9000", "insecure": True}, "http://store:9000/box/k"),
        ({"endpoint": "store:9000"}, "https://store:9000/box/k"),
        (
            {"endpoint": "store.example", "addressingStyle": "dns", "insecure": True},
            "http://box.store.example/k",
        ),
        (
            {"region": "eu-west-1", "addressingStyle": "path"},
            "https://s3.eu-west-1.amazonaws.com/box/k",
        ),
    ],
)
def test_where_requests_go(fields: dict[str, Any], url: str) -> None:
    base = driver(**fields)._client._base_url
    built = base.build(
        method="GET", region=fields.get("region", "us-east-1"), bucket_name="box", object_name="k"
    )
    assert f"{built.scheme}://{built.netloc}{built.path}" == url


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({}, {"X-Amz-Server-Side-Encryption": "AES256"}),
        (
            {"kmsKeyId": "key", "kmsEncryptionContext": '{"team": "data"}'},
            {
                "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "key",
                "X-Amz-Server-Side-Encryption": "aws:kms",
                "X-Amz-Server-Side-Encryption-Context": "eyJ0ZWFtIjogImRhdGEifQ==",
            },
        ),
    ],
)
def test_the_server_encrypts(options: dict[str, Any], headers: dict[str, str]) -> None:
    encryption = driver(encryptionOptions={"enableEncryption": True, **options})._encryption
    assert encryption.headers() == headers


def test_a_key_of_ones_own_encrypts_and_has_32_bytes() -> None:
    own = {"enableEncryption": True, "serverSideCustomerKeySecret": reference("key")}
    headers = driver(encryptionOptions=own)._encryption.headers()
    assert headers["X-Amz-Server-Side-Encryption-Customer-Algorithm"] == "AES256"
    with pytest.raises(ExecutionError, match="32 bytes"):
        driver(encryptionOptions={**own, "serverSideCustomerKeySecret": reference("short")})


def test_encryption_that_is_not_enabled_is_none() -> None:
    assert driver(encryptionOptions={"kmsKeyId": "key"})._encryption is None


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_context_is_named(text: str) -> None:
    options = {"enableEncryption": True, "kmsKeyId": "k", "kmsEncryptionContext": text}
    with pytest.raises(ExecutionError, match="kmsEncryptionContext"):
        driver(encryptionOptions=options)


def test_an_authority_that_is_none_is_refused() -> None:
    with pytest.raises(ExecutionError, match="s3 bucket 'box'"):
        driver(caSecret=reference("short"))


def test_a_bucket_is_made_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    made_for = driver(createBucketIfNotPresent={"objectLocking": True}, region="eu-west-1")
    monkeypatch.setattr(made_for._client, "make_bucket", lambda **given: made.append(given))
    made_for._make_bucket()
    assert made == [{"bucket_name": "box", "location": "eu-west-1", "object_lock": True}]
