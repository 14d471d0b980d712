"""What a verb is given: the request as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum

from toolkit.apiserver.kinds import Kind, KindIndex
from toolkit.apiserver.store import ObjectKey


class FieldValidation(Enum):
    """What happens to fields the kind's schema does not know."""

    STRICT = "Strict"
    WARN = "Warn"
    IGNORE = "Ignore"


class Propagation(Enum):
    """What a deletion does to the objects that name the deleted one as their owner."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a pure verb cannot make: the time, uids, and the random end of a generated name."""

    now: datetime
    new_uid: Callable[[], str]
    new_suffix: Callable[[], str]

    @property
    def timestamp(self) -> str:
        """RFC 3339 in UTC, whole seconds, as Kubernetes writes times."""
        return self.now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Options:
    """Of a write. ``force``: take fields from other managers (server-side apply)."""

    field_manager: str = "unknown"
    field_validation: FieldValidation = FieldValidation.WARN
    dry_run: bool = False
    force: bool = False


DEFAULT_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one logical cluster. ``name`` "" where the kind as a whole is meant.

    ``warnings`` collects what the answer is to warn of; the caller of a verb owns it.
    """

    cluster: str
    kinds: KindIndex
    kind: Kind
    namespace: str
    name: str
    fresh: Fresh
    options: Options = DEFAULT_OPTIONS
    subresource: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.cluster, self.kind.storage, self.namespace, self.name)

    @property
    def resource_name(self) -> str:
        """For messages: ``configmaps "x"``."""
        return f'{self.kind.resource} "{self.name}"'

    def at(self, kind: Kind, namespace: str, name: str) -> Call:
        """The same request turned to another object."""
        return replace(self, kind=kind, namespace=namespace, name=name, subresource="")
