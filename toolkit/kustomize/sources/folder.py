"""A folder with a kustomization: what may be read from it, and how it was reached."""

from __future__ import annotations

from posixpath import join, normpath

from toolkit.errors import BuildError
from toolkit.kustomize.sources.session import Session, is_remote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.kustomize.sources.remote import Clone

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Folder:
    """``path`` from the tree's root, symbolic links followed; ``parent`` is the folder whose
    kustomization named this one. ``namespace`` is what a chart here is rendered for. ``clone`` is
    the repository elsewhere that it is in, if it is in one.
    """

    __slots__ = ("clone", "namespace", "parent", "path", "session")

    def __init__(self, session: Session, path: str, parent: Folder | None = None) -> None:
        self.session = session
        self.path = path
        self.parent = parent
        self.clone: Clone | None = None if parent is None else parent.clone
        self.namespace: str = "" if parent is None else parent.namespace

    def locate(self, name: str) -> str:
        """The path in the tree of what a kustomization here calls ``name``; not yet checked."""
        if self.clone is not None:
            return self.clone.locate(self.path, name)
        if name.startswith("/"):
            return normpath(name).lstrip("/")
        path = normpath(join(self.path, name))
        if path == ".." or path.startswith("../"):
            raise BuildError(
                f"{name!r} leads out of the repository",
                hints=["move it into the repository: a build uses nothing from outside"],
            )
        return "" if path == "." else path

    def load(self, name: str) -> bytes:
        """A file's bytes. Raises BuildError where it is missing, or outside of this folder while
        that is not allowed.
        """
        return self.session.read(self.check_file(name))

    def check_file(self, name: str) -> str:
        """The file's path, links followed. Raises as :meth:`load` does."""
        session = self.session
        if not name:
            raise BuildError(
                "the name of a file is empty", hints=["name a file, or drop the entry"]
            )
        if "://" in name:
            from toolkit.kustomize.sources.remote import web_file

            fetched = web_file(session, name)
            if fetched is not None:
                return fetched
        path = self.locate(name)
        real = session.tree.resolve(path)
        if real is None:
            raise _link_out(name)
        if not session.tree.is_file(real):
            if session.tree.is_dir(real):
                raise BuildError(
                    f"{name!r} is a folder, where a file is needed", hints=["name a file in it"]
                )
            raise session.missing(path, name)
        if self._is_restricted() and not is_below(real, self.path):
            raise BuildError(
                f"{name!r} is outside of {session.show(self.path)}, "
                "and a kustomization may only use files in or below its own folder",
                hints=[
                    "move the file, or make its folder a base with a kustomization of its own",
                    "--load-restrictor LoadRestrictionsNone allows it",
                ],
            )
        return real

    def enter(self, name: str) -> Folder:
        """The folder ``name``. Raises BuildError where that is none, or was come through."""
        if not name:
            raise BuildError(
                "the name of a folder is empty", hints=["name a folder, or drop the entry"]
            )
        if is_remote(name):
            from toolkit.kustomize.sources.remote import enter_clone

            return enter_clone(self, name)
        session = self.session
        path = self.locate(name)
        real = session.tree.resolve(path)
        if real is None:
            raise _link_out(name)
        if not session.tree.is_dir(real):
            if session.tree.is_file(real):
                raise BuildError(
                    f"{name!r} is a file, where a folder is needed",
                    hints=["name a folder with a kustomization; list files under `resources:`"],
                )
            raise session.missing(path, name)
        self._refuse_cycle(real, name)
        return Folder(session, real, self)

    def kustomization_file(self) -> str:
        """The path of this folder's kustomization. Raises BuildError unless there is just one."""
        tree, session = self.session.tree, self.session
        paths = [join(self.path, name) for name in KUSTOMIZATION_NAMES]
        found = [path for path in paths if tree.is_file(path)]
        if len(found) == 1:
            return found[0]
        shown = session.show(self.path)
        if found:
            names = " and ".join(path.rpartition("/")[2] for path in found)
            raise BuildError(f"{shown} has both {names}", hints=["keep one of them"])
        from toolkit.kustomize.hints.missing import kustomization_hints

        hints = kustomization_hints(session, self.path)
        raise BuildError(f"{shown} has no kustomization.yaml", hints=hints)

    def _is_restricted(self) -> bool:
        return (
            self.clone is not None or self.session.options.load_restrictor != "LoadRestrictionsNone"
        )

    def _refuse_cycle(self, path: str, name: str) -> None:
        chain: list[str] = []
        folder: Folder | None = self
        while folder is not None:
            chain.insert(0, self.session.show(folder.path))
            if is_below(folder.path, path):
                route = " → ".join([*chain, self.session.show(path)])
                raise BuildError(
                    f"{name!r} is, or contains, a folder that is being built: {route}",
                    hints=["drop the entry: a base must not lead back to what uses it"],
                )
            folder = folder.parent


def _link_out(name: str) -> BuildError:
    return BuildError(
        f"{name!r} is a symbolic link out of the repository",
        hints=["copy what it leads to into the repository"],
    )


def refuse_in_clone(folder: Folder, what: str) -> None:
    """DEVIATION: upstream starts programs of repositories that it fetches. Raises BuildError."""
    if folder.clone is not None:
        raise BuildError(
            f"{what} of a remote base is not started: {folder.clone.mount}",
            hints=["clone the repository into this one, and name the folder"],
        )


def is_below(path: str, folder: str) -> bool:
    """True for the folder itself and all in it."""
    return not folder or path == folder or path.startswith(folder.removesuffix("/") + "/")
