"""What one build shares: the tree, the options, what was read, and how places are named."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.objects.documents import DocumentError, items_of
from toolkit.kustomize.objects.item import Item, describe
from toolkit.kustomize.patches.shapes import Shapes
from toolkit.kustomize.result import BuildOptions, BuildWarning
from toolkit.kustomize.sources.parsed_files import ParsedFiles
from toolkit.kustomize.sources.read_ahead import ReadAhead
from toolkit.kustomize.tracing.recorder import Recorder
from toolkit.kustomize.transformers.fields import ItemError
from toolkit.source import Location
from toolkit.yaml.parse import load_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from toolkit.kustomize.objects.collection import DuplicateError
    from toolkit.kustomize.partial import Partial
    from toolkit.kustomize.ports import FileTree, FunctionRunner, RemoteSource
    from toolkit.kustomize.result import RemoteUse
    from toolkit.kustomize.sources.mounted_tree import MountedTree
    from toolkit.kustomize.tracing.trace import Trace


SEPARATOR = "//"
"""Between the name of a tree from elsewhere and a path in it. A path of the tree that is built
never holds two slashes.
"""


class Session:
    """One build. ``files``: every file read, in order; True for those that only held resources.
    ``target``: the top folder. ``trace``: notes of the objects, if anybody wants them.
    ``partial``: what to leave out, if that is known to be as it was.
    """

    def __init__(self, tree: FileTree, target: str, options: BuildOptions) -> None:
        self.tree = tree
        self.target = target
        self.options = options
        self.files: dict[str, bool] = {}
        self.warnings: list[BuildWarning] = []
        self.shapes = Shapes(knows_argo=options.compat == "argo")
        self.tracks_origin = False
        self.has_schema = False
        self.has_merged = False
        self.recorder: Recorder | None = None
        self.ahead = ReadAhead(tree)
        self.parsed: ParsedFiles | None = None
        self.runner: FunctionRunner | None = None
        self.open_remote: Callable[[], RemoteSource] | None = None
        self.remotes: dict[tuple[str, str, str], RemoteUse] = {}
        self._remote: RemoteSource | None = None
        self._mounted: MountedTree | None = None
        self.trace: Trace | None = None
        self.partial: Partial | None = None
        self._kinds_seen: set[tuple[str, str]] = set()

    def remote_source(self, name: str) -> RemoteSource:
        """Where what is elsewhere comes from. Raises BuildError where ``name`` must not be."""
        if self.open_remote is None:
            raise BuildError(
                f"{shown_name(name)!r} is remote, and this build takes nothing from elsewhere",
                hints=["clone it into the repository, and name the folder"],
            )
        if self._remote is None:
            self._remote = self.open_remote()
        return self._remote

    def mounted(self) -> MountedTree:
        """The tree, which from now on may hold others."""
        if self._mounted is None:
            from toolkit.kustomize.sources.mounted_tree import MountedTree

            self.tree = self._mounted = MountedTree(self.tree)
        return self._mounted

    def note_remote(self, use: RemoteUse) -> None:
        self.remotes[use.address, use.ref, use.commit] = use

    def read(self, path: str, *, is_resource: bool = False) -> bytes:
        """A file's bytes; remembers that the result depends on it."""
        content = self.tree.read(path)
        self.files[path] = is_resource and self.files.get(path, True)
        return content

    def show(self, path: str) -> str:
        """A path as the user would type it."""
        return relative(path, self.options.base)

    def items(self, path: str) -> list[Item]:
        """The objects of a resource file. Raises YamlError, BuildError."""
        content = self.read(path, is_resource=True)
        documents = self.ahead.documents(path)
        if self.parsed is not None:
            documents = documents or self.parsed.documents(path)
            if documents is None:
                documents = load_all(content, self.show(path))
                self.parsed.keep(path, documents)
        return self.parse_items(content, path, documents)

    def parse_items(
        self, content: bytes | str, path: str, documents: list[Any] | None = None
    ) -> list[Item]:
        """The objects of a text; ``path`` says where it stands, ``documents`` what it was parsed
        to already.
        """
        if documents is None:
            documents = load_all(content, self.show(path))
        try:
            items = items_of(documents, path, content)
        except DocumentError as error:
            raise self.located(error, path, content, error.document) from None
        self._kinds_seen.update([(item.api_version, item.kind) for item in items])
        return items

    def has_built_in_schema(self) -> bool:
        """True where upstream has loaded the built-in schema already, so that another one is added
        to it: an object of a kind that is not Kubernetes' own was read, or a patch was merged.
        """
        if self.has_merged:
            return True
        from toolkit.kustomize.data.openapi import NAMESPACED
        from toolkit.kustomize.data.scopes import CLUSTER_SCOPED

        known = {(version, kind) for version, names in NAMESPACED.items() for kind in names.split()}
        known |= {(f"{g}/{v}" if g else v, kind) for g, v, kind in CLUSTER_SCOPED}
        return not self._kinds_seen <= known

    def located(
        self,
        error: BuildError,
        path: str,
        content: bytes | str | None = None,
        document: int = 0,
        field: tuple[str | int, ...] = (),
        *,
        of_key: bool = False,
        inner: tuple[str, Location] | None = None,
    ) -> BuildError:
        """The error with its place in a file (``content`` where it was read already). ``inner``:
        the text that stands at ``field``, and the place in it.
        """
        from toolkit.yaml.positions import Positions

        if content is None:
            content = self.tree.read(path)
        positions = Positions(content, self.show(path))
        location = positions.locate(document, field, of_key=of_key)
        if inner is not None:
            location = positions.locate_within(document, field, *inner) or location
        if not location.line:  # an empty text has no documents
            location = Location(location.path, 1, 1)
        excerpt = positions.excerpt(location)
        if excerpt and ("@" in excerpt or "?" in excerpt):
            from toolkit.kustomize.sources.remote_url import without_secrets

            excerpt = without_secrets(excerpt)
        if excerpt and field[:1] == ("secretGenerator",):
            excerpt = _without_literals(excerpt, is_literal="literals" in field)
        hints = list(error.hints)
        if isinstance(error, ItemError):
            hints.append(f"{error.item.short} is from {self.place(error.item)}")
        return BuildError(error.message, location=location, excerpt=excerpt, hints=hints)

    def located_item(self, error: ItemError) -> BuildError:
        """The error with the place of the object that it is about."""
        origin = error.item.origin
        return self.located(
            BuildError(error.message, hints=error.hints), origin.path, document=origin.document
        )

    def twice(self, error: DuplicateError) -> BuildError:
        """Two objects with one identity, and where each was written."""
        first, second = self.place(error.first), self.place(error.second)
        hints = [f"first at {first}", f"again at {second}"]
        if first == second and error.first is not error.second:
            hints = [f"it is from {first}, which is reached in two ways"]
        if error.second.origin.document < 0 and error.second.behavior == "unspecified":
            hints.append("`behavior: merge` or `replace` changes the object that is there")
        else:
            hints.append("drop one of them, or give it another name or namespace")
        return BuildError(f"{describe(error.second.key)} is there twice", hints=hints)

    def place(self, item: Item) -> str:
        """Where an object was first written, for messages."""
        from toolkit.yaml.positions import Positions

        origin = item.origin
        if origin.document < 0:
            return f"{self.show(origin.path)} (generated)"
        positions = Positions(self.tree.read(origin.path), self.show(origin.path))
        return str(positions.locate(origin.document))

    def warn(self, message: str, location: Location | None = None, hint: str = "") -> None:
        self.warnings.append(BuildWarning(message, location, hint))

    def missing(self, path: str, named: str) -> BuildError:
        """The error for a file or folder that is not there."""
        from toolkit.kustomize.hints.missing import hints_for

        return BuildError(f"{named!r} does not exist", hints=hints_for(self, path, named))


