"""What a Job does next: Kubernetes' rules (``batch/v1``), from the Job and its pods as they are.

A finished pod counts as long as it is there: one that is deleted is as if it had never been.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.batch.pods import condition
from toolkit.workflow.nodes import FAILED, SUCCEEDED, Row, parse_instant, rfc3339

PREFIX: Final = "batch.kubernetes.io/"
CONTROLLER_UID: Final = f"{PREFIX}controller-uid"
_INDEX: Final = f"{PREFIX}job-completion-index"
_OWN_CONTROLLER: Final = "kubernetes.io/job-controller"
_UNSUPPORTED: Final = (
    "podFailurePolicy",
    "successPolicy",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ENDS: Final = frozenset({"Complete", "Failed"})
_FIRST_WAIT: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(seconds=600)


@dataclass(frozen=True, slots=True)
class JobDecision:
    """``status`` None: it stays. It is to be written before pods are made or deleted.
    ``is_expired``: the Job itself is to be deleted.
    """

    status: Row | None = None
    create: tuple[Body, ...] = ()
    delete: tuple[str, ...] = ()
    wake_at: datetime | None = None
    is_expired: bool = False


def end_of(job: Body) -> Row | None:
    """The condition that says how it ended."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((c for c in conditions if c["type"] in _ENDS and c["status"] == "True"), None)


def decide(job: Body, pods: Sequence[Body], now: datetime) -> JobDecision:
    """``pods``: those it controls."""
    if job["metadata"].get("deletionTimestamp"):
        return JobDecision()
    if (job["spec"].get("managedBy") or _OWN_CONTROLLER) != _OWN_CONTROLLER:
        return JobDecision()
    state = _State(job, pods, now)
    end = end_of(job)
    return state.after(end) if end is not None else state.decision()


