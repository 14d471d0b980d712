"""The entry point: dispatches to one verb and maps how it ended to an exit code.

Nothing heavy is imported here. ``gitops build`` is dispatched before click is loaded, because a
build of ten files takes less time than that import.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from toolkit.cli.boundary import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Runs the command line of this process."""
    code = run(sys.argv[1:])
    if sys.argv[1:2] == ["build"]:
        _leave(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit code (see :mod:`toolkit.cli.boundary`)."""
    return guarded(lambda: _dispatch(list(arguments)), arguments)


def _leave(code: int) -> NoReturn:
    """Ends at once: to take all objects of a build apart takes as long as to write them."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def _dispatch(arguments: list[str]) -> int:
    if arguments[:1] == ["build"]:
        from toolkit.cli.build_fast import try_build

        code = try_build(arguments[1:])
        if code is not None:
            return code
    from toolkit.cli.group import gitops

    result: object = gitops.main(args=arguments, prog_name="gitops", standalone_mode=False)
    return result if isinstance(result, int) else 0
