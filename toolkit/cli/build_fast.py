"""``gitops build`` before click is imported: a small build takes less time than that import.

Anything out of the ordinary (``--help``, an unknown flag, an environment of gitops.yaml with
settings of its own) is left to :mod:`toolkit.cli.build`.
"""

# ruff: noqa: PTH - pathlib would cost more than the build

from __future__ import annotations

import gc
import os
import sys

from toolkit.kustomize.result import BuildOptions, BuildResult

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

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


def try_build(arguments: list[str]) -> int | None:
    """Builds and prints; returns the exit code. None means: let click do it."""
    parsed = _parse(arguments)
    if parsed is None:
        return None
    target, flags = parsed
    if not any(os.path.isfile(os.path.join(target, name)) for name in KUSTOMIZATION_NAMES):
        return None
    flags.setdefault("compat", "")
    if not flags["compat"] and _has_settings(target):
        return None
    output = flags.pop("output", "")
    return run_build(target, output, **flags)


def run_build(
    target: str,
    output: str = "",
    *,
    compat: str = "",
    load_restrictor: str = "LoadRestrictionsRootOnly",
    reorder: str = "unspecified",
) -> int:
    """Builds the folder ``target`` and writes it to stdout, or to ``output``."""
    gc.disable()
    options = BuildOptions(compat or "kustomize", load_restrictor, reorder, base=_below_root("."))
    from toolkit.adapters.files import DiskTree
    from toolkit.kustomize.build import build

    result = build(DiskTree("/"), _below_root(target), options)
    for warning in result.warnings:
        print_warning(result, warning_index=result.warnings.index(warning))
    write(result, output)
    return 0


def print_warning(result: BuildResult, warning_index: int) -> None:
    """One warning to stderr; a deprecated field as kustomize says it."""
    warning = result.warnings[warning_index]
    if warning.location is None:
        print(f"# Warning: {warning.message}", file=sys.stderr)
        return
    print(f"warning: {warning.location}: {warning.message}", file=sys.stderr)
    if warning.hint:
        print(f"hint: {warning.hint}", file=sys.stderr)


def write(result: BuildResult, output: str) -> None:
    """To stdout, into a file, or as a file an object into a folder that is there."""
    from toolkit.kustomize.build import render

    if output and os.path.isdir(output):
        from toolkit.cli.build_folder import write_folder

        write_folder(result, output)
        return
    content = render(result).encode("utf-8", "surrogateescape")
    if not output:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    with open(output, "wb") as file:
        file.write(content)


def _parse(arguments: list[str]) -> tuple[str, dict[str, str]] | None:
    targets: list[str] = []
    flags: dict[str, str] = {}
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


def _has_settings(target: str) -> bool:
    """True where a gitops.yaml at or above the target may give it a mode of its own."""
    folder = os.path.realpath(target)
    while True:
        if os.path.isfile(os.path.join(folder, "gitops.yaml")):
            return True
        parent = os.path.dirname(folder)
        if parent == folder:
            return False
        folder = parent


def _below_root(path: str) -> str:
    return os.path.abspath(path).strip("/")