class _State:
    """A Job, its pods sorted by what they came to, and the time."""

    def __init__(self, job: Body, pods: Sequence[Body], now: datetime) -> None:
        self.job, self.spec, self.now = job, job["spec"], now
        self.old: Row = job.get("status") or {}
        self.succeeded = [pod for pod in pods if _phase(pod) == SUCCEEDED]
        self.failed = [pod for pod in pods if _phase(pod) == FAILED]
        self.active = sorted(
            (pod for pod in pods if _phase(pod) not in (SUCCEEDED, FAILED)), key=_age
        )
        self.completions = self.spec.get("completions")
        parallelism = self.spec.get("parallelism")
        if self.completions is None and parallelism is None:
            self.completions = 1
        self.parallelism = 1 if parallelism is None else int(parallelism)
        self.is_indexed = self.spec.get("completionMode") == "Indexed"
        self.indexes = sorted({_index(pod) for pod in self.succeeded})

    def after(self, end: Row) -> JobDecision:
        """It has ended: what still runs is stopped, and some time after, it goes itself."""
        delete = tuple(_name(pod) for pod in self.active)
        ttl = self.spec.get("ttlSecondsAfterFinished")
        if ttl is None:
            return JobDecision(delete=delete)
        expires = parse_instant(end["lastTransitionTime"]) + timedelta(seconds=int(ttl))
        is_expired = expires <= self.now
        return JobDecision(
            delete=delete, wake_at=None if is_expired else expires, is_expired=is_expired
        )

    def decision(self) -> JobDecision:
        unsupported = [name for name in _UNSUPPORTED if name in self.spec]
        if unsupported:
            return self._failed("NotSupported", f"not supported here: {', '.join(unsupported)}")
        if self.spec.get("suspend"):
            return self._suspended()
        if self._failures() > self._limit():
            said = "Job has reached the specified backoff limit"
            return self._failed("BackoffLimitExceeded", said)
        deadline = self._deadline()
        if deadline is not None and deadline <= self.now:
            said = "Job was active longer than specified deadline"
            return self._failed("DeadlineExceeded", said)
        if self._is_complete():
            return self._complete()
        return self._going_on(deadline)

    # Ends

    def _failed(self, reason: str, message: str) -> JobDecision:
        status = self._status(("Failed",), reason=reason, message=message)
        return JobDecision(status, delete=tuple(_name(pod) for pod in self.active))

    def _complete(self) -> JobDecision:
        said = {
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
        }
        status = self._status(("SuccessCriteriaMet", "Complete"), **said)
        status["completionTime"] = rfc3339(self.now)
        return JobDecision(status, delete=tuple(_name(pod) for pod in self.active))

    def _suspended(self) -> JobDecision:
        put = condition(
            self.old,
            "Suspended",
            is_true=True,
            now=self.now,
            reason="JobSuspended",
            message="Job suspended",
        )
        status = self._with_condition(self._counts(0), put)
        status.pop("startTime", None)
        return JobDecision(self._changed(status), delete=tuple(_name(pod) for pod in self.active))

    def _status(self, types: Iterable[str], **said: str) -> Row:
        status = self._counts(0)
        status.setdefault("startTime", rfc3339(self.now))
        for type in types:
            put = condition(self.old, type, is_true=True, now=self.now, **said)
            status = self._with_condition(status, put)
        return status

    # While it runs

    def _going_on(self, deadline: datetime | None) -> JobDecision:
        create, delete, wait_until = self._pods()
        status = self._counts(len(self.active) + len(create) - len(delete))
        status.setdefault("startTime", rfc3339(self.now))
        before = [c for c in self.old.get("conditions") or () if c["type"] == "Suspended"]
        if before and before[0]["status"] == "True":
            status["startTime"] = rfc3339(self.now)
            resumed = {"reason": "JobResumed", "message": "Job resumed"}
            put = condition(self.old, "Suspended", is_true=False, now=self.now, **resumed)
            status = self._with_condition(status, put)
        if deadline is None and self.spec.get("activeDeadlineSeconds") is not None:
            deadline = self.now + timedelta(seconds=int(self.spec["activeDeadlineSeconds"]))
        wakes = [at for at in (deadline, wait_until) if at is not None]
        return JobDecision(self._changed(status), create, delete, min(wakes) if wakes else None)

    def _pods(self) -> tuple[tuple[Body, ...], tuple[str, ...], datetime | None]:
        """What to make and what to delete now, and until when making waits."""
        wanted = self._wanted()
        if wanted <= len(self.active):
            return (), tuple(_name(pod) for pod in self.active[wanted:]), None
        until = self._until()
        if until is not None and until > self.now:
            return (), (), until
        indexes = self._missing(wanted - len(self.active))
        return tuple(_pod(self.job, index) for index in indexes), (), None

    def _missing(self, count: int) -> Sequence[int | None]:
        """The indexes of the next pods; None for each where pods have none."""
        if not self.is_indexed:
            return [None] * count
        taken = {*self.indexes, *(_index(pod) for pod in self.active)}
        return [at for at in range(int(self.completions or 0)) if at not in taken][:count]

    def _wanted(self) -> int:
        if self.completions is None:  # a work queue: the first that succeeds says all is done
            return len(self.active) if self.succeeded else self.parallelism
        return min(self.parallelism, int(self.completions) - self._done())

    def _done(self) -> int:
        return len(self.indexes) if self.is_indexed else len(self.succeeded)

    def _is_complete(self) -> bool:
        if self.completions is None:
            return bool(self.succeeded) and not self.active
        return self._done() >= int(self.completions)

    def _failures(self) -> int:
        restarts = sum(_restarts(pod) for pod in (*self.active, *self.succeeded))
        return len(self.failed) + restarts

    def _limit(self) -> int:
        limit = self.spec.get("backoffLimit")
        return 6 if limit is None else int(limit)

    def _deadline(self) -> datetime | None:
        seconds, started = self.spec.get("activeDeadlineSeconds"), self.old.get("startTime")
        if seconds is None or not started:
            return None
        return parse_instant(started) + timedelta(seconds=int(seconds))

    def _until(self) -> datetime | None:
        """After failures one upon the other the wait doubles."""
        won = [_ended_at(pod) for pod in self.succeeded]
        ends = [_ended_at(pod) for pod in self.failed]
        lost = [end for end in ends if not won or end > max(won)]
        if not lost:
            return None
        wait: timedelta = min(_FIRST_WAIT * (1 << min(len(lost) - 1, 10)), _LONGEST_WAIT)
        return max(lost) + wait

    # The status

    def _counts(self, active: int) -> Row:
        status = dict(self.old)
        counts = {
            "active": active,
            "succeeded": len(self.succeeded),
            "failed": len(self.failed),
        }
        for name, count in counts.items():
            if count:
                status[name] = count
            else:
                status.pop(name, None)
        status["ready"] = 0 if not active else sum(_is_ready(pod) for pod in self.active)
        if self.is_indexed:
            status["completedIndexes"] = ",".join(_ranges(self.indexes))
        return status

    def _with_condition(self, status: Row, put: Row) -> Row:
        others = [c for c in status.get("conditions") or () if c["type"] != put["type"]]
        return {**status, "conditions": [*others, put]}

    def _changed(self, status: Row) -> Row | None:
        return None if status == self.old else status


