"""``gitops build`` where little changed since the render that is kept.

The notes of an entry: a remark about each path, in the order of the paths, then the trace of the
build. A folder may have changed, as it does when an editor saves by renaming, as long as it holds
no symbolic link and the same kustomization: what else a build needs of it, it has read.
"""

from __future__ import annotations

from toolkit.kustomize.sources.folder import KUSTOMIZATION_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from toolkit.adapters.files import DiskTree
    from toolkit.adapters.render_cache import Kept
    from toolkit.kustomize.result import BuildOptions
    from toolkit.kustomize.tracing.trace import Trace

_FOLDER, _RESOURCES, _OTHER = "folder ", "resources", "other"
_FEW, _SHARE = 8, 8
"""As many files may have changed, or one in as many, for a part to be worth it."""


def notes_of(trace: Trace, tree: DiskTree, files: tuple[str, ...]) -> bytes:
    """Notes for the paths ``(*tree.listed, *files)``; empty where a part cannot be built."""
    text = trace.text()
    if not text:
        return b""
    plain = set(trace.plain)
    remarks = [_remark(tree, folder) for folder in tree.listed]
    remarks += [_RESOURCES if path in plain else _OTHER for path in files]
    return "\n".join([*remarks, "", text]).encode("utf-8", "surrogateescape")


def build_changed(kept: Kept, tree: DiskTree, target: str, options: BuildOptions) -> bytes | None:
    """What the whole build would print. None where it has to be run to know."""
    header, _, text = kept.notes.decode("utf-8", "surrogateescape").partition("\n\n")
    if not text:
        return None
    remarks = header.split("\n")
    changed: set[str] = set()
    for number in kept.changed:
        path, remark = kept.paths[number][1:], remarks[number]
        if remark == _RESOURCES:
            changed.add(path)
        elif remark == _OTHER or _remark(tree, path) != remark:
            return None
    both = zip(kept.paths, remarks, strict=True)
    plain = [path[1:] for path, remark in both if remark == _RESOURCES]
    if not changed:
        return kept.body
    if len(changed) > max(_FEW, len(plain) // _SHARE):
        return None
    from toolkit.kustomize.partial import Partial, rebuild, spliced  # most builds need none

    partial = Partial(text, plain, changed)
    texts = rebuild(tree, target, options, partial)
    return None if texts is None else spliced(kept.body, partial.size, texts)


def _remark(tree: DiskTree, folder: str) -> str:
    return _FOLDER + tree.notable(folder, KUSTOMIZATION_NAMES)
