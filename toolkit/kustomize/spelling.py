"""How values are spelled in the files of an object and its patch, looked up only when asked."""

from __future__ import annotations

from toolkit.kustomize.item import Item, text_of
from toolkit.kustomize.merge import Path
from toolkit.kustomize.session import Session
from toolkit.yaml.scalars import resolve_resource
from toolkit.yaml.styles import syntax_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.yaml.raw import RawScalar


class FileSpelling:
    """For the merge of ``patch``, which stands in ``patch_text``, into ``item``."""

    __slots__ = ("_item", "_patch", "_patch_text", "_session")

    def __init__(self, session: Session, item: Item, patch: Item, patch_text: str) -> None:
        self._session = session
        self._item = item
        self._patch = patch
        self._patch_text = patch_text

    def is_quoted(self, path: Path, text: str) -> bool:
        if not text or not isinstance(resolve_resource(text), str):
            return True  # without quotes it would be no text
        if self._item.is_rewritten and not syntax_of(text).is_plain_allowed:
            return True  # written anew, it could only be in quotes
        scalar = self._written(path) or self._patched(path)
        return scalar is not None and not scalar.is_plain

    def is_blank(self, path: Path) -> bool:
        scalar = self._written(path)
        return scalar is not None and not scalar.text

    def remember(self) -> None:
        """To be called after the merge: the patch's spelling is the object's from now on."""
        self._item.merged_patches.append((self._patch_text, self._patch.origin.document))
        self._item.rewritten_annotations |= self._patch.rewritten_annotations

    def in_patch(self, path: Path, value: Any) -> str:
        from toolkit.yaml.raw import raw_scalar

        scalar = raw_scalar(self._patch_text, self._patch.origin.document, path)
        return text_of(value) if scalar is None else scalar.text

    def _patched(self, path: Path) -> RawScalar | None:
        """The scalar in the first earlier patch that has it: later ones keep its quotes."""
        from toolkit.yaml.raw import raw_scalar

        for text, document in self._item.merged_patches:
            scalar = raw_scalar(text, document, path)
            if scalar is not None:
                return scalar
        return None

    def _written(self, path: Path) -> RawScalar | None:
        """The scalar in the object's own file; None for one that a step wrote anew."""
        from toolkit.yaml.raw import raw_scalar

        origin = self._item.origin
        if self._item.is_rewritten or origin.document < 0:
            return None
        return raw_scalar(self._session.tree.read(origin.path), origin.document, path)
