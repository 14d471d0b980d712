"""What a build did to one object, step by step: the source of ``gitops explain``.

A build without a recorder does none of this.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.objects.untagged import settle
from toolkit.kustomize.patches.jsonpatch import copied
from toolkit.kustomize.tracing.step import Step
from toolkit.resource.resource import Body, Origin


class Stage:
    """The object after ``step`` changed it; None for how it was first written."""

    __slots__ = ("body", "step")

    def __init__(self, step: Step | None, body: Body) -> None:
        self.step = step
        self.body = body


class Recorder:
    """Follows the objects of one kind that were first written at ``origin``: a document may be a
    List, so there can be several.
    """

    __slots__ = ("_kind", "_origin", "histories")

    def __init__(self, origin: Origin, kind: str) -> None:
        self._origin = origin
        self._kind = kind
        self.histories: list[tuple[Item, list[Stage]]] = []

    def record(self, step: Step | None, items: Iterable[Item]) -> None:
        """Looks at the objects after a step; None where they were just added."""
        known = {id(item): stages for item, stages in self.histories}
        for item in items:
            stages = known.get(id(item))
            if stages is None:
                if self._is_wanted(item):
                    self.histories.append(
                        (item, [Stage(step, settle(copied(item.body), is_final=False))])
                    )
                continue
            body = settle(copied(item.body), is_final=False)
            if stages[-1].body != body or _types(stages[-1].body) != _types(body):
                stages.append(Stage(step, body))

    def _is_wanted(self, item: Item) -> bool:
        origin = item.origin
        return (
            item.kind == self._kind
            and origin.path == self._origin.path
            and origin.document == self._origin.document
        )


def _types(value: object) -> object:
    """Tells true from 1, which are equal."""
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_types(item) for item in value]
    return type(value)
