"""The one place that turns exceptions into messages and exit codes.

0 fine; 1 an operation failed; 2 usage; 3 a bug in us; 4 findings or drift; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from toolkit.errors import FindingsError, ToolkitError

EXIT_BUG = 3
EXIT_INTERRUPTED = 130


def guarded(verb: Callable[[], int], arguments: Sequence[str]) -> int:
    """Runs ``verb``; prints what went wrong to stderr; returns the exit code."""
    try:
        code = verb()
        sys.stdout.flush()
        return code
    except ToolkitError as error:
        _print_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the reader left: nothing more to flush
        return 0
    except Exception as error:
        code_of_click = _exit_code_of_click(error)
        if code_of_click is not None:
            return code_of_click
        _print_bug(arguments)
        return EXIT_BUG


def _print_error(error: ToolkitError) -> None:
    from toolkit.cli.output import is_coloured, read_line
    from toolkit.report.errors import format_error
    from toolkit.report.findings import format_findings

    coloured = is_coloured(sys.stderr)
    if isinstance(error, FindingsError):
        print(format_findings(error.findings, coloured=coloured), file=sys.stderr)
    print(format_error(error, read_line=read_line, coloured=coloured), file=sys.stderr)


def _exit_code_of_click(error: Exception) -> int | None:
    """Click's own usage errors and exits; None for anything else."""
    click = sys.modules.get("click")
    if click is None:
        return None
    if isinstance(error, click.exceptions.Exit):
        return int(error.exit_code)
    if isinstance(error, click.exceptions.Abort):
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return int(error.exit_code)
    return None


def _print_bug(arguments: Sequence[str]) -> None:
    import platform
    import traceback

    from toolkit import __version__

    verb = arguments[0] if arguments else ""
    print(
        "This is a bug in gitops; please report what follows (look it over for names you would "
        f"rather not share).\n\ngitops {__version__}, Python {platform.python_version()}, "
        f"{platform.platform()}, verb {verb!r}\n{traceback.format_exc()}",
        file=sys.stderr,
    )
