"""What becomes of runs that were missed, as gitops.yaml says it (``crons.catchUp``)."""

from __future__ import annotations

from enum import Enum


class CatchUp(Enum):
    """``LATEST``, as Argo: the last missed tick, within ``startingDeadlineSeconds``; a cron
    without that field makes up for none. ``ALL``: each missed tick, oldest first, within the
    deadline where there is one. ``NONE``: no missed tick, whatever the cron says.
    """

    LATEST = "latest"
    ALL = "all"
    NONE = "none"
