"""``gitops build`` before click is imported: a small build takes less time than that import.

Anything out of the ordinary (``--help``, an unknown flag) is left to :mod:`toolkit.cli.build`.
``os`` rather than ``pathlib``, for the same reason.
"""

# ruff: noqa: PTH100, PTH112, PTH113, PTH118, PTH120, PTH123

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.adapters.files import DiskTree
    from toolkit.adapters.remote.bases import RemoteBases
    from toolkit.adapters.render_cache import RenderCache
    from toolkit.kustomize.ports import FunctionRunner, RemoteSource
    from toolkit.kustomize.result import BuildOptions, BuildResult, BuildWarning
    from toolkit.kustomize.tracing.trace import Trace

_VALUES = {
    "-o": "output",
    "--output": "output",
    "--load-restrictor": "load_restrictor",
    "--reorder": "reorder",
    "--compat": "compat",
}
_LEGAL = {
    "load_restrictor": ("LoadRestrictionsRootOnly", "LoadRestrictionsNone"),
    "reorder": ("none", "legacy"),
    "compat": ("kustomize", "argo"),
}
_SETTINGS = "gitops.yaml"
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def try_build(arguments: list[str]) -> int | None:
    """Builds and prints; returns the exit code. None means: let click do it."""
    parsed = _parse(arguments)
    if parsed is None:
        return None
    target, flags = parsed
    return run_build(target, **flags)


def run_build(  # noqa: PLR0913 — the flags of kustomize build
    target: str,
    *,
    output: str = "",
    compat: str = "",
    load_restrictor: str = "LoadRestrictionsRootOnly",
    reorder: str = "unspecified",
    managed_by_label: bool = False,
    lists_files: bool = False,
    is_strict: bool = False,
    is_offline: bool = False,
    runner: FunctionRunner | None = None,
) -> int:
    """Builds an environment, a folder, or one of a repository elsewhere, and writes it to stdout
    or to ``output``.

    ``runner`` starts helm and functions. ``is_offline``: asks nobody for what is elsewhere, also
    where GITOPS_OFFLINE says so. ``lists_files``: writes the names of the files it
    depends on instead. Raises YamlError, BuildError; with ``is_strict`` for a warning, too.
    """
    gc.disable()  # nothing of a build is garbage before its end; the imports gain, too
    folder, mode = locate(target)
    key = (_real(folder), compat or mode, load_restrictor, reorder)
    is_cacheable = not (managed_by_label or lists_files or runner or _is_remote(folder))
    cache = _cache(key[0]) if is_cacheable else None
    if output and os.path.isdir(output):
        cache = None
    started_ns = _now_ns()
    if cache is not None and _serve(cache, folder, key, output, started_ns):
        return 0
    trace = None
    if cache is not None:
        from toolkit.kustomize.tracing.trace import Trace

        trace = Trace()
    remote = _Remote(folder, is_offline=is_offline)
    tree, result = _build(folder, key, runner, remote, trace, managed_by_label=managed_by_label)
    remote.close()
    for warning in result.warnings:
        print_warning(warning, is_strict=is_strict)
    if lists_files:
        from toolkit.kustomize.sources.session import relative

        print("\n".join(relative(path, from_root(".")) for path in result.files))
    elif output and os.path.isdir(output):
        from toolkit.cli.build_folder import write_folder

        write_folder(result, output)
    else:
        from toolkit.adapters.fork import helper_for_this_machine
        from toolkit.kustomize.build import render

        body = render(result, helper=helper_for_this_machine()).encode("utf-8", "surrogateescape")
        _write(body, output)
        is_local = not result.warnings and not result.remotes
        if cache is not None and trace is not None and is_local:
            from toolkit.cli.build_partial import notes_of

            paths = [f"/{path}" for path in (*tree.listed, *result.files)]
            notes = notes_of(trace, tree, result.files)
            cache.put(key, paths, body, notes, started_ns=started_ns)
    return 0


def _serve(
    cache: RenderCache, folder: str, key: tuple[str, ...], output: str, started_ns: int
) -> bool:
    """Writes what is kept, with what has changed since built again. False where all has to be."""
    kept = cache.get(key)
    if kept is None:
        return False
    body: bytes | None = kept.body
    if kept.changed:
        if not kept.notes:
            return False
        from toolkit.cli.build_partial import build_changed

        options = _options(key, managed_by_label=False)
        body = build_changed(kept, _tree(folder, key), from_root(folder), options)
    if body is None:
        return False
    _write(body, output)
    if kept.changed:
        cache.renew(key, kept, body, started_ns=started_ns)
    return True


