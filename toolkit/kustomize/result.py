"""What a build gives. Plain slotted classes: the build path."""

from __future__ import annotations

from toolkit.resource.resource import ResourceSet
from toolkit.source import Location


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


class BuildResult:
    """Objects in output order, warnings in the order met, and every file the build read."""

    __slots__ = ("files", "resources", "warnings")

    def __init__(
        self,
        resources: ResourceSet,
        warnings: tuple[BuildWarning, ...],
        files: tuple[str, ...],
    ) -> None:
        self.resources = resources
        self.warnings = warnings
        self.files = files
