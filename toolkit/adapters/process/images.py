"""The image map: what a container image means on this host."""

# ruff: noqa: PTH112, PTH118, PTH119 - for every step

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import toolkit
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.adapters.process.rootfs import PATH as ROOT_PATH
from toolkit.adapters.process.stock_images import STOCK_IMAGES
from toolkit.errors import ExecutionError
from toolkit.repository.settings import SHIPPED_PROGRAMS, ImageRule

PROGRAMS = Path(__file__).parent / "programs"
"""The programs that come with gitops; ``@programs`` in gitops.yaml."""
_PYTHON = Path(sys.base_prefix) / "bin"
HOST_PATH = (
    *("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"),
    str(_PYTHON),  # the one Python that is there for certain: ours
)
_HUB = ("docker.io/", "index.docker.io/", "library/")
NO_COMMAND = "executable file not found in $PATH"
"""What says, in a message, that a command is not there: Go's words, and so Argo's."""
_KNOWN_IMAGES = 256
_MAP_IT = "install it, or map the image in gitops.yaml runtime.images (entrypoint, path)"


@dataclass(frozen=True, slots=True)
class HostCommand:
    """``argv[0]`` is a path; ``path`` the PATH the command sees. ``files``: programs
    that the image has at absolute paths, (path, file of this host). ``rootfs``: the folder that is
    the command's ``/``, where ``argv[0]`` is looked up.
    """

    argv: tuple[str, ...]
    path: str
    files: tuple[tuple[str, Path], ...] = ()
    rootfs: Path | None = None


class ImageMap:
    """``rules`` of gitops.yaml, tried in order, then the well-known images; their relative folders
    start at ``root``. ``made`` keeps what has to be made from what they name.
    """

    def __init__(self, rules: Sequence[ImageRule], root: Path, made: MadeOnce) -> None:
        self._rules = (*rules, *STOCK_IMAGES)
        self._root = root
        self._made = made
        self._find = lru_cache(_KNOWN_IMAGES)(self._first_match)  # the rules stay as they are

    @property
    def folders(self) -> tuple[Path, ...]:
        """Every folder of programs a rule names."""
        return tuple(self._locate(name) for rule in self._rules for name in rule.path)

    @property
    def makes_folders(self) -> bool:
        """Whether a rule names what has to be made."""
        return any(rule.python or rule.rootfs for rule in self._rules)

    def resolve(
        self,
        image: str,
        command: Sequence[str],
        args: Sequence[str],
        *,
        path: str = "",
        own: Collection[str] = (),
    ) -> HostCommand:
        """What to execute. ``path``: a PATH the template itself sets; ``own``: folders the step
        brings along, whose programs are its own.

        Raises ExecutionError where no rule matches the image, nothing says what to run, or the
        host has no such program. An environment or a root filesystem that was never used before is
        made first, which may take long: see ``is_ready``.
        """
        rule = self._rule(image)
        program, *words = _words(rule, image, command, args)
        if rule.rootfs:
            rootfs = self._made.filesystem(self._root / rule.rootfs)
            return HostCommand((program, *words), path or ROOT_PATH, rootfs=rootfs)
        folders = [str(self._locate(name)) for name in rule.path]
        if rule.python:
            folders.insert(0, str(self._made.environment(self._root / rule.python) / "bin"))
        search = os.pathsep.join((*folders, path or os.pathsep.join(HOST_PATH)))
        files = {name: self._locate(file) for name, file in rule.files}
        if program in files:
            first: tuple[str, ...] = (str(files[program]),)
        elif _is_own(program, own):
            first = (program,)
        else:
            first = _program(program, search, image)
        return HostCommand((*first, *words), search, tuple(files.items()))

    def is_known(self, image: str) -> bool:
        """Whether something says what the image is here."""
        return self._find(image) is not None

    def is_ready(self, image: str) -> bool:
        """Whether ``resolve`` takes no time."""
        rule = self._find(image)
        name = (rule.python or rule.rootfs) if rule is not None else ""
        return not name or self._made.is_made(self._root / name)

    def is_on_host(self, image: str) -> bool:
        """Whether its steps are processes of this machine even where others are containers."""
        rule = self._find(image)
        return rule is not None and rule.is_on_host

    def check(self, image: str, command: Sequence[str], args: Sequence[str]) -> None:
        """Raises ExecutionError where nothing says what the image is here, or what it runs."""
        _words(self._rule(image), image, command, args)

    def _locate(self, name: str) -> Path:
        head, _, rest = name.partition("/")
        return PROGRAMS / rest if head == SHIPPED_PROGRAMS else self._root / name

    def _first_match(self, image: str) -> ImageRule | None:
        for rule in self._rules:
            if any(fnmatchcase(name, rule.pattern) for name in _names(image)):
                return rule
        return None

    def _rule(self, image: str) -> ImageRule:
        rule = self._find(image)
        if rule is not None:
            return rule
        raise ExecutionError(
            f"no rule of gitops.yaml runtime.images says how to run image {image!r} on this host",
            hints=[f"add to runtime.images: - pattern: {_names(image)[-1]!r}"],
        )


