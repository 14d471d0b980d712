"""Ports of the build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from toolkit.kustomize.data.merge_shapes import Shape
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.patches.merge import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.kustomize.sources.remote_url import RemoteUrl


class FileTree(Protocol):
    """Read-only files under one root: a folder on disk, memory, or the tree of a git commit.

    Paths are POSIX, relative to the root, normalised (no ``.``, ``..``, no leading ``/``); "" is
    the root itself. A path that leaves the root is the caller's to refuse before it comes here.
    """

    def read(self, path: str) -> bytes:
        """The file's bytes. Raises ``FileNotFoundError`` or ``IsADirectoryError``."""
        ...

    def is_file(self, path: str) -> bool: ...

    def is_dir(self, path: str) -> bool: ...

    def names(self, path: str) -> tuple[str, ...]:
        """Names in a folder, sorted. Raises ``FileNotFoundError``, ``NotADirectoryError``."""
        ...

    def resolve(self, path: str) -> str | None:
        """The path after following symbolic links, or None where that leaves the root."""
        ...


class WebAnswer:
    """What a server said. ``content`` is None unless it gave the file."""

    __slots__ = ("content", "status")

    def __init__(self, status: str, content: bytes | None) -> None:
        self.status = status
        self.content = content


class RemoteSource(Protocol):
    """Repositories and files elsewhere. What a ref names, and what a file holds, is asked once in
    the life of a source: all builds that share it see the same.
    """

    def knows(self, url: RemoteUrl) -> bool:
        """True where the address was found to be a repository before, and nobody need be asked."""
        ...

    def resolve(self, url: RemoteUrl) -> str:
        """The id of the commit that the address's ref names now. Raises BuildError."""
        ...

    def tree(self, url: RemoteUrl, commit: str) -> FileTree:
        """The files of a commit that :meth:`resolve` gave, with those of its submodules where the
        address wants them. Raises BuildError, as reading from it may.
        """
        ...

    def fetch(self, url: str) -> WebAnswer:
        """What is at an ``http`` or ``https`` URL. Raises BuildError where nobody answers."""
        ...


class Helper(Protocol):
    """Does work beside ours, on another core."""

    def start(self, work: Callable[[], bytes]) -> Callable[[], bytes | None]:
        """Begins ``work``. The answer waits for its result, None where it failed."""
        ...


class HelmCall:
    """One ``helm template``: ``before``, then ``-f`` and a file with ``values``, then ``after``.
    ``config_home`` "" is a fresh, empty one.
    """

    __slots__ = ("after", "before", "config_home", "values", "values_name")

    def __init__(
        self,
        before: list[str],
        after: list[str],
        *,
        values: bytes,
        values_name: str,
        config_home: str,
    ) -> None:
        self.before = before
        self.after = after
        self.values = values
        self.values_name = values_name
        self.config_home = config_home


class FunctionRunner(Protocol):
    """Runs programs that a build calls for: ``helm``, and KRM functions.

    ``has_helm``, ``has_functions``: what the user allowed. ``api_versions``, ``kube_version``:
    what charts are told that say nothing themselves.
    """

    has_helm: bool
    has_functions: bool
    api_versions: tuple[str, ...]
    kube_version: str
    is_debug: bool

    def absolute(self, path: str) -> str:
        """Where a path of the tree is on disk."""
        ...

    def template(self, call: HelmCall) -> str:
        """What ``helm template`` prints. Raises BuildError."""
        ...

    def call(
        self, program: str, arguments: list[str], env: list[str], folder: str, text: str
    ) -> str:
        """What a program of the tree prints, given ``text`` and started in ``folder``; ``env`` is
        ``NAME=value``. Raises BuildError.
        """
        ...


class KnownShapes(Protocol):
    """What the merge knows of kinds. ``by_name`` holds the shapes that others lead to."""

    @property
    def by_name(self) -> Mapping[str, Shape]: ...

    def of_kind(self, api_version: str, kind: str) -> Shape | None:
        """None where nothing of the kind merges by key, or the kind is not known."""
        ...


class Scalars(Protocol):
    """How the scalars of objects are written in files, where upstream makes something of that."""

    def typed(self, item: Item, path: Path, value: Any) -> str:
        """The text of the number, boolean or null at a path, as the object's file, or a patch, has
        it.
        """
        ...

    def in_quotes(self, item: Item, parent: Any, key: Any) -> bool:
        """Whether the text ``parent[key]`` of the object has quotes, or is a block, where it was
        written. False for what is no text.
        """
        ...

    def untagged(self, item: Item, parent: Any, key: Any, text: str) -> str:
        """``text`` as a step writes it over ``parent[key]`` of the object, without a type: only
        quotes that stood there make a text of a number.
        """
        ...


class Spelling(Protocol):
    """How values are written in the files of an object and of its patch."""

    def untagged(self, parent: Any, key: Any, text: str) -> str:
        """:meth:`Scalars.untagged` of the object."""
        ...

    def is_quoted(self, path: Path, text: str) -> bool:
        """True where the object's value stands in quotes, or as a block: upstream keeps these
        around what a patch puts there, which makes text of a number.
        """
        ...

    def is_blank(self, path: Path) -> bool:
        """True where the object's null is nothing at all, which upstream drops in a merge."""
        ...

    def in_patch(self, path: Path, value: Any) -> str:
        """The patch's scalar as it is written there."""
        ...

    def remember(self) -> None:
        """The merge is done: the patch's spelling is the object's from now on."""
        ...
