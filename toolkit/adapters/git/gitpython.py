"""GitPython, which looks for the ``git`` program as it is imported."""

from __future__ import annotations

from toolkit.errors import GitError

try:
    import git
    from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError
except ImportError as error:
    raise GitError(
        "git was not found", hints=["install git, or put its folder on the PATH"]
    ) from error

__all__ = ["GitCommandError", "InvalidGitRepositoryError", "NoSuchPathError", "git"]
