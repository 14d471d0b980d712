"""What may be meant by a file or folder that is not there. Loaded only for an error."""

from __future__ import annotations

from difflib import SequenceMatcher
from posixpath import join, splitext
from typing import Final

from toolkit.kustomize.sources.session import Session, folder_of, is_elsewhere

_LIKE: Final = 0.6
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def hints_for(session: Session, path: str, named: str) -> list[str]:
    """For ``path``, which a kustomization, or the command line, calls ``named``."""
    folder, name = folder_of(path), path.rpartition("/")[2]
    above = named[: len(named) - len(name)] if named.endswith(name) else ""
    if "*" in named:
        return ["list the files one by one: a pattern is not taken"]
    if "\\" in named and session.tree.is_dir(folder):
        return ["put / between folders, not \\"]
    close = _closest(name, _names(session, folder))
    if close:
        return [f"did you mean {above}{close}?"]
    if ":" in named and not is_elsewhere(path):
        return [_no_address(named)]
    if not session.tree.is_dir(folder):
        near = _near_folder(session, path, named)
        if near:
            return [f"did you mean {near}?"]
        return [f"there is no folder {session.show(folder)}: create it, or correct the path"]
    elsewhere = _elsewhere(session, folder, name, above)
    if elsewhere:
        return [f"did you mean {elsewhere}?"]
    if path == session.target and not session.files:
        return [
            f"name a folder with a kustomization: nothing like it is in {_shown(session, folder)}"
        ]
    where = _shown(session, folder)
    return [
        f"create it in {where}, or correct the path, which starts at the kustomization's folder"
    ]


def kustomization_hints(session: Session, folder: str) -> list[str]:
    """For a folder without a kustomization: a file that is nearly called so, or folders in it
    that have one.
    """
    close = next((n for n in _names(session, folder) if _is_like(n, _KUSTOMIZATIONS[0])), "")
    if close and session.tree.is_file(join(folder, close)):
        return [f"rename {session.show(join(folder, close))} to {_KUSTOMIZATIONS[0]}"]
    inner = [
        session.show(join(folder, name))
        for name in _names(session, folder)
        if any(session.tree.is_file(join(folder, name, each)) for each in _KUSTOMIZATIONS)
    ]
    if inner:
        return [f"name a folder that has one: {', '.join(inner[:5])}"]
    return ["name a folder with one, or create it there with a `resources:` list"]


def _shown(session: Session, folder: str) -> str:
    shown = session.show(folder)
    return "the current folder" if shown == "." else shown


def _names(session: Session, folder: str) -> list[str]:
    return sorted(session.tree.names(folder)) if session.tree.is_dir(folder) else []


def _closest(name: str, names: list[str]) -> str:
    """The name that is most like it; what they end in, as .yaml, makes none alike."""
    rated = [(_likeness(name, each), each) for each in names if _is_like(name, each)]
    return max(rated, key=lambda pair: pair[0])[1] if rated else ""


def _is_like(name: str, other: str) -> bool:
    return name != other and _likeness(name, other) >= _LIKE


def _likeness(name: str, other: str) -> float:
    mine, theirs = splitext(name.lower()), splitext(other.lower())
    return SequenceMatcher(None, mine[0], theirs[0]).ratio() + 0.1 * (mine[1] == theirs[1])


def _elsewhere(session: Session, folder: str, name: str, above: str) -> str:
    """The same name one folder deeper, or in a folder beside."""
    for inner in _names(session, folder):
        if session.tree.is_file(join(folder, inner, name)):
            return f"{above}{inner}/{name}"
    return ""


def _near_folder(session: Session, path: str, named: str) -> str:
    """What it is called with its first unknown folder as a known one is, if that is there."""
    parts, words = path.split("/"), named.split("/")
    known = ""
    for index, part in enumerate(parts):
        if session.tree.is_dir(join(known, part)):
            known = join(known, part)
            continue
        close = _closest(part, _names(session, known))
        rest = parts[index + 1 :]
        at = len(words) - len(rest) - 1
        there = join(known, close, *rest)
        if not close or at < 0 or words[at] != part:
            return ""
        is_there = session.tree.is_dir(there) or session.tree.is_file(there)
        return "/".join([*words[:at], close, *rest]) if is_there else ""
    return ""


def _no_address(name: str) -> str:
    """Why what looks like a URL is taken for a path."""
    from toolkit.kustomize.sources.remote_url import NotRemoteError, parse_remote

    try:
        parse_remote(name)
    except NotRemoteError as error:
        return (
            f"it is no address of a repository, either ({error}): "
            "these are like https://HOST/ORG/REPO//FOLDER?ref=REF"
        )
    return "an address of a repository cannot be used here"
