"""The image map: what a container image means on this host."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import toolkit
from toolkit.errors import ExecutionError
from toolkit.repository.settings import SHIPPED_PROGRAMS, ImageRule

PROGRAMS = Path(__file__).parent / "programs"
"""The programs that come with gitops; ``@programs`` in gitops.yaml."""
_PYTHON = Path(sys.base_prefix) / "bin"
HOST_PATH = (
    *("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"),
    str(_PYTHON),  # the one Python that is there for certain: ours
)
_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class HostCommand:
    """``argv[0]`` is an absolute path; ``path`` the PATH the command sees."""

    argv: tuple[str, ...]
    path: str


class ImageMap:
    """``rules`` of gitops.yaml, tried in order; their relative folders start at ``root``."""

    def __init__(self, rules: Sequence[ImageRule], root: Path) -> None:
        self._rules = tuple(rules)
        self._root = root

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder of programs a rule names."""
        return tuple(self._folder(name) for rule in self._rules for name in rule.path)

    def resolve(
        self, image: str, command: Sequence[str], args: Sequence[str], *, path: str = ""
    ) -> HostCommand:
        """What to execute. ``path``: a PATH the template itself sets.

        Raises ExecutionError where no rule matches the image, nothing says what to run, or the
        host has no such program.
        """
        rule = self._rule(image)
        program, *words = [*(command or rule.entrypoint)] or [""]
        if not program:
            raise ExecutionError(
                f"image {image!r}: the template has no command, and its rule in gitops.yaml "
                f"(runtime.images, {rule.pattern!r}) no entrypoint"
            )
        folders = [str(self._folder(name)) for name in rule.path]
        search = os.pathsep.join((*folders, path or os.pathsep.join(HOST_PATH)))
        return HostCommand((*_program(program, search, image), *words, *args), search)

    def _folder(self, name: str) -> Path:
        return _PROGRAMS if name == SHIPPED_PROGRAMS else self._root / name

    def _locate(self, folder: str) -> Path:
        own = folder == "@programs" or folder.startswith("@programs/")
        return PROGRAMS / folder[len("@programs/") :] if own else self._root / folder

    def _rule(self, image: str) -> ImageRule:
        for rule in self._rules:
            if any(fnmatchcase(name, rule.pattern) for name in _names(image)):
                return rule
        raise ExecutionError(
            f"no rule of gitops.yaml runtime.images says how to run image {image!r} on this host",
            hints=[f"add to runtime.images: - pattern: {_names(image)[-1]!r}"],
        )


def _names(image: str) -> tuple[str, ...]:
    """The image as written, and without its digest and tag."""
    bare = image.partition("@")[0]
    head, slash, last = bare.rpartition("/")
    return tuple(dict.fromkeys((image, bare, head + slash + last.partition(":")[0])))


def _program(name: str, search: str, image: str) -> tuple[str, ...]:
    """Where a program is on the host."""
    if name == "gitops":
        return _this_program()
    found = shutil.which(name, path=search)
    if found is None and name == "python":
        found = shutil.which("python3", path=search)
    if found is None:
        raise ExecutionError(
            f"image {image!r}: the host has no command {name!r}",
            hints=["install it, or map the image in gitops.yaml runtime.images (entrypoint, path)"],
        )
    return (found,)


def _this_program() -> tuple[str, ...]:
    """The gitops that runs, wherever its package is; a step's working folder cannot shadow it."""
    package = str(Path(toolkit.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {package!r}); from toolkit.cli.main import main; main()"
    return (sys.executable, "-P", "-c", code)
