"""One thing that a kustomization says to do to its objects."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.schema import FieldPath


class Step:
    """``plugin``: kustomize's name of the transformer. ``file`` and ``field`` say where it is
    asked for. ``size``: how many patches it holds; ``times``: how many entries it stands for.
    ``patch``: the patch file, or "".
    """

    __slots__ = ("apply", "field", "file", "patch", "plugin", "size", "times")

    def __init__(
        self,
        plugin: str,
        file: str,
        field: FieldPath,
        apply: Callable[[Collection], None],
        *,
        size: int = 1,
        times: int = 1,
        patch: str = "",
    ) -> None:
        self.plugin = plugin
        self.file = file
        self.field = field
        self.apply = apply
        self.size = size
        self.times = times
        self.patch = patch
