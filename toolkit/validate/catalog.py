"""The objects of a rendered environment that others refer to, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from toolkit.validate.shapes import Fields, fields_of, text_of
from toolkit.validate.spec import WorkflowSpec, workflow_spec

_INDEXED: Final = frozenset(
    {
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("argoproj.io/v1alpha1", "WorkflowTemplate"),
        ("argoproj.io/v1alpha1", "ClusterWorkflowTemplate"),
        ("argoproj.io/v1alpha1", "CronWorkflow"),
    }
)


class Catalog:
    """Looks up what references point to. ``is_complete``: whether what is not in it does not
    exist; rules about missing objects hold only then.
    """

    def __init__(self, bodies: Iterable[Mapping[str, Any]], *, is_complete: bool = True) -> None:
        self.is_complete = is_complete
        self._bodies: dict[tuple[str, str], list[Fields]] = {}
        for body in bodies:
            kind = str(body.get("kind"))
            if (str(body.get("apiVersion")), kind) in _INDEXED:
                name = text_of(fields_of(body.get("metadata")).get("name"))
                self._bodies.setdefault((kind, name), []).append(body)
        self._specs: dict[tuple[str, str, str], WorkflowSpec | None] = {}

    def find(self, kind: str, name: str, namespace: str) -> Fields | None:
        """The object as seen from ``namespace``; "" on either side matches any."""
        for body in self._bodies.get((kind, name), ()):
            there = text_of(fields_of(body.get("metadata")).get("namespace"))
            if not there or not namespace or there == namespace:
                return body
        return None

    def workflow_template(
        self, name: str, namespace: str, *, is_cluster_scoped: bool
    ) -> WorkflowSpec | None:
        """The spec of a WorkflowTemplate or ClusterWorkflowTemplate."""
        kind = "ClusterWorkflowTemplate" if is_cluster_scoped else "WorkflowTemplate"
        key = (kind, name, "" if is_cluster_scoped else namespace)
        if key not in self._specs:
            body = self.find(kind, name, key[2])
            self._specs[key] = workflow_spec(body) if body is not None else None
        return self._specs[key]

    def names(self, kind: str) -> tuple[str, ...]:
        """All names of a kind, sorted: for suggestions."""
        return tuple(sorted(name for known, name in self._bodies if known == kind))
