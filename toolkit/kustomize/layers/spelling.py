"""How values are spelled in the files of an object and its patch, looked up only when asked."""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.kustomize.objects.item import Item, MergedPatch, text_of
from toolkit.kustomize.objects.untagged import Unquoted, Untagged, is_quoted_when_set, is_text
from toolkit.kustomize.patches.merge import Path
from toolkit.kustomize.sources.session import Session
from toolkit.yaml.scalars import reads_as_text, resolve_resource
from toolkit.yaml.styles import syntax_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.yaml.raw import RawScalar


_NAME: Path = ("metadata", "name")
_ANEW = frozenset({_NAME, ("metadata", "labels"), ("metadata", "annotations")})


class FileSpelling:
    """For the merge of ``patch``, which stands in ``written``, into ``item``."""

    __slots__ = ("_item", "_patch", "_session", "_written")

    def __init__(self, session: Session, item: Item, patch: Item, written: MergedPatch) -> None:
        self._session = session
        self._item = item
        self._patch = patch
        self._written = written

    def is_quoted(self, path: Path, text: str) -> bool:
        return _is_quoted(self._session, self._item, path, text)

    def untagged(self, parent: Any, key: Any, text: str) -> str:
        return FileScalars(self._session).untagged(self._item, parent, key, text)

    def is_blank(self, path: Path) -> bool:
        scalar = self._in_file(path)
        return scalar is not None and not scalar.text

    def remember(self) -> None:
        """To be called after the merge: the patch's spelling is the object's from now on."""
        self._item.merged_patches.append(self._written)
        self._item.rewritten_annotations |= self._patch.rewritten_annotations

    def in_patch(self, path: Path, value: Any) -> str:
        from toolkit.yaml.raw import raw_scalar

        scalar = raw_scalar(self._written.text, self._written.document, path)
        return text_of(value) if scalar is None else scalar.text

    def _in_file(self, path: Path) -> RawScalar | None:
        return written_scalar(self._session, self._item, path)


class FileScalars:
    """How the scalars of a build's objects are written: its files are read again to know."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def typed(self, item: Item, path: Path, value: Any) -> str:
        for scalar in (written_scalar(self._session, item, path), *_patched_scalars(item, path)):
            if scalar is None or not scalar.is_plain:
                continue
            found = resolve_resource(scalar.text)
            if found == value and type(found) is type(value):
                return scalar.text
        return text_of(value)

    def in_quotes(self, item: Item, parent: Any, key: Any) -> bool:
        text = parent[key]
        return isinstance(text, str) and _is_quoted(
            self._session, item, (*_path_to(item.body, parent), key), text
        )

    def untagged(self, item: Item, parent: Any, key: Any, text: str) -> str:
        if not is_text(text) and self.in_quotes(item, parent, key):
            return text
        item.has_untagged = True
        return Untagged(text)


def _is_quoted(session: Session, item: Item, path: Path, text: str) -> bool:
    if isinstance(text, Unquoted) or (isinstance(text, Untagged) and not is_text(text)):
        return False
    is_plain = isinstance(text, Untagged) or (bool(text) and reads_as_text(text))
    if item.is_rewritten:
        # written anew, it has quotes where it could not be without
        if not is_plain or not syntax_of(text).is_plain_allowed:
            return True
        scalar = next(_patched_scalars(item, path), None)
        return scalar is not None and not scalar.is_plain
    written = written_scalar(session, item, path)
    scalar = written or next(_patched_scalars(item, path), None)
    if scalar is None:
        return not is_plain
    return not scalar.is_plain or _is_passed(item, path, written.text if written else None)


def _is_passed(item: Item, path: Path, text: str | None) -> bool:
    """Whether a merge has put quotes around the scalar, ``text`` in the object's file: around one
    that it adds or passes, not around one that it writes over another.
    """
    for scalar in _in_each_patch(item, path):
        is_over_another = scalar is not None and text is not None
        text = scalar.text if scalar is not None else text
        if text is not None and not is_over_another and is_quoted_when_set(text):
            return True
    return False


def _path_to(body: Any, wanted: Any) -> Path:
    """The way from ``body`` to the very map or list ``wanted`` in it."""
    open_nodes: list[tuple[Path, Any]] = [((), body)]
    while open_nodes:
        path, node = open_nodes.pop()
        if node is wanted:
            return path
        for key, value in enumerate(node) if isinstance(node, list) else node.items():
            if isinstance(value, dict | list):
                open_nodes.append(((*path, key), value))
    return ()


def _patched_scalars(item: Item, path: Path) -> Iterator[RawScalar]:
    """The scalars there in the patches that were merged, in order: the quotes of the first stay."""
    return (scalar for scalar in _in_each_patch(item, path) if scalar is not None)


def _in_each_patch(item: Item, path: Path) -> Iterator[RawScalar | None]:
    return (_in_patch(patch, path) for patch in item.merged_patches)


def _in_patch(patch: MergedPatch, path: Path) -> RawScalar | None:
    """As upstream has it: it writes labels and annotations anew, and the name, where a target
    chose the object.
    """
    from toolkit.yaml.raw import raw_scalar

    if patch.is_by_target and path == _NAME and not patch.renames:
        return None  # the object keeps its own
    scalar = raw_scalar(patch.text, patch.document, path)
    if scalar is None or not patch.is_by_target or path[:2] not in _ANEW:
        return scalar
    text = scalar.text
    is_plain = is_text(text) and not is_quoted_when_set(text) and "\n" not in text
    return scalar._replace(is_plain=scalar.is_plain or is_plain or path == _NAME)


def written_scalar(session: Session, item: Item, path: Path) -> RawScalar | None:
    """The scalar in the object's own file; None for one that a step wrote anew."""
    from toolkit.yaml.raw import raw_scalar

    origin = item.origin
    if item.is_rewritten or origin.document < 0:
        return None
    content = session.tree.read(origin.path)
    scalar = raw_scalar(content, origin.document, (*item.place, *path))
    if scalar is None or not item.is_from_json:
        return scalar
    # as JSON has it: texts in quotes, and no number as it was typed
    return scalar._replace(is_plain=False)
