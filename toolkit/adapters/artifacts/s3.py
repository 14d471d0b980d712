"""S3 and what speaks it, by minio's client, which is the one Argo uses too."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from toolkit.adapters.artifacts.drivers import Credentials, Fields, extra_is_missing
from toolkit.errors import ExecutionError

try:
    import urllib3
    from minio import Minio
    from minio.credentials import (
        AssumeRoleProvider,
        AWSConfigProvider,
        ChainedProvider,
        EnvAWSProvider,
        IamAwsProvider,
        Provider,
        StaticProvider,
    )
    from minio.error import MinioException, S3Error
    from minio.sse import Sse, SseCustomerKey, SseKMS, SseS3
except ImportError as error:
    raise extra_is_missing("s3", "s3") from error

_AWS: Final = "s3.amazonaws.com"
_ABSENT: Final = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_OURS_ALREADY: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
_KEY_BYTES: Final = 32


class S3Driver:
    """One key of a bucket: an object, or all objects below it as a folder."""

    def __init__(self, fields: Fields, credentials: Credentials) -> None:
        self._fields = fields
        self._bucket = str(fields.get("bucket") or "")
        self._key = str(fields.get("key") or "").lstrip("/")
        self._encryption = _encryption(fields, credentials)
        with _wrapped(self._bucket):
            self._pool = _pool(fields, credentials)
            self._client = _client(fields, credentials, self._pool)

    def load(self, target: Path) -> bool:
        with self._connected():
            try:
                self._get(self._key, target)
            except S3Error as error:
                if error.code not in _ABSENT:
                    raise
                return self._load_folder(target)
            return True

    def save(self, source: Path) -> None:
        with self._connected():
            self._make_bucket()
            if not source.is_dir():
                self._put(self._key, source)
                return
            for path in sorted(path for path in source.rglob("*") if path.is_file()):
                self._put(f"{self._key.rstrip('/')}/{path.relative_to(source)}", path)

    def delete(self) -> None:
        """A key that ends with "/" is a folder, as in Argo."""
        with self._connected():
            keys = self._below() if self._key.endswith("/") else [self._key]
            for key in keys:
                self._client.remove_object(bucket_name=self._bucket, object_name=key)

    def keys(self) -> list[str]:
        with self._connected():
            return self._below()

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """A driver serves once: it keeps no connection."""
        try:
            with _wrapped(self._bucket):
                yield
        finally:
            self._pool.clear()

    def _load_folder(self, target: Path) -> bool:
        prefix = f"{self._key.rstrip('/')}/"
        keys = self._below()
        for key in keys:
            self._get(key, target / key.removeprefix(prefix))
        return bool(keys)

    def _below(self) -> list[str]:
        prefix = f"{self._key.rstrip('/')}/" if self._key else ""
        found = self._client.list_objects(bucket_name=self._bucket, prefix=prefix, recursive=True)
        names = (str(one.object_name) for one in found)
        return sorted(name for name in names if not name.endswith("/"))

    def _get(self, key: str, target: Path) -> None:
        ssec = self._encryption if isinstance(self._encryption, SseCustomerKey) else None
        self._client.fget_object(
            bucket_name=self._bucket, object_name=key, file_path=str(target), ssec=ssec
        )

    def _put(self, key: str, source: Path) -> None:
        self._client.fput_object(
            bucket_name=self._bucket, object_name=key, file_path=str(source), sse=self._encryption
        )

    def _make_bucket(self) -> None:
        options = self._fields.get("createBucketIfNotPresent")
        if options is None:
            return
        try:
            region = str(self._fields.get("region") or "") or None
            locking = bool(options.get("objectLocking"))
            self._client.make_bucket(bucket_name=self._bucket, location=region, object_lock=locking)
        except S3Error as error:
            if error.code not in _OURS_ALREADY:
                raise


def _client(fields: Fields, credentials: Credentials, pool: Any) -> Minio:
    client = Minio(
        str(fields.get("endpoint") or _AWS),
        region=str(fields.get("region") or "") or None,
        secure=not fields.get("insecure"),
        credentials=_provider(fields, credentials),
        http_client=pool,
    )
    style = str(fields.get("addressingStyle") or "").lower()
    if style in {"dns", "virtual-hosted"}:
        client.enable_virtual_style_endpoint()
    elif style == "path":
        client.disable_virtual_style_endpoint()
    return client


def _provider(fields: Fields, credentials: Credentials) -> Provider | None:
    """None is anonymous."""
    own = _own_provider(fields, credentials)
    if own is None or not fields.get("roleARN"):
        return own
    known = own.retrieve()
    return AssumeRoleProvider(
        sts_endpoint="https://sts.amazonaws.com",
        access_key=known.access_key,
        secret_key=known.secret_key,
        region=str(fields.get("region") or "us-east-1"),
        role_arn=str(fields["roleARN"]),
        role_session_name="gitops",
    )


def _own_provider(fields: Fields, credentials: Credentials) -> Provider | None:
    access = credentials.get(fields, "accessKeySecret")
    secret = credentials.get(fields, "secretKeySecret")
    if access and secret:
        token = credentials.get(fields, "sessionTokenSecret") or None
        return StaticProvider(access, secret, token)
    if fields.get("useSDKCreds") or fields.get("roleARN"):
        return ChainedProvider([EnvAWSProvider(), AWSConfigProvider(), IamAwsProvider()])
    return None


def _pool(fields: Fields, credentials: Credentials) -> Any:
    """Few retries: a step waits for its artifacts, and its retryStrategy knows better."""
    authority = credentials.get(fields, "caSecret")
    context = urllib3.util.ssl_.create_urllib3_context()
    if authority:
        context.load_verify_locations(cadata=authority)
    else:
        context.load_default_certs()
    retries = urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
    timeout = urllib3.Timeout(connect=10, read=300)
    return urllib3.PoolManager(retries=retries, timeout=timeout, ssl_context=context)


def _encryption(fields: Fields, credentials: Credentials) -> Sse | None:
    options: Fields = fields.get("encryptionOptions") or {}
    if not options.get("enableEncryption"):
        return None
    customer = credentials.get(options, "serverSideCustomerKeySecret")
    if customer:
        key = customer.encode()
        if len(key) != _KEY_BYTES:
            try:
                key = base64.b64decode(key, validate=True)
            except ValueError as error:
                raise ExecutionError("the customer key of S3 has not 32 bytes") from error
        return SseCustomerKey(key)
    if options.get("kmsKeyId"):
        return SseKMS(str(options["kmsKeyId"]), _context(options))
    return SseS3()


def _context(options: Fields) -> dict[str, Any]:
    """``kmsEncryptionContext`` is a JSON text."""
    try:
        context = json.loads(str(options.get("kmsEncryptionContext") or "{}"))
    except ValueError as error:
        raise ExecutionError(f"kmsEncryptionContext of S3 is no JSON: {error}") from error
    if not isinstance(context, dict):
        raise ExecutionError("kmsEncryptionContext of S3 is no JSON object")
    return context


@contextmanager
def _wrapped(bucket: str) -> Iterator[None]:
    try:
        yield
    except S3Error as error:
        raise ExecutionError(f"s3 bucket {bucket!r}: {error.code}: {error.message}") from error
    except (MinioException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
        raise ExecutionError(f"s3 bucket {bucket!r}: {error}") from error
