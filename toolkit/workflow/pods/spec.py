"""The containers of a pod template: the main one or a container set, init containers, sidecars.

Rules of argo-workflows v4.1.2: ``container_set_template_types.go``, and ``addInitContainers``,
``addSidecars``, ``mirrorVolumeMounts`` in ``workflowpod.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.commands import ContainerCall, PodContainer
from toolkit.workflow.nodes import Row
from toolkit.workflow.pods.life import INIT, MAIN, SIDECAR
from toolkit.workflow.spans import parse_go_duration
from toolkit.workflow.spec.depends import refuse_cycle
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.substitution.parameters import text_of, whole
from toolkit.workflow.substitution.substitute import has_tags

MAIN_NAME: Final = "main"
_PROBES: Final = {
    "startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe",
}  # fmt: skip
_RESERVED: Final = frozenset({"wait", "supervisor"})


def containers_of(template: Row, volumes: tuple[Row, ...]) -> tuple[PodContainer, ...]:
    """All containers of a processed template, in the order of Kubernetes' pod; () where it is one
    plain container. Raises ExpressionError, ValueError.
    """
    inits, sidecars = template.get("initContainers") or (), template.get("sidecars") or ()
    kind = type_of(template)
    own: Row = template[kind]
    if kind != "containerSet" and not (inits or sidecars or _is_watched(own)):
        return ()
    mains = tuple(_mains(template, volumes))
    main = output_container(mains)
    mirrored = () if main is None else main.call.volume_mounts
    return (
        *(_beside(each, INIT, mirrored, volumes) for each in inits),
        *mains,
        *(_beside(each, SIDECAR, mirrored, volumes) for each in sidecars),
    )


def default_container(group: Sequence[Row]) -> Row:
    """The one of a container set that people mean who name none: ``main``, or the last."""
    return next((each for each in group if each.get("name") == MAIN_NAME), group[-1])


def output_container(containers: Iterable[PodContainer]) -> PodContainer | None:
    """The one whose outputs are the pod's: it has the name ``main``."""
    return next((each for each in containers if each.name == MAIN_NAME), None)


def check_mounts(template: Row, volumes: tuple[Row, ...]) -> None:
    """Raises ExpressionError for a mount of a volume that is nowhere."""
    known = {volume.get("name") for volume in volumes}
    main = (template.get(kind) or {} for kind in ("container", "script", "containerSet"))
    others = (*(template.get("initContainers") or ()), *(template.get("sidecars") or ()))
    for container in (*main, *others):
        for mount in container.get("volumeMounts") or ():
            if mount.get("name") not in known:
                raise ExpressionError(f"volume '{mount.get('name')}' not found in workflow spec")


def container_call(
    container: Row, volumes: tuple[Row, ...], *, source: Any = None
) -> ContainerCall:
    """A Kubernetes container (or a script, with its ``source``) as a call."""
    return ContainerCall(
        image=str(container.get("image") or ""),
        command=tuple(text_of(word) for word in container.get("command") or ()),
        args=tuple(text_of(word) for word in container.get("args") or ()),
        env=tuple(_env(entry) for entry in container.get("env") or ()),
        env_from=tuple(container.get("envFrom") or ()),
        working_dir=str(container.get("workingDir") or ""),
        source=str(source) if source else None,
        volumes=volumes,
        volume_mounts=tuple(container.get("volumeMounts") or ()),
        resources=container.get("resources"),
        probes=_probes(container) or None,
        lifecycle=_lifecycle(container),
    )


def _env(entry: Row) -> Row:
    return {**entry, "value": text_of(entry["value"])} if entry.get("value") is not None else entry


def _is_watched(container: Row) -> bool:
    """By what a plain process does not need: somebody beside it."""
    return bool(container.get("lifecycle")) or any(container.get(key) for key in _PROBES.values())


def _mains(template: Row, volumes: tuple[Row, ...]) -> Iterator[PodContainer]:
    kind = type_of(template)
    if kind != "containerSet":
        source = template[kind].get("source") if kind == "script" else None
        call = container_call(template[kind], volumes, source=source)
        yield PodContainer(MAIN_NAME, MAIN, call, has_inputs=True)
        return
    group: Row = template["containerSet"]
    shared = tuple(group.get("volumeMounts") or ())
    retries, wait_s = _retries(group.get("retryStrategy") or {})
    for each in group.get("containers") or ():
        mounts = (*(each.get("volumeMounts") or ()), *shared)
        yield PodContainer(
            name=str(each["name"]),
            role=MAIN,
            call=container_call({**each, "volumeMounts": mounts}, volumes),
            dependencies=tuple(str(name) for name in each.get("dependencies") or ()),
            retries=retries,
            retry_wait_s=wait_s,
            has_inputs=each["name"] == MAIN_NAME,
        )


