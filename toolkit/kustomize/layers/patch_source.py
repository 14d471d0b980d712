"""Where a patch stands, and what it is: read from a file or from the kustomization itself."""

from __future__ import annotations

from toolkit.errors import BuildError, DuplicateKeyError, YamlError
from toolkit.kustomize.objects.documents import items_of, write_out
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.patches.jsonpatch import Operation, PatchFailureError
from toolkit.kustomize.schema import FieldPath
from toolkit.kustomize.sources.folder import Folder
from toolkit.kustomize.sources.kustomization import Kustomization
from toolkit.yaml.dialect import FIRST_KEYS, SETTINGS
from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.source import Location


class PatchText:
    """``file`` is where the text stands: a patch file, or "" for one written into the
    kustomization, at ``field``.
    """

    __slots__ = ("_doubled", "_duplicate", "field", "file", "kustomization", "text")

    def __init__(
        self, kustomization: Kustomization, field: FieldPath, text: str, file: str = ""
    ) -> None:
        self.kustomization = kustomization
        self.field = field
        self.text = text
        self.file = file
        self._duplicate: DuplicateKeyError | None = None
        self._doubled: list[tuple[int, FieldPath]] = []

    def error(self, error: BuildError, document: int = 0, path: FieldPath = ()) -> BuildError:
        """The error with its place, unless it has one."""
        if error.location is not None:
            return error
        if not self.file:
            from toolkit.yaml.positions import Positions

            place = Positions(self.text).locate(document, path)
            return self.error_within(error, place)
        session = self.kustomization.folder.session
        return session.located(error, self.file, self.text, document, path)

    def error_within(self, error: BuildError, place: Location) -> BuildError:
        """The error with its place in a text that stands in the kustomization."""
        return self.kustomization.error_within(error, self.field, self.text, place)

    def of_yaml(self, error: YamlError, message: str) -> BuildError:
        """An error of the text itself, which knows its place there."""
        wrong = BuildError(message, hints=error.hints)
        if error.location is None:
            return self.error(wrong)
        if not self.file:
            return self.error_within(wrong, error.location)
        wrong.location, wrong.excerpt = error.location, error.excerpt
        return wrong

    def failure(self, error: PatchFailureError) -> BuildError:
        """The error of an operation with its place and the operation."""
        operation = error.operation
        name = f"{operation.get('op', '')} {operation.get('path', '')}".strip()
        described = BuildError(
            f"operation {error.index + 1} of the patch ({name}) does not apply to {error.message}",
            hints=error.hints,
        )
        return self.error(described, path=(error.index,))

    def merge_items(self, *, has_texts: bool = False) -> list[Item]:
        """The partial objects of a merge patch. With ``has_texts`` labels and annotations are
        texts, null too: so upstream reads a patch with a target, or of ``patchesStrategicMerge``.
        Raises YamlError, BuildError.
        """
        documents = self._documents()
        items = items_of(
            documents,
            self.file or self.kustomization.file,
            self.text,
            nulls_delete=not has_texts,
        )
        for item in items if has_texts else ():
            write_out(item, "labels", self.text)
        return items

    def require_known_doubles(self, body: Any, document: int) -> None:
        """A key that stands twice is refused, unless the object has the map that it stands in: a
        merge then looks at the first, as upstream. Raises BuildError.
        """
        error = self._duplicate
        if error is None:
            return
        for number, path in self._doubled:
            if number == document and not isinstance(_at(body, path), dict):
                raise self.of_yaml(error, error.message)
        session = self.kustomization.folder.session
        session.warn(f"in a patch {error.message}", error.location, "the first is taken")

    def _documents(self) -> list[Any]:
        try:
            return load_all(self.text, self._shown())
        except DuplicateKeyError as error:
            from toolkit.yaml.doubles import doubled_mappings

            documents = load_all(self.text, self._shown(), dialect=FIRST_KEYS)
            self._duplicate, self._doubled = error, doubled_mappings(self.text)
            return documents

    def operations(self) -> list[Operation] | None:
        """The operations of a JSON patch; None where the text is none."""
        try:
            if self.text.startswith("["):
                import json  # most patches are YAML, and start-up counts

                decoded: Any = json.loads(self.text)
            else:
                decoded = next(iter(load_all(self.text, dialect=SETTINGS)), None)
        except (ValueError, YamlError):
            return None
        if not isinstance(decoded, list) or not all(isinstance(entry, dict) for entry in decoded):
            return None
        return decoded

    def _shown(self) -> str:
        session = self.kustomization.folder.session
        return session.show(self.file) if self.file else "patch"


def _at(body: Any, path: FieldPath) -> Any:
    """The value there, by keys of maps only; None where there is none."""
    for part in path:
        body = body.get(part) if isinstance(body, dict) and isinstance(part, str) else None
    return body


def patch_text(kustomization: Kustomization, field: FieldPath, name: str) -> PatchText:
    """The text of a patch file. Raises BuildError with the place where the file is named."""
    folder: Folder = kustomization.folder
    try:
        file = folder.check_file(name)
        content = folder.session.read(file)
    except BuildError as error:
        raise kustomization.error(error, field) from None
    try:
        return PatchText(kustomization, field, content.decode("utf-8-sig"), file)
    except UnicodeDecodeError:
        raise kustomization.error(
            BuildError(f"{name!r} is no UTF-8 text", hints=["save the file as UTF-8"]), field
        ) from None
