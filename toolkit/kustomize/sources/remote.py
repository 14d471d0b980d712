"""Bases and files that are elsewhere, as a kustomization names them.

A name is tried as a file, where it may be read over HTTP, and then as a repository: the order of
kustomize. What a repository holds is mounted beside the tree that is built, as
``URL?ref=COMMIT//path``; a path in it leads to what is in it, never out.
"""

from __future__ import annotations

from posixpath import join, normpath

from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.result import RemoteUse
from toolkit.kustomize.sources.folder import Folder
from toolkit.kustomize.sources.remote_url import (
    NotRemoteError,
    RemoteUrl,
    is_web_file,
    parse_remote,
    without_credentials,
)
from toolkit.kustomize.sources.session import SEPARATOR, Session
from toolkit.yaml.emit import emit

Note = tuple[tuple[str, str], ...]

_NOT_CLONED = "notCloned"
"""What upstream writes before paths of a repository that was named without a folder."""


class Clone:
    """A repository at a commit. ``mount``: its name in the tree. ``is_noted``: whether origin
    annotations name it (the target of a build itself is not named).
    """

    __slots__ = ("is_noted", "mount", "url")

    def __init__(self, url: RemoteUrl, commit: str, *, is_noted: bool = True) -> None:
        self.url = url
        self.is_noted = is_noted
        option = "" if url.submodules else "&submodules=false"
        self.mount = f"{url.shown}?ref={commit}{option}"

    def path(self, inner: str) -> str:
        """A path in the repository, as one of the tree."""
        return f"{self.mount}{SEPARATOR}{inner}"

    def locate(self, folder: str, name: str) -> str:
        """What ``name`` means in a folder of this repository. Raises BuildError."""
        if name.startswith("/"):
            raise BuildError(
                f"{name!r} is absolute, and {self.mount} has no such path",
                hints=["a repository names its own files from the folder of its kustomization"],
            )
        path = normpath(join(self._inner(folder), name))
        if path == ".." or path.startswith("../"):
            raise BuildError(
                f"{name!r} leads out of the repository {self.mount}",
                hints=["what a remote base uses must be in its repository, or be remote itself"],
            )
        return self.path("" if path == "." else path)

    def note(self, path: str) -> Note:
        """Fields of an origin annotation, in order."""
        inner = self._inner(path)
        return (
            ("path", _scalar(inner if self.url.folder else join(_NOT_CLONED, inner))),
            *_repository_note(self.url),
        )

    def _inner(self, path: str) -> str:
        return path[len(self.mount) + len(SEPARATOR) :]


def remote_resource(folder: Folder, name: str) -> list[Item] | Folder:
    """The objects of a file, or the folder of a repository. Raises BuildError, YamlError."""
    url = _parse(name)
    reason: BuildError | YamlError | None = None
    if is_web_file(name) and not _is_known_repository(folder.session, url):
        try:
            return _items_of_file(folder.session, name)
        except (BuildError, YamlError) as error:
            if url is None:
                raise
            reason = error
    try:
        return enter_clone(folder, name)
    except BuildError as error:
        if reason is None:
            raise
        if isinstance(reason, YamlError):  # as upstream: it is rather a broken file
            hints = [*reason.hints, f"it is no repository, either: {error.message}"]
            raise YamlError(
                reason.message, location=reason.location, excerpt=reason.excerpt, hints=hints
            ) from None
        hints = [*error.hints, f"it is no file, either: {reason.message}"]
        raise BuildError(error.message, hints=hints) from None


def enter_clone(folder: Folder, name: str) -> Folder:
    """The folder that ``name`` means in a repository elsewhere. Raises BuildError."""
    url = _parse(name)
    if url is None:
        raise BuildError(
            f"{without_credentials(name)} is the address of a file, where a repository is needed"
        )
    _refuse_cycle(folder, url)
    _refuse_local(folder, url)
    return _entered(folder.session, url, folder)


def enter_target(session: Session, name: str) -> Folder:
    """The folder of a target that is itself elsewhere. Raises BuildError."""
    url = _parse(name)
    if url is None:
        raise BuildError(f"{without_credentials(name)} names no repository")
    return _entered(session, url, None)


def web_file(session: Session, name: str) -> str | None:
    """The path of a file that is read over HTTP; None where the name is no address of one.
    Raises BuildError.
    """
    return _keep_file(session, name, _content(session, name)) if is_web_file(name) else None