def _names(image: str) -> tuple[str, ...]:
    """The image as written, and without its digest, its tag, and Docker Hub's own prefixes."""
    bare = image.partition("@")[0]
    head, slash, last = bare.rpartition("/")
    untagged = head + slash + last.partition(":")[0]
    return tuple(dict.fromkeys((image, bare, untagged, _short(bare), _short(untagged))))


def _short(name: str) -> str:
    for prefix in _HUB:
        name = name.removeprefix(prefix)
    return name


def _words(
    rule: ImageRule, image: str, command: Sequence[str], args: Sequence[str]
) -> tuple[str, ...]:
    """Command and arguments as a container engine puts them together."""
    if command:
        return (*command, *args)
    if rule.args is None and not rule.entrypoint:
        raise ExecutionError(
            f"image {image!r}: the template has no command, and its rule in gitops.yaml "
            f"(runtime.images, {rule.pattern!r}) no entrypoint"
        )
    words = (*rule.entrypoint, *(args or rule.args or ()))
    if not words:
        raise ExecutionError(f"image {image!r}: neither the template nor its rule says what to run")
    return words


def _is_own(program: str, own: Collection[str]) -> bool:
    """Whether it is in one of the step's folders, or named from where the step works."""
    if not program.startswith("/"):
        return "/" in program
    return any(program.startswith(folder.rstrip("/") + "/") for folder in own)


def _program(name: str, search: str, image: str) -> tuple[str, ...]:
    """Where a program is on the host: at its path, or where PATH has one of its name."""
    if name == "gitops":
        return _this_program()
    base = os.path.basename(name)
    candidates = dict.fromkeys((name, base, "python3") if base == "python" else (name, base))
    found = next(filter(None, (_find_program(each, search) for each in candidates)), None)
    if found is None:
        lacks = f"image {image!r}: the host has no command {name!r}"
        raise ExecutionError(f'exec: "{name}": {NO_COMMAND} ({lacks})', hints=[_MAP_IT])
    return (found,)


def _find_program(name: str, search: str) -> str | None:
    """As ``shutil.which``, which costs five times as much, for every step."""
    folders = ("",) if "/" in name else search.split(os.pathsep)
    paths = (os.path.join(folder, name) for folder in folders)
    found = (path for path in paths if os.access(path, os.X_OK) and not os.path.isdir(path))
    return next(found, None)


def _this_program() -> tuple[str, ...]:
    """The gitops that runs, wherever its package is; a step's working folder cannot shadow it."""
    package = str(Path(toolkit.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {package!r}); from toolkit.cli.main import main; main()"
    return (sys.executable, "-P", "-c", code)
