"""Where artifacts can be, by the name of the field that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from toolkit.errors import ExecutionError
from toolkit.workflow.admission.supported import PLACES

Fields = Mapping[str, Any]


class Credentials:
    """The values of the Secrets that a location refers to, by ``name/key``."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, fields: Fields, field: str) -> str:
        """The value behind a SecretKeySelector; "" where the field is not given. Raises
        ExecutionError where there is no such Secret.
        """
        selector = fields.get(field)
        if not selector:
            return ""
        name, key = selector.get("name"), selector.get("key")
        value = self._values.get(f"{name}/{key}")
        if value is None and not selector.get("optional"):
            raise ExecutionError(f'key "{key}" of secret "{name}" not found')
        return value or ""


class Driver(Protocol):
    """One place. Raises ExecutionError where it cannot be reached or refuses."""

    def load(self, target: Path) -> bool:
        """Puts the file or folder at ``target``, where nothing is; False where there is none."""
        ...

    def save(self, source: Path) -> None:
        """Keeps the file or folder; what was there is replaced."""
        ...

    def delete(self) -> None:
        """Removes it; what is not there is removed already."""
        ...

    def keys(self) -> list[str]:
        """The keys of the files below the place, sorted."""
        ...


def driver_for(location: Mapping[str, Fields], credentials: Credentials) -> Driver:
    """``location`` has one entry, as Argo's ArtifactLocation. Raises ExecutionError for a kind
    that cannot be reached from here.
    """
    kind, fields = next(iter(location.items()))
    if kind not in _DRIVERS:
        reason = PLACES.get(kind, "they are not known")
        raise ExecutionError(f"{kind} artifacts are not supported here: {reason}")
    return _DRIVERS[kind](fields, credentials)


def _s3(fields: Fields, credentials: Credentials) -> Driver:
    from toolkit.adapters.artifacts.s3 import S3Driver  # a library that few need

    return S3Driver(fields, credentials)


def _gcs(fields: Fields, credentials: Credentials) -> Driver:
    from toolkit.adapters.artifacts.gcs import GcsDriver  # a library that few need

    return GcsDriver(fields, credentials)


def _http(fields: Fields, credentials: Credentials) -> Driver:
    from toolkit.adapters.artifacts.web import http_driver

    return http_driver(fields, credentials)


def _artifactory(fields: Fields, credentials: Credentials) -> Driver:
    from toolkit.adapters.artifacts.web import artifactory_driver

    return artifactory_driver(fields, credentials)


def _git(fields: Fields, credentials: Credentials) -> Driver:
    from toolkit.adapters.artifacts.checkout import GitDriver  # GitPython takes 150 ms

    return GitDriver(fields, credentials)


_DRIVERS: Final[Mapping[str, Callable[[Fields, Credentials], Driver]]] = {
    "s3": _s3, "gcs": _gcs, "http": _http, "artifactory": _artifactory, "git": _git,
}  # fmt: skip


def extra_is_missing(kind: str, extra: str) -> ExecutionError:
    """The error where an optional library is not installed."""
    return ExecutionError(
        f"{kind} artifacts need a client that is not installed",
        hints=[f"pip install 'gitops-toolkit[{extra}]'"],
    )
