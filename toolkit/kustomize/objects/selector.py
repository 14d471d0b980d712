"""Which objects a patch or replacement is for.

Texts are regular expressions for the whole value; labels and annotations are selected as
Kubernetes selects labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from toolkit.errors import BuildError
from toolkit.kustomize.golang.regexp import GoRegexpError, go_regexp
from toolkit.kustomize.objects.item import Item, Key, strings_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.objects.label_selector import Labels, Requirement

_WORD = re.compile(r"[A-Za-z0-9_-]+\Z")

FIELDS = ("group", "version", "kind", "name", "namespace")


class Selector:
    """Decoded from a map with any of :data:`FIELDS`, labelSelector, annotationSelector.
    ``kind`` and ``name`` are what they must be, where that is one text; else "".
    """

    __slots__ = ("_annotations", "_labels", "_patterns", "kind", "name", "text")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._patterns = {name: _pattern(name, fields.get(name, "")) for name in FIELDS}
        self._labels = _requirements(fields.get("labelSelector", ""))
        self._annotations = _requirements(fields.get("annotationSelector", ""))
        self.kind = _literal(fields.get("kind", ""))
        self.name = _literal(fields.get("name", ""))
        self.text = ", ".join(f"{name} {value!r}" for name, value in fields.items() if value)

    @property
    def has_identity(self) -> bool:
        return any(pattern is not None for pattern in self._patterns.values())

    @property
    def has_labels(self) -> bool:
        return bool(self._labels or self._annotations)

    def matches(self, item: Item) -> bool:
        """The present kind; the original or the present name and namespace; labels. The answer
        of the labels is left in the object's trail.
        """
        _, _, _, namespace, name = item.original
        is_meant = (
            self._is("kind", item.kind)
            and (self._is("name", name) or self._is("name", item.name))
            and (self._is("namespace", namespace) or self._is("namespace", item.key[3]))
            and self._is("group", item.group)
            and self._is("version", item.version)
        )
        if not is_meant or not self.has_labels:
            return is_meant
        is_selected = self.matches_labels(item)
        item.trail.append(is_selected)
        return is_selected

    def matches_labels(self, item: Item) -> bool:
        if self._labels and not _holds(self._labels, strings_at(item.body, "labels")):
            return False
        if not self._annotations:
            return True
        return _holds(self._annotations, strings_at(item.body, "annotations"))

    def matches_identity(self, key: Key) -> bool:
        """Every part of one identity, as it is written."""
        group, version, kind, namespace, name = key
        return (
            self._is("group", group)
            and self._is("version", version)
            and self._is("kind", kind)
            and self._is("name", name)
            and self._is("namespace", namespace)
        )

    def _is(self, field: str, value: str) -> bool:
        pattern = self._patterns[field]
        if pattern is None or pattern == value:
            return True
        return not isinstance(pattern, str) and pattern.match(value) is not None


def _literal(text: str) -> str:
    """A regular expression that only one text matches, or ""."""
    return text if _WORD.match(text) else ""


def _pattern(field: str, text: str) -> re.Pattern[str] | str | None:
    """None matches anything, a text only itself."""
    if not text or _WORD.match(text):
        return text or None
    try:
        return go_regexp(f"^(?:{text})$")
    except GoRegexpError as error:
        raise BuildError(
            f"{field} {text!r} is no regular expression: {error}",
            hints=["escape a literal character with a backslash"],
        ) from None


def _requirements(text: str) -> tuple[Requirement, ...]:
    if not text.strip():
        return ()
    from toolkit.kustomize.objects.label_selector import (
        parse_label_selector,  # few targets have one
    )

    return parse_label_selector(text)


def _holds(requirements: tuple[Requirement, ...], labels: Labels) -> bool:
    return all(requirement(labels) for requirement in requirements)