def _pod(job: Body, index: int | None) -> Body:
    metadata, template = job["metadata"], job["spec"]["template"]
    name, uid = str(metadata["name"]), str(metadata["uid"])
    extra: Row = template.get("metadata") or {}
    identity = {
        f"{PREFIX}job-name": name,
        "job-name": name,
        CONTROLLER_UID: uid,
        "controller-uid": uid,
    }
    labels = {**(extra.get("labels") or {}), **identity}
    annotations = dict(extra.get("annotations") or {})
    spec: Row = template["spec"]
    prefix = f"{name}-"
    if index is not None:
        labels[_INDEX] = annotations[_INDEX] = str(index)
        spec, prefix = _indexed(spec, index), f"{name}-{index}-"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": prefix,
            "namespace": metadata["namespace"],
            "labels": labels,
            **({"annotations": annotations} if annotations else {}),
            "ownerReferences": [owner_reference(job, "Job")],
        },
        "spec": spec,
    }


def owner_reference(owner: Body, kind: str) -> Row:
    """What makes an object go with its controller."""
    return {
        "apiVersion": "batch/v1",
        "kind": kind,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_owned(body: Body, owner: Body) -> bool:
    """Whether ``owner`` controls ``body``."""
    uid = owner["metadata"]["uid"]
    owners = body["metadata"].get("ownerReferences") or ()
    return any(each.get("uid") == uid and each.get("controller") for each in owners)


def _indexed(spec: Row, index: int) -> Row:
    told = {"name": "JOB_COMPLETION_INDEX", "value": str(index)}
    put: Row = {}
    for field in ("initContainers", "containers"):
        if spec.get(field):
            put[field] = [{**c, "env": [*(c.get("env") or ()), told]} for c in spec[field]]
    return {**spec, **put}


def _ranges(indexes: Sequence[int]) -> Iterator[str]:
    """``0-2,4``."""
    at = 0
    while at < len(indexes):
        end = at
        while end + 1 < len(indexes) and indexes[end + 1] == indexes[end] + 1:
            end += 1
        yield f"{indexes[at]}" if at == end else f"{indexes[at]}-{indexes[end]}"
        at = end + 1


def _name(pod: Body) -> str:
    return str(pod["metadata"]["name"])


def _age(pod: Body) -> tuple[str, str]:
    return str(pod["metadata"].get("creationTimestamp")), _name(pod)


def _phase(pod: Body) -> str:
    return str((pod.get("status") or {}).get("phase") or "")


def _index(pod: Body) -> int:
    return int((pod["metadata"].get("annotations") or {}).get(_INDEX, -1))


def _restarts(pod: Body) -> int:
    statuses: list[Any] = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(int(each.get("restartCount") or 0) for each in statuses)


def _is_ready(pod: Body) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _ended_at(pod: Body) -> datetime:
    """When its last container ended; one that had none is as old as the pod."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    ends = [(each["state"].get("terminated") or {}).get("finishedAt") for each in statuses]
    created = str(pod["metadata"]["creationTimestamp"])
    return max((parse_instant(end) for end in ends if end), default=parse_instant(created))