class _Remote:
    """Opens the source of what is elsewhere where a build first needs it."""

    def __init__(self, folder: str, *, is_offline: bool) -> None:
        self._folder = folder
        self._is_offline = is_offline
        self._opened: RemoteBases | None = None

    def __call__(self) -> RemoteSource:
        from toolkit.wiring.remote import open_remote

        self._opened = open_remote(workspace_of(self._folder), is_offline=self._is_offline)
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _build(
    folder: str,
    key: tuple[str, ...],
    runner: FunctionRunner | None,
    remote: _Remote,
    trace: Trace | None,
    *,
    managed_by_label: bool,
) -> tuple[DiskTree, BuildResult]:
    from toolkit.adapters.fork import helper_for_this_machine
    from toolkit.kustomize.build import build

    tree, options = _tree(folder, key), _options(key, managed_by_label=managed_by_label)
    helper = helper_for_this_machine()
    target = from_root(folder)
    return tree, build(
        tree, target, options, helper=helper, runner=runner, remote=remote, trace=trace
    )


def _tree(folder: str, key: tuple[str, ...]) -> DiskTree:
    from toolkit.adapters.files import DiskTree

    is_plain = key[0] == os.path.abspath(folder)
    return DiskTree("/", known=from_root(folder) if is_plain and os.path.isdir(folder) else "")


def _options(key: tuple[str, ...], *, managed_by_label: bool) -> BuildOptions:
    from toolkit.kustomize.result import BuildOptions

    _, compat, load_restrictor, reorder = key
    return BuildOptions(
        compat,
        load_restrictor,
        reorder,
        base=from_root("."),
        managed_by_label=managed_by_label,
    )


def _cache(folder: str) -> RenderCache | None:
    """``GITOPS_CACHE`` (``off`` for none), or the state folder of the workspace, if it is there."""
    place = os.environ.get("GITOPS_CACHE", "")
    if not place:
        root = _settings_root(folder)
        if root is None or not os.path.isdir(os.path.join(root, ".gitops")):
            return None
        place = os.path.join(root, ".gitops", "cache", "render")
    if place == "off":
        return None
    from toolkit.adapters.render_cache import RenderCache

    return RenderCache(place)


def _now_ns() -> int:
    import time

    return time.time_ns()


def locate(target: str) -> tuple[str, str]:
    """The folder of a target, and the mode it is built in.

    A folder with a kustomization comes before an environment of that name; the overlay of an
    environment is built in the environment's mode. The address of a repository is kept.
    """
    if _is_remote(target):
        return target, "kustomize"
    is_folder = any(os.path.isfile(os.path.join(target, name)) for name in _KUSTOMIZATIONS)
    root = _settings_root(os.path.realpath(target if is_folder else "."))
    if root is None:
        return target, "kustomize"
    from toolkit.repository.overlays import overlay_of

    path = os.path.join(root, _SETTINGS)
    name = os.path.relpath(os.path.realpath(target), root) if is_folder else target
    with open(path, "rb") as file:
        folder, mode = overlay_of(file.read(), os.path.relpath(path), name)
    if is_folder or folder == target:
        return target, mode
    return os.path.join(os.path.relpath(root), folder), mode


def print_warning(warning: BuildWarning, *, is_strict: bool) -> None:
    """To stderr; a deprecated field as kustomize says it."""
    from toolkit.errors import BuildError

    hints = [warning.hint] if warning.hint else []
    if warning.location is None:
        print(f"# Warning: {warning.message}", file=sys.stderr)
    elif is_strict:
        raise BuildError(warning.message, location=warning.location, hints=hints)
    else:
        print(f"warning: {warning.location}: {warning.message}", file=sys.stderr)
        for hint in hints:
            print(f"hint: {hint}", file=sys.stderr)


def _write(content: bytes, output: str) -> None:
    """To stdout, or into a file."""
    if not output:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    with open(output, "wb") as file:
        file.write(content)


def _parse(arguments: list[str]) -> tuple[str, dict[str, Any]] | None:
    targets: list[str] = []
    flags: dict[str, Any] = {}
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            targets.append(word)
            continue
        name, separator, value = word.partition("=")
        field = _VALUES.get(name)
        if field is None:
            return None
        flags[field] = value if separator else next(words, "")
        if flags[field] not in _LEGAL.get(field, (flags[field] or None,)):
            return None
    return (targets[0] if targets else ".", flags) if len(targets) < 2 else None


def workspace_of(target: str) -> str | None:
    """The root of the workspace that a target is in; of ours, where it is an address."""
    return _settings_root(os.path.realpath("." if _is_remote(target) else target))


def _settings_root(folder: str) -> str | None:
    """The nearest folder at or above with a gitops.yaml."""
    while not os.path.isfile(os.path.join(folder, _SETTINGS)):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def from_root(path: str) -> str:
    """A path from the root of the file system, as trees want it; an address as it is."""
    return path if _is_remote(path) else os.path.abspath(path).strip("/")


def _real(folder: str) -> str:
    return folder if _is_remote(folder) else os.path.realpath(folder)


def _is_remote(target: str) -> bool:
    if ":" not in target and not target.lower().startswith("github.com/"):
        return False  # nearly all targets, without an import
    from toolkit.kustomize.sources.session import is_remote

    return is_remote(target)
