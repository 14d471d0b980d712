"""What a build gives. Plain slotted classes: the build path."""

from __future__ import annotations

from toolkit.resource.resource import ResourceSet
from toolkit.source import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.kustomize.ports import FileTree


class BuildWarning:
    """Something the build tolerated: a deprecated field, a patch whose target matched nothing."""

    __slots__ = ("hint", "location", "message")

    def __init__(self, message: str, location: Location | None = None, hint: str = "") -> None:
        self.message = message
        self.location = location
        self.hint = hint


class BuildOptions:
    """Options of one build.

    ``compat``: ``kustomize`` or ``argo`` (docs/compatibility.md). ``load_restrictor``:
    ``LoadRestrictionsRootOnly`` or ``LoadRestrictionsNone``. ``reorder``: ``unspecified``,
    ``none``, ``legacy``. ``base``: the folder, from the tree's root, that paths in messages are
    relative to. ``managed_by_label``: adds kustomize's own label.
    """

    __slots__ = ("base", "compat", "load_restrictor", "managed_by_label", "reorder")

    def __init__(
        self,
        compat: str = "kustomize",
        load_restrictor: str = "LoadRestrictionsRootOnly",
        reorder: str = "unspecified",
        *,
        base: str = "",
        managed_by_label: bool = False,
    ) -> None:
        self.compat = compat
        self.load_restrictor = load_restrictor
        self.reorder = reorder
        self.base = base
        self.managed_by_label = managed_by_label


class RemoteUse:
    """A repository, or a file, that a build took from elsewhere: its ``address`` without
    credentials. ``ref`` is as it was written; ``commit`` is what that named, "" for a file.
    """

    __slots__ = ("address", "commit", "ref")

    def __init__(self, address: str, ref: str, commit: str) -> None:
        self.address = address
        self.ref = ref
        self.commit = commit


class BuildResult:
    """Objects in output order, warnings in the order met, and every file the build read.

    ``remotes``: what it took from elsewhere; a result with any does not depend on files alone.
    ``tree``: the files as the build saw them, with those from elsewhere; None for a result that
    no build made.
    """

    __slots__ = ("files", "remotes", "resources", "tree", "warnings")

    def __init__(
        self,
        resources: ResourceSet,
        warnings: tuple[BuildWarning, ...],
        files: tuple[str, ...],
        *,
        remotes: tuple[RemoteUse, ...] = (),
        tree: FileTree | None = None,
    ) -> None:
        self.resources = resources
        self.warnings = warnings
        self.files = files
        self.remotes = remotes
        self.tree = tree
