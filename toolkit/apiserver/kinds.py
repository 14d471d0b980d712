"""The kinds a cluster serves: those built in, and those its CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from toolkit.errors import NotFoundError
from toolkit.resource.cluster import ServedKind
from toolkit.resource.identity import GroupVersionKind


@dataclass(frozen=True, slots=True)
class Kind:
    """One served version of a kind. ``plural`` is the REST resource.

    ``has_status``: there is a status subresource, so plain writes leave ``status`` alone and
    writes to it change nothing else. ``is_custom``: Argo's and CRD kinds, which take no strategic
    merge patch. ``definition``: the CRD version's own object, for kinds that come from one.
    ``is_review``: a question that is answered and not stored. ``stored_as``: the API version in
    which objects are stored, where several are served.
    """

    gvk: GroupVersionKind
    plural: str
    is_namespaced: bool = True
    short_names: tuple[str, ...] = ()
    has_status: bool = False
    is_custom: bool = False
    categories: tuple[str, ...] = ()
    definition: dict[str, Any] | None = None
    is_review: bool = False
    stored_as: str = ""

    @property
    def storage(self) -> str:
        """The kind as the store knows it: versions share storage."""
        return storage_of(self.gvk)

    @property
    def resource(self) -> str:
        """For messages: ``cronworkflows.argoproj.io``, ``configmaps``."""
        return f"{self.plural}.{self.gvk.group}" if self.gvk.group else self.plural

    @property
    def singular(self) -> str:
        return self.gvk.kind.lower()

    @property
    def served(self) -> ServedKind:
        return ServedKind(self.gvk, self.plural, self.is_namespaced, self.short_names)


class KindIndex:
    """Served kinds in order of preference, by type and by REST resource."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._by_gvk: dict[GroupVersionKind, Kind] = {}
        for kind in kinds:
            self._by_gvk.setdefault(kind.gvk, kind)
        self._by_resource = {
            (kind.gvk.group, kind.gvk.version, kind.plural): kind for kind in self._by_gvk.values()
        }
        self._by_storage: dict[str, Kind] = {}
        for kind in self._by_gvk.values():
            self._by_storage.setdefault(kind.storage, kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_gvk.values())

    def by_type(self, gvk: GroupVersionKind) -> Kind:
        """Raises NotFoundError, with a close name where there is one."""
        kind = self._by_gvk.get(gvk)
        if kind is None:
            raise NotFoundError(
                f'no matches for kind "{gvk.kind}" in version "{gvk.api_version}"',
                hints=self._close_kinds(gvk),
            )
        return kind

    def find(self, gvk: GroupVersionKind) -> Kind | None:
        """As :meth:`by_type`; None for a kind that is not served."""
        return self._by_gvk.get(gvk)

    def by_resource(self, group: str, version: str, plural: str) -> Kind | None:
        return self._by_resource.get((group, version, plural))

    def by_storage(self, storage: str) -> Kind | None:
        """The preferred version of a stored kind; None where it is not served any more."""
        return self._by_storage.get(storage)

    def _close_kinds(self, gvk: GroupVersionKind) -> list[str]:
        names = {str(kind.gvk): kind for kind in self}
        same = [name for name, kind in names.items() if kind.gvk.kind == gvk.kind]
        close = same or get_close_matches(str(gvk), names, n=1)
        return [f"did you mean {close[0]}?"] if close else []


def storage_of(gvk: GroupVersionKind) -> str:
    """The storage name of a kind: ``<group>/<Kind>``."""
    return f"{gvk.group}/{gvk.kind}"
