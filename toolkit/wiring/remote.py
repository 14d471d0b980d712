"""Where builds take what is elsewhere from, and keep it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

from toolkit.adapters.remote.bases import RemoteBases
from toolkit.wiring.workspace import STATE_FOLDER

CACHE = "cache"
"""Below a workspace's state folder."""


def open_remote(
    root: str | os.PathLike[str] | None,
    *,
    is_offline: bool = False,
    since: datetime | None = None,
) -> RemoteBases:
    """A source for the builds of one command; close it after them. Several, of processes of one
    command, see the same where they are told ``since`` when it runs.

    Its cache is ``.gitops/cache`` of the workspace at ``root``, where that has its state folder,
    else the user's; ``GITOPS_CACHE`` names another, or is ``off``. ``GITOPS_OFFLINE``
    makes it offline, too.
    """
    is_offline = is_offline or os.environ.get("GITOPS_OFFLINE", "") not in ("", "0", "false")
    return RemoteBases(cache_folder(root), say=_say, is_offline=is_offline, since=since)


def cache_folder(root: str | os.PathLike[str] | None) -> Path | None:
    """None for none."""
    given = os.environ.get("GITOPS_CACHE", "")
    if given:
        return None if given == "off" else Path(given)
    if root is not None and (Path(root) / STATE_FOLDER).is_dir():
        return Path(root) / STATE_FOLDER / CACHE
    user = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(user) if user.startswith("/") else Path.home() / ".cache"
    return base / "gitops"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
