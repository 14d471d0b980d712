"""The entry point: dispatches to one verb and maps how it ended to an exit code.

Nothing heavy is imported here. ``gitops build`` is dispatched before click is loaded, because a
build of ten files takes less time than that import.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from toolkit.cli.boundary import guarded


def main() -> NoReturn:
    """Runs the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit code (see :mod:`toolkit.cli.boundary`)."""
    return guarded(lambda: _dispatch(list(arguments)), arguments)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["build"]:
        from toolkit.cli.build_fast import try_build

        code = try_build(arguments[1:])
        if code is not None:
            return code
    from toolkit.cli.group import gitops

    result: object = gitops.main(args=arguments, prog_name="gitops", standalone_mode=False)
    return result if isinstance(result, int) else 0
