"""What pods used, as ``argo get`` writes it: ``6m0s*(1 cpu),30m0s*(100Mi memory)``."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.workflow.measures.usage import UNITS


def format_usage(used: Mapping[str, int]) -> str:
    """A ``resourcesDuration``, by name of the resource; "" where there is none."""
    return ",".join(
        f"{_go_duration(int(seconds))}*({UNITS.get(resource, '1')} {resource})"
        for resource, seconds in sorted(used.items())
    )


def _go_duration(seconds: int) -> str:
    """As Go prints a duration of whole seconds."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