def web_note(folder: Folder, name: str) -> Note:
    """The origin of objects of a file that was read over HTTP, as upstream writes it: its parts
    are taken for those of a repository.
    """
    url = _parse(name)
    if url is not None:
        return (("path", _scalar(url.folder or _NOT_CLONED)), *_repository_note(url))
    clone = folder.clone
    path = normpath(without_credentials(name))
    if clone is None or not clone.is_noted:
        return (("path", path),)
    above = dict(clone.note(folder.path))
    return tuple({**above, "path": normpath(join(above["path"], path))}.items())


def _entered(session: Session, url: RemoteUrl, parent: Folder | None) -> Folder:
    source = session.remote_source(url.raw)
    commit = source.resolve(url)
    clone = Clone(url, commit, is_noted=parent is not None)
    session.mounted().mount(clone.mount, source.tree(url, commit))
    path = clone.path(url.folder)
    real = session.tree.resolve(path)
    if real is None:
        raise BuildError(f"{path} is a symbolic link out of the repository")
    if session.tree.is_file(real):
        raise BuildError(f"{path} is a file, where a folder with a kustomization is needed")
    if not session.tree.is_dir(real):
        hints = session.missing(path, url.folder).hints
        raise BuildError(f"{clone.mount} has no folder {url.folder!r}", hints=hints)
    entered = Folder(session, real, parent)
    entered.clone = clone
    _refuse_return(entered)
    session.note_remote(RemoteUse(url.shown, url.ref, commit))
    return entered


def _items_of_file(session: Session, name: str) -> list[Item]:
    content = _content(session, name)
    shown = without_credentials(name)
    items = session.parse_items(content, shown)
    path = _keep_file(session, name, content)
    session.read(path)
    if path != shown:
        items = session.parse_items(content, path)
    return items


def _content(session: Session, name: str) -> bytes:
    answer = session.remote_source(name).fetch(name)
    if answer.content is None:
        raise BuildError(
            f"{without_credentials(name)}: the server answered {answer.status}",
            hints=["open the address: it must give the file itself, without a login"],
        )
    return answer.content


def _keep_file(session: Session, name: str, content: bytes) -> str:
    shown = without_credentials(name)
    session.note_remote(RemoteUse(shown, "", ""))
    return session.mounted().add_file(shown, content)


def _parse(name: str) -> RemoteUrl | None:
    try:
        return parse_remote(name)
    except NotRemoteError:
        return None


def _is_known_repository(session: Session, url: RemoteUrl | None) -> bool:
    if url is None:
        return False
    return url.is_surely_repository or session.remote_source(url.raw).knows(url)


def _refuse_cycle(folder: Folder, url: RemoteUrl) -> None:
    """Upstream's rule: an address must not be the beginning of one that was come through."""
    for above in _chain(folder):
        if above.clone is not None and above.clone.url.raw.startswith(url.raw):
            raise BuildError(
                f"{without_credentials(url.raw)} is a repository that is being built, as "
                f"{without_credentials(above.clone.url.raw)}",
                hints=["a base must not lead back to what uses it"],
            )


def _refuse_return(entered: Folder) -> None:
    """The same folder of the same commit, whatever it is called."""
    for above in _chain(entered.parent):
        if above.path == entered.path:
            raise BuildError(
                f"{entered.path} is a folder that is being built",
                hints=["a base must not lead back to what uses it"],
            )


def _refuse_local(folder: Folder, url: RemoteUrl) -> None:
    """DEVIATION: upstream lets a repository from the network read those of this machine."""
    if url.is_local and folder.clone is not None and not folder.clone.url.is_local:
        raise BuildError(
            f"{url.shown} is on this machine, and the repository that names it is not",
            hints=["name it in a kustomization of your own"],
        )


def _chain(folder: Folder | None) -> list[Folder]:
    chain: list[Folder] = []
    while folder is not None:
        chain.append(folder)
        folder = folder.parent
    return chain


def _repository_note(url: RemoteUrl) -> Note:
    """DEVIATION: upstream writes credentials into annotations."""
    fields = (("repo", url.shown), ("ref", url.ref))
    return tuple((field, _scalar(value)) for field, value in fields if value)


def _scalar(text: str) -> str:
    """A text as it is written in YAML."""
    return emit({"a": text})[len("a: ") :].rstrip("\n")
