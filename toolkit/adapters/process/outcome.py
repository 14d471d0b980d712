"""What an ended step has to report, read from its claim's folder."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from toolkit.adapters.artifacts import ArtifactStore
from toolkit.adapters.masking import Mask
from toolkit.adapters.process.claims import Claim, ProcessRecord, Standing, birth_of, stat_fields
from toolkit.adapters.process.images import NO_COMMAND
from toolkit.adapters.process.isolation import Layout
from toolkit.adapters.process.launch import recall_layout
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import ContainerEnded, ContainerErrored
from toolkit.workflow.pods.life import GAVE_UP

INTERRUPTED = "interrupted"
DEADLINE = "Pod was active on the node longer than the specified deadline"
_MOST_BYTES = 256 * 1024


def outcome_of(
    start: StartContainer,
    claim: Claim,
    standing: Standing,
    *,
    mask: Mask,
    artifacts: ArtifactStore,
    log: Callable[[str], Path],
    at: datetime,
) -> ContainerEnded | ContainerErrored:
    """``standing`` is ENDED, FAILED or INTERRUPTED. Saves the output artifacts of what ended, its
    containers' logs too (``log(name)`` is one's file).
    """
    if standing is Standing.ENDED and not claim.is_past_deadline():
        is_asked = start.output_files or start.output_artifacts
        layout = recall_layout(claim) if is_asked else Layout()
        saved = {
            artifact.name: artifact.key
            for artifact in start.output_artifacts
            if artifacts.save(
                artifact,
                _masked(log(artifact.log_of), claim, mask)
                if artifact.log_of
                else layout.host_path(artifact.path),
            )
        }
        return replace(_ended(start, claim, layout, mask, at), artifacts=saved)
    message = {
        Standing.ENDED: DEADLINE,
        Standing.FAILED: mask.text(claim.failure()),
        Standing.INTERRUPTED: INTERRUPTED,
    }[standing]
    is_deadline = standing is Standing.ENDED
    return ContainerErrored(start.id, start.node_id, message, at, is_deadline=is_deadline)


def as_run(outcome: ContainerErrored) -> ContainerEnded | ContainerErrored:
    """A command that is not there counts as run and failed, as by Argo's executor."""
    if NO_COMMAND not in outcome.message:
        return outcome
    return ContainerEnded(
        outcome.command_id, outcome.node_id, GAVE_UP, outcome.at, message=outcome.message
    )


def _masked(log: Path, claim: Claim, mask: Mask) -> Path:
    """A copy of the log that may leave the machine."""
    copy = claim.folder / f"masked-{log.name}"
    if log.exists():
        shutil.copyfile(log, copy)
        mask.file(copy)
    return copy


def end_leftovers(descriptor: int, claim: Claim) -> None:
    """Ends what an ended step's command left running, and reaps the wrapper where it is ours."""
    try:
        # Not yet reaped: its pid, which names the group, cannot have been given to another.
        ended = os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        if (record := claim.record()) is not None:
            end_session(record)
        return
    if ended is not None:
        with suppress(ProcessLookupError):
            os.killpg(ended.si_pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, descriptor, os.WEXITED)


def end_session(leader: ProcessRecord) -> None:
    """Kills what is left of the session of a leader that is dead.

    A process that got the leader's pid anew shows by its birth; then the session is not ours.
    """
    if birth_of(leader.pid) not in (None, leader.born):
        return
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        fields = stat_fields(pid)
        if fields is None or fields[3] != str(leader.pid) or int(fields[19]) < int(leader.born):
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _ended(
    start: StartContainer, claim: Claim, layout: Layout, mask: Mask, at: datetime
) -> ContainerEnded:
    code = claim.exit_code()
    if code is None:
        code = claim.stop_code() or 0
    outputs: dict[str, str | None] = {}
    for output in start.output_files:
        content = _read(layout.host_path(output.path))
        text = None if content is None else mask.text(content)
        outputs[output.name] = None if text is None else _without_line_end(text)
    result = None
    if start.captures_result:
        result = mask.text(_without_line_end(_read(claim.folder / "stdout", tail=True) or ""))
    return ContainerEnded(
        start.id,
        start.node_id,
        code,
        at,
        result=result,
        outputs=outputs,
        reason=claim.reason(),
    )


def _read(path: Path, *, tail: bool = False) -> str | None:
    """At most 256 kB, the last ones with ``tail``. None where there is no such file."""
    try:
        with path.open("rb") as file:
            if tail:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _MOST_BYTES))
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None


def _without_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
