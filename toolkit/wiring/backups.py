"""Backups of this workspace's state, and who has to be away while one is restored."""

from __future__ import annotations

import os
import signal
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toolkit.adapters.state.backup import Entry, back_up
from toolkit.adapters.state.restore import discard, put_in_place, unpack
from toolkit.errors import StateError
from toolkit.wiring.clusters import owner_pid
from toolkit.wiring.state_lock import locked
from toolkit.wiring.workspace import Workspace

_FAREWELL_S = 60.0
_MOMENT_S = 0.3
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Restored:
    """``aside``: where the state that was there before is now."""

    entries: tuple[Entry, ...]
    aside: Path | None


def back_up_state(workspace: Workspace, target: Path) -> tuple[Entry, ...]:
    """Whether an owner runs or not. See :func:`toolkit.adapters.state.backup.back_up`."""
    return back_up(workspace.state, target, datetime.now(UTC))


def restore_state(
    workspace: Workspace, source: Path, *, force: bool = False, dry_run: bool = False
) -> Restored:
    """Verifies a backup and, unless it is a ``dry_run``, puts it in the place of the state.

    Raises StateError where it cannot be trusted, and where an owner runs; with ``force`` the owner
    is told to stop, and awaited.
    """
    state = workspace.ensure_state()
    if not dry_run:
        _require_no_owner(workspace, force=force)
    unpacked = Path(tempfile.mkdtemp(prefix="restoring-", dir=state))
    try:
        entries = unpack(source, unpacked)
        if dry_run:
            return Restored(entries, None)
        with locked(state / _LOCK, wait_s=_FAREWELL_S if force else _MOMENT_S):
            return Restored(entries, put_in_place(unpacked, state, datetime.now(UTC)))
    finally:
        discard(unpacked)


def _require_no_owner(workspace: Workspace, *, force: bool) -> None:
    pid = owner_pid(workspace)
    if pid is None:
        return
    if not force or not pid:
        raise StateError(
            f"the state is owned by another gitops (process {pid or 'unknown'})",
            hints=["stop it first; --force does so: steps that run are interrupted in what comes"],
        )
    os.kill(pid, signal.SIGTERM)
