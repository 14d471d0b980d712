"""The objects of an environment, from which workflows take templates and ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.resource.resource import Body
from toolkit.workflow.locks.desk import UNLIMITED, config_map_limit, database_limit
from toolkit.workflow.locks.locks import DATABASE, Lock
from toolkit.workflow.spec.library import (
    CLUSTER_WORKFLOW_TEMPLATE,
    CONFIG_MAP,
    WORKFLOW_TEMPLATE,
    Library,
    Reference,
    missing,
)
from toolkit.workflow.spec.repositories import default_key_of

_KINDS = (WORKFLOW_TEMPLATE, CLUSTER_WORKFLOW_TEMPLATE, CONFIG_MAP)


class Stock:
    """Rendered objects by kind and name. ``semaphores``: the limits of ``database`` semaphores;
    None: they keep nobody waiting.
    """

    def __init__(
        self,
        bodies: Iterable[Mapping[str, Any]],
        semaphores: Mapping[str, int] | None = None,
    ) -> None:
        self._semaphores = semaphores
        self._bodies: dict[Reference, Body] = {}
        for body in bodies:
            if body.get("kind") in _KINDS:
                name = str((body.get("metadata") or {}).get("name") or "")
                self._bodies[Reference(str(body["kind"]), name)] = dict(body)

    def library_for(self, workflow: Body) -> Library:
        """All that the workflow refers to, and what that refers to; no more."""
        library = Library()
        while wanted := missing(workflow, library):
            library = self._with(library, wanted)
        return library

    def limit_of(self, lock: Lock) -> int:
        """A semaphore's limit as rendered. Raises NotFoundError and RefusedError."""
        if lock.kind == DATABASE:
            limits = self._semaphores
            return UNLIMITED if limits is None else database_limit(lock, limits)
        body = self._bodies.get(Reference(CONFIG_MAP, lock.name))
        return config_map_limit(lock, None if body is None else body.get("data") or {})

    def _with(self, library: Library, wanted: Iterable[Reference]) -> Library:
        templates, config_maps = dict(library.templates), dict(library.config_maps)
        absent, default_keys = set(library.absent), dict(library.default_keys)
        for reference in wanted:
            body = self._bodies.get(reference)
            if body is None:
                absent.add(reference)
            elif reference.kind == CONFIG_MAP:
                config_maps[reference.name] = dict(body.get("data") or {})
                default_keys[reference.name] = default_key_of(body)
            else:
                templates[(reference.kind, reference.name)] = body
        return Library(templates, config_maps, frozenset(absent), default_keys)
