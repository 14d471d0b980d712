"""One container as processes of the host: a claim, a wrapper under it, and who follows it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from toolkit.adapters.containers.engine import Stage
from toolkit.adapters.masking import Mask
from toolkit.adapters.process.claims import Claim, ProcessRecord, Standing, write_durably
from toolkit.adapters.process.contained import (
    collect_contained,
    drop_contained,
    kill_contained,
    progress_of,
    yet_to_start,
)
from toolkit.adapters.process.held import let_go
from toolkit.adapters.process.launch import ONCE, Again, launch, prepare, recall_layout
from toolkit.adapters.process.machinery import Machinery
from toolkit.adapters.process.outcome import (
    DEADLINE,
    as_run,
    end_leftovers,
    end_session,
    outcome_of,
)
from toolkit.adapters.process.spares import Untouched, untouched
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.events import (
    ContainerEnded,
    ContainerErrored,
    ContainerProgressed,
    ContainerStarted,
)
from toolkit.workflow.pods.spec import MAIN_NAME
from toolkit.workflow.ports import ExecutorEvent, ResolvedStart

_LOOK_AGAIN_S = 0.01
STOPPED_BEFORE = "stopped before it started"
LATE_GRACE_S = 5.0
_ENGINE_BACK_S = 1.0

Outcome = ContainerEnded | ContainerErrored
Tell = Callable[[ExecutorEvent], None]


class Container:
    """``tell`` hears when it starts and how it ended, from any thread. ``name`` names its log.
    ``pod`` is the claim of the pod it is part of, which keeps the shared volumes; one that is a
    pod by itself keeps them in its own.
    """

    __slots__ = (
        "_again", "_awaits_start", "_group", "_is_part", "_lock", "_machinery", "_name",
        "_shared", "_tell", "_untouched", "claim",
        "grace_s", "mask", "outcome", "resolved",
    )  # fmt: skip

    def __init__(
        self,
        resolved: ResolvedStart,
        claim: Claim,
        machinery: Machinery,
        tell: Tell,
        *,
        name: str = MAIN_NAME,
        pod: Claim | None = None,
        again: Again = ONCE,
    ) -> None:
        self.resolved = resolved
        self.claim = claim
        self.mask = Mask(resolved.secrets)
        self.outcome: Outcome | None = None
        self.grace_s: float | None = None  # set by a stop
        self._machinery = machinery
        self._tell = tell
        self._name = name
        self._is_part = pod is not None
        self._shared = volumes_of(pod or claim)
        self._again = again
        self._group: int | None = None  # set once it runs
        self._awaits_start = False  # its client runs, and no container as far as we know
        self._untouched: Untouched | None = None
        self._lock = threading.Lock()

    def launch(self) -> None:
        """Starts it, where nobody ever did; else finds out what became of it. Any thread."""
        deadline = self.resolved.start.deadline
        if self.grace_s is not None:
            self._settle(self.error(STOPPED_BEFORE))
            return
        if deadline is not None and self._machinery.until(deadline) <= 0:
            self._settle(self.error(DEADLINE, is_deadline=True))
            return
        machinery = self._machinery
        is_alone = not self._is_part and machinery.host.engine_of(self.resolved) is None
        lock = self.claim.take(machinery.spares.make) if is_alone else self.claim.take()
        if lock is None:
            self._machinery.follower.soon(self.attach)
            return
        try:
            group = self._spawn(lock)
        except (ExecutionError, OSError) as error:
            message = str(error)
            write_durably(self.claim.folder / "failed", f"{message}\n".encode())
            self._settle(self.error(message, is_transient=isinstance(error, OSError)))
            return
        finally:
            os.close(lock)
        try:
            # Our child, and only a follower reaps it: the pid is still its own, or it has ended.
            descriptor = os.pidfd_open(group)
        except ProcessLookupError:  # another executor in this program followed and reaped it
            self._machinery.follower.soon(self.attach)
            return
        self._follow(group, descriptor)

    def attach(self) -> None:
        """Finds out about one that was claimed before. On the follower's thread."""
        self._guarded(self._look)

    def drop(self) -> None:
        """Nobody asks for the claim any more. Any thread, once there is an outcome."""
        before = self._untouched if isinstance(self.outcome, ContainerEnded) else None
        if before is None or not self._machinery.spares.keep(self.claim, before):
            self.claim.remove()

    def refuse(self, message: str) -> None:
        """Ends it before it starts: there is no way to run it here."""
        self._settle(self.error(message))

    def stop(self, grace_s: float) -> None:
        """TERM, then KILL. Any thread; one that has not started yet will not."""
        if self._wish_end(grace_s):
            self._machinery.follower.soon(self._terminate)

    def stop_now(self, grace_s: float) -> None:
        """``stop`` from the follower's thread: it does not wait for a turn, which may never come
        where the program ends.
        """
        if self._wish_end(grace_s):
            self._terminate()

    def _wish_end(self, grace_s: float) -> bool:
        """Whether it runs, so that there is something to end now."""
        with self._lock:
            if self.outcome is not None:
                return False
            self.grace_s = grace_s
            return self._group is not None  # else whoever launches it sees the wish

    def _spawn(self, lock: int) -> int:
        machinery, start = self._machinery, self.resolved.start
        if self._again.retries and machinery.host.engine_of(self.resolved) is not None:
            raise ExecutionError("retries of a set's containers need runtime.kind process")
        preparation = prepare(
            self.resolved,
            self.claim,
            machinery.host,
            self._shared,
            remembers=self._is_part or bool(start.output_files or start.output_artifacts),
        )
        if not self._is_part:
            about = {
                "node": start.node_name,
                "template": start.template,
                "image": start.call.image,
                "began": machinery.clock.now().isoformat(),
            }
            machinery.logs.describe(self.resolved.address, about)
        log = machinery.logs.open(self.resolved.address, self.mask, self._name)
        if not self._is_part:
            self._untouched = untouched(self.claim)
        return launch(
            preparation,
            self.claim,
            machinery.host,
            log=log,
            lock=lock,
            captures=start.captures_result,
            again=self._again,
        )

    def _follow(self, group: int, descriptor: int) -> None:
        start, follower = self.resolved.start, self._machinery.follower
        awaited = yet_to_start(self.claim, self._machinery.host)
        self._awaits_start = awaited is not None
        if awaited is None:
            self._tell_started()
        with self._lock:
            self._group = group
            is_unwanted = self.grace_s is not None
        follower.on_end(descriptor, lambda: self._on_end(descriptor))
        if awaited is not None:
            self._machinery.starts.begin(self.claim.folder, *awaited, self._looked)
        self._machinery.progress.begin(
            self.claim.folder, progress_of(self.claim, self._machinery.host), self._progressed
        )
        if start.deadline is not None:
            follower.after(self._machinery.until(start.deadline), self._expire)
        if is_unwanted:
            follower.soon(self._terminate)

    def _tell_started(self) -> None:
        start = self.resolved.start
        self._tell(ContainerStarted(start.id, start.node_id, self._machinery.clock.now()))

    # On the follower's thread.

    def _looked(self, stage: Stage) -> None:
        """The engine was asked for the container that is awaited. A stop is told its client only
        as long as there is none: then the client ends, or loses it and is told again. Between
        that and its program's start a TERM would end the engine's own program in the container.
        """
        if stage is Stage.RUNS:
            self._awaits_start = False
            self.claim.note_begun(self._machinery.clock.now())
            self._tell_started()
        if self.grace_s is not None and stage is not Stage.MADE:
            self._signal(signal.SIGTERM)

    def _progressed(self, said: str) -> None:
        start, now = self.resolved.start, self._machinery.clock.now()
        self._tell(ContainerProgressed(start.id, start.node_id, said, now))

    def _look(self) -> None:
        standing = self.claim.standing()
        is_ours = self._group is not None and standing is Standing.ENDED
        record = None if is_ours else self.claim.record()
        if standing is Standing.LIVE and record is not None:
            self._attach_live(record)
        elif standing in (Standing.LIVE, Standing.STARTING):
            # Another is about to start it, or its wrapper died and something keeps the lock.
            if record is not None and not record.is_alive():
                end_session(record)
            self._machinery.follower.after(_LOOK_AGAIN_S, self.attach)
        else:
            if record is not None and self._group is None:  # it ended while nobody followed it
                end_session(record)
            is_contained = self.claim.container() is not None
            if is_contained:
                self._machinery.starts.end(self.claim.folder)
            conclude = partial(self._conclude, standing, is_contained=is_contained)
            saves = bool(self.resolved.start.output_artifacts) and not self._is_part
            if not (is_contained or saves):
                conclude()
            elif not self._machinery.is_closing:  # else the next executor does it
                self._machinery.movers.submit(self._guarded, conclude)

    def _attach_live(self, record: ProcessRecord) -> None:
        try:
            descriptor = os.pidfd_open(record.pid)
        except ProcessLookupError:
            self._machinery.follower.soon(self.attach)
            return
        if not record.is_alive():  # it ended, and another got its pid, before we opened
            os.close(descriptor)
            self._machinery.follower.soon(self.attach)
            return
        self._machinery.logs.open(self.resolved.address, self.mask, self._name)
        self._follow(record.pid, descriptor)

    def _on_end(self, descriptor: int) -> None:
        end_leftovers(descriptor, self.claim)
        self.attach()

    def _conclude(self, standing: Standing, *, is_contained: bool) -> None:
        """Nothing of it lives any more."""
        machinery, start = self._machinery, self.resolved.start
        failure: str | None = ""
        if not is_contained:
            pass  # a process: it has left nothing but its folder
        elif standing is Standing.ENDED:
            failure = collect_contained(self.claim, machinery.host, recall_layout(self.claim))
        else:
            drop_contained(self.claim, machinery.host)
        if failure is None:
            machinery.soon(lambda: machinery.follower.after(_ENGINE_BACK_S, self.attach))
            return
        if self._awaits_start and standing is Standing.ENDED and not failure:
            self._tell_started()  # it was over before anyone saw it
        if start.call.resources:
            let_go(self.claim, machinery.host.cgroups)
        if self._is_part:
            start = without_outputs(start)
        outcome = outcome_of(
            start,
            self.claim,
            standing,
            mask=self.mask,
            artifacts=machinery.host.artifacts.using(self.resolved.credentials),
            log=self._log,
            at=machinery.clock.now(),
        )
        self.claim.drop_secrets()
        machinery.logs.close(self.resolved.address, self.mask, self._name)
        self._settle(self.error(failure) if failure else outcome)

    def _log(self, container: str) -> Path:
        return self._machinery.logs.path(self.resolved.address, container)

    def _terminate(self) -> None:
        if self.outcome is None and self._group is not None:
            self.claim.note_stop(signal.SIGTERM)
            if self._awaits_start and not self._machinery.is_closing:
                self._machinery.starts.hurry()
            else:
                self._signal(signal.SIGTERM)
            self._machinery.follower.after(self.grace_s or 0.0, self._kill)

    def _kill(self) -> None:
        if self.outcome is None:
            self.claim.note_stop(signal.SIGKILL)
            is_contained = self.claim.container() is not None and not self._awaits_start
            if is_contained and not self._machinery.is_closing:
                self._machinery.movers.submit(kill_contained, self.claim, self._machinery.host)
            else:
                self._signal(signal.SIGKILL)

    def _expire(self) -> None:
        if self.outcome is None:
            self.claim.note_deadline()
            self.grace_s = self.grace_s or LATE_GRACE_S
            self._terminate()

    def _signal(self, number: signal.Signals) -> None:
        """To the whole group. Its leader is alive or, if our child, not yet reaped: only this
        thread reaps, after which there is an outcome.
        """
        record = self.claim.record()
        if record is not None:
            signal_group(record, number)
        elif self._group is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._group, number)

    # On any.

    def _guarded(self, work: Callable[[], None]) -> None:
        """A full disk, say, loses the step, and not the executor; so does a mistake of ours."""
        try:
            work()
        except (OSError, ExecutionError) as error:
            self._settle(self.error(f"lost: {error}", is_transient=True))
        except Exception as error:
            self._settle(self.error(f"lost: {error!r}"))
            raise

    def _settle(self, outcome: Outcome) -> None:
        if isinstance(outcome, ContainerErrored) and not self._is_part:
            outcome = as_run(outcome)
        self._machinery.progress.end(self.claim.folder)
        with self._lock:
            self.outcome = outcome
        self._tell(outcome)

    def error(
        self, message: str, *, is_transient: bool = False, is_deadline: bool = False
    ) -> ContainerErrored:
        """What is reported of one that did not run, or is lost."""
        start = self.resolved.start
        return ContainerErrored(
            start.id,
            start.node_id,
            self.mask.text(message),
            self._machinery.clock.now(),
            is_transient=is_transient,
            is_deadline=is_deadline,
        )


def volumes_of(claim: Claim) -> Path:
    """Where a pod's own volumes are."""
    return claim.folder / "volumes"


def without_outputs(start: StartContainer) -> StartContainer:
    """Of a part of a pod: what is put out is read when the whole pod has ended."""
    return replace(start, captures_result=False, output_files=(), output_artifacts=())


def signal_group(record: ProcessRecord, number: signal.Signals) -> None:
    """To all of a wrapper's processes, where it is still that very wrapper."""
    if record.is_alive():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(record.pid, number)
