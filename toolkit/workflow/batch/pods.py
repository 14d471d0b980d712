"""What a Pod asks of an executor, and what its status becomes.

The status is all the memory there is: a container's ``containerID`` names the start that it
belongs to. A start is the pod's n-th, n being the restarts of its containers so far; so each has an
id of its own, which an executor claims once.

DEVIATION: a container is started again when all of the pod's have ended, and with a fresh
``emptyDir``; kubelets do so one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from toolkit.resource.resource import Body
from toolkit.workflow.commands import PodContainer, StartContainer
from toolkit.workflow.events import ContainerEnded, ContainerErrored, ContainerState
from toolkit.workflow.nodes import FAILED, PENDING, RUNNING, SUCCEEDED, Row, parse_instant, rfc3339
from toolkit.workflow.pods.life import INIT, MAIN, SIDECAR, TERMINATED
from toolkit.workflow.pods.spec import container_call
from toolkit.workflow.status.projection import GROUP

_SCHEME: Final = "process://"
_FIRST_WAIT: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(seconds=300)
_NOT_STARTED: Final = 128
_LOCALHOST: Final = "127.0.0.1"
_HAS_FINISHED: Final = frozenset({SUCCEEDED, FAILED})
_LATE: Final = "Pod was active on the node longer than the specified deadline"


def is_run_here(pod: Body) -> bool:
    """Whether it is a pod in its own right. Those with a workflow's label are pictures of its
    steps; what a resource template makes has none, though a workflow may own it.
    """
    return f"{GROUP}/workflow" not in (pod["metadata"].get("labels") or {})


def has_finished(pod: Body) -> bool:
    """Whether it has come to its end."""
    return (pod.get("status") or {}).get("phase") in _HAS_FINISHED


def log_group(pod: Body) -> str:
    """What stands for the workflow in the address of its logs: no workflow has such a name, and a
    later pod of the same name has another.
    """
    return f"_{pod['metadata']['uid']}"


def start_id(pod: Body) -> str:
    """The id of the start that is to be performed, or is under way."""
    return f"pod-{pod['metadata']['uid']}-{_restarts(pod)}"


def start_of(pod: Body) -> StartContainer:
    """The containers of the start that :func:`start_id` names. Raises ExpressionError,
    ValueError for a spec that cannot be read.
    """
    id, spec, metadata = start_id(pod), pod["spec"], pod["metadata"]
    known = _statuses(pod)
    mine = f"{_SCHEME}{id}/"
    containers = tuple(
        each
        for each in _containers(spec)
        if not known or str(known.get(each.name, {}).get("containerID")).startswith(mine)
    )
    return StartContainer(
        id=id,
        node_id=str(metadata["uid"]),
        node_name=str(metadata["name"]),
        pod=str(metadata["name"]),
        template="",
        call=containers[0].call,
        containers=containers,
        deadline=_deadline(pod),
        awaits_ready=_policy(spec) == "Always",  # a server: once it is up it takes no slot
    )


def due_at(pod: Body) -> datetime | None:
    """When the next start may be; None: at once."""
    restarts = _restarts(pod)
    ends = [_instant(each, "lastState") for each in _statuses(pod).values()]
    last = max((end for end in ends if end is not None), default=None)
    if last is None or restarts < 2:
        return None
    doublings = min(restarts - 2, 10)
    wait: timedelta = min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)
    return last + wait


def begun(pod: Body, now: datetime) -> Row:
    """The status of one whose start is about to be asked for."""
    id, known = start_id(pod), _statuses(pod)
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    fresh = {
        each.name: _status(each, waiting, id=id)
        for each in _containers(pod["spec"])
        if each.name not in known
    }
    start_time = (pod.get("status") or {}).get("startTime") or rfc3339(now)
    return _whole(pod, {**known, **fresh}, now, {"startTime": start_time})


def waiting(pod: Body, message: str, now: datetime) -> Row:
    """The status of one that cannot be started yet, for a reason that may pass."""
    state = {"waiting": {"reason": "CreateContainerConfigError", "message": message}}
    known = {
        name: {**each, "state": state} if "waiting" in each["state"] else each
        for name, each in _statuses(pod).items()
    }
    return _whole(pod, known, now)


def moved(pod: Body, states: Iterable[ContainerState], now: datetime) -> Row:
    """The status of one whose containers are so by now."""
    return _whole(pod, _with(pod, states), now)


def ended(
    pod: Body,
    outcome: ContainerEnded | ContainerErrored,
    now: datetime,
    states: Iterable[ContainerState] = (),
) -> Row:
    """The status after a start: an end, or that containers are to be started again. ``states``:
    what was last heard of them, where the outcome does not say.
    """
    if isinstance(outcome, ContainerErrored):
        late = {"reason": "DeadlineExceeded", "message": _LATE}
        told = late if outcome.is_deadline else {"reason": "Error", "message": outcome.message}
        known = _lost(_with(pod, states), told["message"], now)
        return _whole(pod, known, now, {**told, "phase": FAILED})
    known = _with(pod, outcome.containers)
    policy = _policy(pod["spec"])
    again = _to_restart(pod, known, policy)
    if policy == "Never" or not again:
        return _whole(pod, known, now, {"phase": FAILED if again else SUCCEEDED})
    next_id = f"pod-{pod['metadata']['uid']}-{_restarts(pod) + len(again)}"
    restarted = {name: _restarted(known[name], next_id) for name in again}
    return _whole(pod, {**known, **restarted}, now)


def refused(pod: Body, message: str, now: datetime) -> Row:
    """The status of one that cannot be run at all."""
    return _whole(pod, {}, now, {"phase": FAILED, "reason": "Error", "message": message})


def grace_s(pod: Body) -> float:
    """How long it may take to end after a TERM."""
    asked = pod["spec"].get("terminationGracePeriodSeconds")
    return 30.0 if asked is None else float(asked)


# The spec


def _policy(spec: Row) -> str:
    return str(spec.get("restartPolicy") or "Always")


def _containers(spec: Row) -> tuple[PodContainer, ...]:
    volumes = tuple(spec.get("volumes") or ())
    inits = [(each, _init_role(each)) for each in spec.get("initContainers") or ()]
    mains = [(each, MAIN) for each in spec.get("containers") or ()]
    return tuple(
        PodContainer(str(each["name"]), role, container_call(each, volumes), has_inputs=True)
        for each, role in (*inits, *mains)
    )


def _init_role(container: Row) -> str:
    """An init container that restarts is a sidecar."""
    return SIDECAR if container.get("restartPolicy") == "Always" else INIT


def _deadline(pod: Body) -> datetime | None:
    seconds = pod["spec"].get("activeDeadlineSeconds")
    started = (pod.get("status") or {}).get("startTime")
    if seconds is None or not started:
        return None
    return parse_instant(started) + timedelta(seconds=int(seconds))


# The status


def _statuses(pod: Body) -> dict[str, Row]:
    status = pod.get("status") or {}
    found = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    return {str(each["name"]): each for each in found}


def _restarts(pod: Body) -> int:
    return sum(int(each.get("restartCount") or 0) for each in _statuses(pod).values())


def _status(container: PodContainer, state: Row, *, id: str) -> Row:
    return {
        "name": container.name,
        "image": container.call.image,
        "imageID": "",
        "containerID": f"{_SCHEME}{id}/{container.name}",
        "restartCount": 0,
        "ready": False,
        "started": False,
        "state": state,
        "lastState": {},
    }


def _with(pod: Body, states: Iterable[ContainerState]) -> dict[str, Row]:
    known = _statuses(pod)
    for state in states:
        if state.name in known:
            is_running = state.started is not None and not state.has_ended
            known[state.name] = {
                **known[state.name],
                "ready": is_running and state.is_ready,
                "started": is_running,
                "state": _state(state),
            }
    return known


def _state(state: ContainerState) -> Row:
    if state.exit_code is None:
        if state.started is None:
            return {"waiting": {"reason": "PodInitializing"}}
        return {"running": {"startedAt": rfc3339(state.started)}}
    finished = state.finished or state.started
    found: Row = {
        "exitCode": state.exit_code,
        "reason": state.reason or ("Error" if state.exit_code else "Completed"),
    }
    if finished is not None:
        found["startedAt"] = rfc3339(state.started or finished)
        found["finishedAt"] = rfc3339(finished)
    if state.message:
        found["message"] = state.message
    return {"terminated": found}


def _lost(known: Mapping[str, Row], message: str, now: datetime) -> dict[str, Row]:
    """Containers that were not started, and those of which nobody heard how they ended."""
    states: dict[str, Row] = {
        "waiting": {"exitCode": _NOT_STARTED, "reason": "StartError", "message": message},
        "running": {"exitCode": TERMINATED, "reason": "ContainerStatusUnknown"},
    }
    found = dict(known)
    for name, each in known.items():
        for state, end in states.items():
            if state in each["state"]:
                terminated = {"terminated": {**end, "finishedAt": rfc3339(now)}}
                found[name] = {**each, "ready": False, "started": False, "state": terminated}
    return found


def _to_restart(pod: Body, known: Mapping[str, Row], policy: str) -> list[str]:
    """Those that failed or, where all are kept up, every one that is no init container."""
    return [
        each.name
        for each in _containers(pod["spec"])
        if each.role != SIDECAR
        and (_code(known[each.name]) != 0 or (policy == "Always" and each.role == MAIN))
    ]


def _code(status: Row) -> int | None:
    code: int | None = (status["state"].get("terminated") or {}).get("exitCode")
    return code


def _restarted(status: Row, id: str) -> Row:
    return {
        **status,
        "restartCount": int(status["restartCount"]) + 1,
        "containerID": f"{_SCHEME}{id}/{status['name']}",
        "ready": False,
        "started": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": status["state"],
    }


def _instant(status: Row, field: str) -> datetime | None:
    text = ((status.get(field) or {}).get("terminated") or {}).get("finishedAt")
    return parse_instant(text) if text else None


def _whole(pod: Body, known: Mapping[str, Row], now: datetime, put: Row | None = None) -> Row:
    """The status with these containers; ``put`` goes over what follows from them."""
    old, spec = pod.get("status") or {}, pod["spec"]
    inits = [str(each["name"]) for each in spec.get("initContainers") or ()]
    mains = [str(each["name"]) for each in spec.get("containers") or ()]
    status: Row = {
        **old,
        "phase": _phase(known, mains),
        "hostIP": _LOCALHOST,
        "podIP": _LOCALHOST,
        **(put or {}),
        "containerStatuses": [known[name] for name in mains if name in known],
    }
    if inits:
        status["initContainerStatuses"] = [known[name] for name in inits if name in known]
    status["conditions"] = _conditions(old, status, _is_initialized(spec, known), now)
    return status


def _phase(known: Mapping[str, Row], mains: list[str]) -> str:
    """Of one that has not ended: it runs from its first container on, also between restarts."""
    begun = [known[name] for name in mains if name in known]
    has_run = any("waiting" not in each["state"] or each["lastState"] for each in begun)
    return RUNNING if has_run else PENDING


def _is_initialized(spec: Row, known: Mapping[str, Row]) -> bool:
    inits = [each for each in spec.get("initContainers") or () if _init_role(each) == INIT]
    return all(_code(known[each["name"]]) == 0 for each in inits if each["name"] in known)


def _conditions(old: Row, status: Row, is_initialized: bool, now: datetime) -> list[Row]:  # noqa: FBT001
    own = status["containerStatuses"]
    is_ready = status["phase"] == RUNNING and bool(own) and all(each["ready"] for each in own)
    reason = {SUCCEEDED: "PodCompleted", FAILED: "PodFailed"}.get(status["phase"])
    why = {"reason": reason or "ContainersNotReady"} if not is_ready else {}
    found = {
        "PodScheduled": (True, {}),
        "Initialized": (is_initialized, {}),
        "ContainersReady": (is_ready, why),
        "Ready": (is_ready, why),
    }
    return [
        condition(old, type, is_true=is_true, now=now, **more)
        for type, (is_true, more) in found.items()
    ]


def condition(old: Row, type: str, *, is_true: bool, now: datetime, **more: Any) -> Row:
    """A condition of a status; its time is that of its last change."""
    value = "True" if is_true else "False"
    conditions = old.get("conditions") or ()
    before: Row = next((each for each in conditions if each.get("type") == type), {})
    same = before.get("status") == value and before.get("lastTransitionTime")
    return {"type": type, "status": value, "lastTransitionTime": same or rfc3339(now), **more}
