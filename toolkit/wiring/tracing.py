"""Whether traces of runs are sent, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.controllers.runs.run_watcher import RunWatcher


def start_tracing(
    stack: ExitStack, on_error: Callable[[Exception], None]
) -> Callable[[str], list[RunWatcher]]:
    """Gives the watchers of an environment by its name: none where OpenTelemetry's variables ask
    for no traces. Where they do and it is not installed, ``on_error`` hears of it, and runs go on.
    """
    from toolkit.adapters.otel import RunTracer, TraceSender, is_wanted

    if not is_wanted():
        return lambda _: []
    try:
        sender = TraceSender(on_error)
    except UsageError as error:
        on_error(error)
        return lambda _: []
    stack.callback(sender.close)
    return lambda environment: [RunTracer(environment, sender)]