def _without_literals(excerpt: str, *, is_literal: bool) -> str:
    """A line of a generator of Secrets without what may be one."""
    before, separator, _ = excerpt.partition("literals:")
    if separator:
        return f"{before}{separator} …"
    return f"{excerpt[: len(excerpt) - len(excerpt.lstrip(' -'))]}…" if is_literal else excerpt


def relative(path: str, base: str) -> str:
    """``path`` as seen from the folder ``base``; both from one root, normalised. From a folder
    outside of the root it stays as it is, and so does one that is elsewhere.
    """
    if base.startswith(".."):
        return path or "."
    if is_elsewhere(path) and not is_elsewhere(base):
        return path
    there = path.split("/") if path else []
    here = base.removesuffix("/").split("/") if base else []
    common = 0
    while common < min(len(here), len(there)) and here[common] == there[common]:
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:]) or "."


def is_elsewhere(path: str) -> bool:
    """True for a path that is not in the tree that is built itself."""
    return SEPARATOR in path


def folder_of(path: str) -> str:
    """The folder that a path is in; the root of a tree from elsewhere stays a root."""
    folder = path.rpartition("/")[0]
    return f"{folder}/" if folder.endswith("/") else folder


def is_remote(name: str) -> bool:
    """True for what kustomize takes for a URL or a git repository."""
    if "@" not in name and ":" not in name and name[:11].lower() != "github.com/":
        return False  # nearly all names, without an import
    from toolkit.kustomize.sources.remote_url import NotRemoteError, is_web_file, parse_remote

    try:
        parse_remote(name)
    except NotRemoteError:
        return is_web_file(name)
    return True


def shown_name(name: str) -> str:
    """What a kustomization names, without the credentials of a URL."""
    if not is_remote(name):
        return name
    from toolkit.kustomize.sources.remote_url import without_credentials

    return without_credentials(name)


def first_line(text: Any) -> str:
    """For messages that quote what may be long."""
    line = str(text).strip().partition("\n")[0]
    return line if len(line) < 60 else line[:57] + "…"
