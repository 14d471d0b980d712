"""The objects of an environment, from which workflows take templates and ConfigMaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.resource.resource import Body
from toolkit.workflow.library import (
    CLUSTER_WORKFLOW_TEMPLATE,
    CONFIG_MAP,
    WORKFLOW_TEMPLATE,
    Library,
    Reference,
    missing,
)

_KINDS = (WORKFLOW_TEMPLATE, CLUSTER_WORKFLOW_TEMPLATE, CONFIG_MAP)


class Stock:
    """Rendered objects by kind and name."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]]) -> None:
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

    def _with(self, library: Library, wanted: Iterable[Reference]) -> Library:
        templates, config_maps = dict(library.templates), dict(library.config_maps)
        absent = set(library.absent)
        for reference in wanted:
            body = self._bodies.get(reference)
            if body is None:
                absent.add(reference)
            elif reference.kind == CONFIG_MAP:
                config_maps[reference.name] = dict(body.get("data") or {})
            else:
                templates[(reference.kind, reference.name)] = body
        return Library(templates, config_maps, frozenset(absent))
