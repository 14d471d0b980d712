"""Google Cloud Storage, by Google's client."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.adapters.artifacts.drivers import Credentials, Fields, extra_is_missing
from toolkit.errors import ExecutionError

try:
    import requests
    from google.api_core.exceptions import GoogleAPIError, NotFound
    from google.auth import credentials as identities
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import storage
except ImportError as error:
    raise extra_is_missing("gcs", "gcs") from error


class GcsDriver:
    """One key of a bucket: an object, or all objects below it as a folder."""

    def __init__(self, fields: Fields, credentials: Credentials) -> None:
        self._name = str(fields.get("bucket") or "")
        self._key = str(fields.get("key") or "").lstrip("/")
        with _wrapped(self._name):
            account = credentials.get(fields, "serviceAccountKeySecret")
            self._bucket: Any = _client(account).bucket(self._name)

    def load(self, target: Path) -> bool:
        with _wrapped(self._name):
            blob = self._bucket.blob(self._key)
            try:
                content = blob.open("rb") if blob.exists() else None
            except NotFound:
                content = None
            if content is None:
                return self._load_folder(target)
            content.close()
            blob.download_to_filename(str(target))
            return True

    def save(self, source: Path) -> None:
        with _wrapped(self._name):
            if not source.is_dir():
                self._bucket.blob(self._key).upload_from_filename(str(source))
                return
            for path in sorted(path for path in source.rglob("*") if path.is_file()):
                key = f"{self._key.rstrip('/')}/{path.relative_to(source)}"
                self._bucket.blob(key).upload_from_filename(str(path))

    def delete(self) -> None:
        """The object of that key, or where it is a folder all that is below."""
        with _wrapped(self._name):
            for key in self._below() or [self._key]:
                try:
                    self._bucket.blob(key).delete()
                except NotFound:
                    continue

    def keys(self) -> list[str]:
        with _wrapped(self._name):
            return self._below()

    def _load_folder(self, target: Path) -> bool:
        prefix = f"{self._key.rstrip('/')}/"
        keys = self._below()
        for key in keys:
            path = target / key.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._bucket.blob(key).download_to_filename(str(path))
        return bool(keys)

    def _below(self) -> list[str]:
        prefix = f"{self._key.rstrip('/')}/" if self._key else None
        names = (str(blob.name) for blob in self._bucket.list_blobs(prefix=prefix))
        return sorted(name for name in names if not name.endswith("/"))


def _client(account: str) -> storage.Client:
    """By the service account's key; else by the machine's own credentials. An emulator
    (STORAGE_EMULATOR_HOST) asks for none.
    """
    if account:
        return storage.Client.from_service_account_info(json.loads(account))
    if os.environ.get("STORAGE_EMULATOR_HOST"):
        return storage.Client(project="emulated", credentials=_nobody())
    return storage.Client()


def _nobody() -> Any:
    anonymous: Any = identities.AnonymousCredentials
    return anonymous()


@contextmanager
def _wrapped(bucket: str) -> Iterator[None]:
    try:
        yield
    except (GoogleAPIError, GoogleAuthError, requests.RequestException, ValueError) as error:
        raise ExecutionError(f"gcs bucket {bucket!r}: {error}") from error
