"""The repository that ``gitops init`` writes: the one this program is developed with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from toolkit.adapters.git.gitpython import GitCommandError, InvalidGitRepositoryError, git
from toolkit.errors import GitError, OperationError

SCHEMA_FILE = ".gitops.schema.json"
_SETTINGS = "gitops.yaml"
_CONTENT = ("crons", "templates", "workflows", "resources", "overlays", _SETTINGS)
_CI_FILE = ".ci/deploy.yaml"
_IGNORED = (
    "# The state of gitops on this machine: clusters, logs, secrets.\n/.gitops/\n__pycache__/\n"
)
_SCHEMA_LINE = "# yaml-language-server: $schema="
_PACKAGE = Path(__file__).parents[1]


def starter_files() -> Mapping[str, bytes]:
    """Every file of a new repository, by its path."""
    source = _source()
    files = {path: (source / path).read_bytes() for path in _paths(source)}
    _, _, rest = files[_SETTINGS].decode().partition("\n")
    files[_SETTINGS] = f"{_SCHEMA_LINE}{SCHEMA_FILE}\n{rest}".encode()
    files[SCHEMA_FILE] = (_PACKAGE / "schema" / "gitops.schema.json").read_bytes()
    files[".gitignore"] = _IGNORED.encode()
    return files


def write_starter(folder: Path) -> int:
    """Writes the files below ``folder``; returns how many.

    Raises OperationError, before anything is written, where one of them exists already.
    """
    files = starter_files()
    existing = sorted(path for path in files if (folder / path).exists())
    if existing:
        raise OperationError(
            f"{folder} holds {existing[0]} already; nothing was written",
            hints=["choose a new folder"],
        )
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return len(files)


def commit_starter(folder: Path) -> bool:
    """Makes ``folder`` a git repository with one commit. False, and nothing is done, where it lies
    inside a repository already: what to commit there is its owner's decision.
    """
    try:
        git.Repo(folder, search_parent_directories=True).close()
        return False
    except InvalidGitRepositoryError:
        pass
    try:
        with git.Repo.init(folder, initial_branch="main") as repo:
            repo.git.add(*sorted(starter_files()))
            repo.git.commit(
                "--quiet", "-m", "A new repository, by gitops init", env=_identity(repo)
            )
    except GitCommandError as error:
        raise GitError(f"git did not take the new repository: {error.stderr.strip()}") from error
    return True


def _identity(repo: git.Repo) -> dict[str, str]:
    """An author for those who have not told git who they are."""
    with repo.config_reader() as config:
        if config.get_value("user", "email", default=""):
            return {}
    who = {"NAME": "gitops init", "EMAIL": "gitops@toolkit.invalid"}
    return {f"GIT_{role}_{k}": v for role in ("AUTHOR", "COMMITTER") for k, v in who.items()}


def _source() -> Path:
    """The content in the installed package, or in the checkout that the package stands in."""
    shipped = _PACKAGE / "starter"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def _paths(source: Path) -> Iterator[str]:
    yield _CI_FILE
    for name in _CONTENT:
        top = source / name
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in found:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(source).as_posix()