def _retries(strategy: Row) -> tuple[int, float]:
    """How often a member of the set is run again, and the wait before each time.

    DEVIATION: as documented, ``retries`` does not count the first attempt; v4.1.2 counts it
    (``GetRetryStrategy`` makes it the number of attempts, so that ``retries: 0`` runs nothing).
    """
    if strategy.get("retries") is None:
        return 0, 0.0
    wait_s = 0.0
    if strategy.get("duration"):
        wait_s = parse_go_duration(str(strategy["duration"])).total_seconds()
    if wait_s < 0:
        raise ValueError(f"duration has to be positive, current duration: {strategy['duration']}")
    return whole(strategy["retries"]), wait_s


def _beside(
    container: Row, role: str, mirrored: tuple[Row, ...], volumes: tuple[Row, ...]
) -> PodContainer:
    mounts = tuple(container.get("volumeMounts") or ())
    is_mirror = bool(container.get("mirrorVolumeMounts"))
    if is_mirror:
        mounts = (*mounts, *mirrored)
    call = container_call({**container, "volumeMounts": mounts}, volumes)
    return PodContainer(str(container["name"]), role, call, has_inputs=is_mirror)


# Probes and hooks


def _probes(container: Row) -> Row:
    return {
        kind: _with_port(container[field], container)
        for kind, field in _PROBES.items()
        if container.get(field)
    }


def _lifecycle(container: Row) -> Row | None:
    hooks: Row = container.get("lifecycle") or {}
    found = {
        name: _with_port(hooks[name], container)
        for name in ("postStart", "preStop")
        if hooks.get(name)
    }
    return found or None


def _with_port(action: Row, container: Row) -> Row:
    """The action with its port as a number: one that is a name stands in ``ports``."""
    for kind in ("httpGet", "tcpSocket"):
        asked = action.get(kind)
        if asked:
            return {**action, kind: {**asked, "port": _port(asked.get("port"), container)}}
    return action


def _port(port: Any, container: Row) -> int:
    text = text_of(port)
    if text.isdecimal():
        return int(text)
    for known in container.get("ports") or ():
        if known.get("name") == text:
            return int(text_of(known.get("containerPort")))
    raise ExpressionError(f"container {container.get('name') or MAIN_NAME} has no port {text!r}")


# What is broken


def broken_containers(template: Row) -> Iterator[str]:
    """What Argo's validation says of a template's containers, each below the template's place."""
    mains = {MAIN_NAME}
    if template.get("containerSet") is not None:
        mains = {str(each.get("name")) for each in template["containerSet"].get("containers") or ()}
        yield from _broken_set(template["containerSet"])
        yield from _broken_outputs(template, mains)
    for field in ("initContainers", "sidecars"):
        yield from _broken_names(template.get(field) or (), field, mains)
    for each in template.get("sidecars") or ():
        if each.get("name") in _RESERVED:
            yield f'sidecars: "{each["name"]}" is a reserved Argo container name'


def _broken_set(group: Row) -> Iterator[str]:
    containers = group.get("containers") or ()
    if not containers:
        yield "containerSet.containers must have at least one container"
    names = [str(each.get("name") or "") for each in containers]
    yield from _broken_names(containers, "containerSet.containers", set())
    for each in containers:
        if each.get("name") in _RESERVED:
            yield f'containerSet.containers: "{each["name"]}" is a reserved Argo container name'
        for dependency in each.get("dependencies") or ():
            if dependency not in names:
                place = f"containerSet.containers.{each.get('name')}"
                yield f"{place} dependency '{dependency}' not defined"
                return
    try:
        refuse_cycle({str(each["name"]): each.get("dependencies") or () for each in containers})
        if not has_tags(str(group.get("retryStrategy"))):
            _retries(group.get("retryStrategy") or {})
    except (ExpressionError, ValueError) as error:
        yield f"containerSet.containers {getattr(error, 'message', error)}"
    yield from _broken_mounts(group.get("volumeMounts") or ())


def _broken_names(containers: Iterable[Row], place: str, seen: set[str]) -> Iterator[str]:
    """``seen``: names that are taken; those of ``containers`` are added."""
    for at, each in enumerate(containers):
        name = str(each.get("name") or "")
        if not name:
            yield f"{place}[{at}].name is required"
        elif name in seen:
            yield f"{place}[{at}].name '{name}' is not unique"
        seen.add(name)


def _broken_mounts(mounts: Iterable[Row]) -> Iterator[str]:
    known: dict[str, str] = {}
    for at, mount in enumerate(mounts):
        path = str(mount.get("mountPath"))
        if path in known:
            said = f"mountPath '{path}' already mounted in volumeMounts.{known[path]}"
            yield f"containerSet.volumeMounts[{at}].{said}"
        known[path] = str(mount.get("name"))


def _broken_outputs(template: Row, names: set[str]) -> Iterator[str]:
    outputs = template.get("outputs") or {}
    inputs = template.get("inputs") or {}
    puts = inputs.get("artifacts") or outputs.get("parameters") or outputs.get("artifacts")
    if puts and MAIN_NAME not in names:
        yield 'containerSet.containers must have a container named "main" for input or output'
