"""A step's environment and files, from what its template refers to in the cluster.

Kubernetes' rules: ``envFrom`` first, ``env`` over it, ``$(NAME)`` expanded from what stands
before. Secret values go into the environment and into volumes, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from toolkit.controllers.steps.downward import Downward
from toolkit.controllers.steps.files import files_of
from toolkit.controllers.steps.lookup import CONFIG_MAP, SECRET, Lookup
from toolkit.controllers.steps.mounts import mounts_of
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.commands import PodContainer, StartContainer
from toolkit.workflow.pods.spec import MAIN_NAME
from toolkit.workflow.ports import PodAddress, ResolvedContainer, ResolvedStart

_EXPANSION = re.compile(r"\$(\$|\(([-._A-Za-z0-9]+)\))")


def resolve(
    start: StartContainer,
    cluster: Cluster,
    address: PodAddress,
    *,
    pod: Callable[[], Body | None] = lambda: None,
    given: Mapping[str, str] | None = None,
) -> ResolvedStart:
    """Looks everything up. ``pod`` gives what ``fieldRef`` reads; ``given`` stands before all else.

    Raises ExecutionError naming what is missing or not supported, ClusterError where the cluster
    cannot be asked.
    """
    resolver = _Resolver(cluster, address, pod, given or {})
    if not start.containers:
        resources = {MAIN_NAME: start.call.resources or {}}
        return resolver.resolved(start, MAIN_NAME, resources)
    resources = {each.name: each.call.resources or {} for each in start.containers}
    parts = [
        (each, resolver.resolved(_part(start, each), each.name, resources))
        for each in start.containers
    ]
    credentials = credentials_of(_places(start), resolver.lookup)
    secrets = frozenset(resolver.lookup.secrets)  # of the one may show in the log of the other
    return ResolvedStart(
        address=address,
        start=start,
        environment={},
        secrets=secrets,
        containers=tuple(
            ResolvedContainer(each, replace(part, secrets=secrets)) for each, part in parts
        ),
        credentials=credentials,
    )


def _part(start: StartContainer, container: PodContainer) -> StartContainer:
    """What of a pod's start is one container's: its call, and of inputs and outputs what it may
    have. Outputs are laid out in ``main`` and saved when the pod has ended.
    """
    is_main = container.name == MAIN_NAME
    return replace(
        start,
        call=container.call,
        containers=(),
        deadline=None,
        captures_result=start.captures_result and is_main,
        input_files=start.input_files if container.has_inputs else (),
        input_artifacts=start.input_artifacts if container.has_inputs else (),
        output_files=start.output_files if is_main else (),
        output_artifacts=start.output_artifacts if is_main else (),
    )


class _Resolver:
    """Resolves the containers of one pod; what it looked up, it knows for all of them."""

    def __init__(
        self,
        cluster: Cluster,
        address: PodAddress,
        pod: Callable[[], Body | None],
        given: Mapping[str, str],
    ) -> None:
        self.lookup = Lookup(cluster, address.namespace)
        self._cluster = cluster
        self._address = address
        self._pod = pod
        self._given = given

    def resolved(
        self, start: StartContainer, name: str, resources: Mapping[str, Mapping[str, Any]]
    ) -> ResolvedStart:
        downward = Downward(self._pod, resources, name)
        environment = _Environment(self.lookup, downward, dict(self._given))
        for source in start.call.env_from:
            environment.add_all(source)
        for entry in start.call.env:
            environment.add(entry)
        command = tuple(map(environment.expand_argument, start.call.command))
        args = tuple(map(environment.expand_argument, start.call.args))
        expanded = start
        if (command, args) != (start.call.command, start.call.args):
            expanded = replace(start, call=replace(start.call, command=command, args=args))
        files = files_of(start.call, self.lookup, downward)
        credentials = credentials_of(_places(start), self.lookup)
        return ResolvedStart(
            address=self._address,
            start=expanded,
            environment=environment.values,
            files=files,
            mounts=mounts_of(start.call, self._cluster, self._address),
            secrets=frozenset(self.lookup.secrets),
            credentials=credentials,
        )


def _places(start: StartContainer) -> list[dict[str, Any]]:
    """Where the artifacts are that it fetches and saves."""
    inputs = [artifact.location for artifact in start.input_artifacts]
    return inputs + [artifact.location for artifact in start.output_artifacts]


def credentials_of(places: Iterable[Any], lookup: Lookup) -> dict[str, str]:
    """The Secrets that places of artifacts refer to, by ``name/key``: every selector in a field
    whose name ends in ``Secret``. Raises ExecutionError for one that is not there.
    """
    found: dict[str, str] = {}
    for place in places:
        for selector in _selectors(place):
            value = lookup.value(SECRET, selector)
            if value is not None:
                found[f"{selector.get('name')}/{selector.get('key')}"] = value
    return found


def _selectors(place: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(place, list):
        for item in place:
            yield from _selectors(item)
    if not isinstance(place, Mapping):
        return
    for field_name, value in place.items():
        if field_name.endswith("Secret") and isinstance(value, Mapping):
            yield value
        else:
            yield from _selectors(value)


class _Environment:
    """The environment as it grows."""

    def __init__(self, lookup: Lookup, downward: Downward, given: dict[str, str]) -> None:
        self.values = given
        self._lookup = lookup
        self._downward = downward
        self._secret_names: set[str] = set()

    def add_all(self, source: Mapping[str, Any]) -> None:
        """An EnvFromSource."""
        prefix = str(source.get("prefix") or "")
        for key, gvk in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
            if key in source:
                for name, value in self._lookup.entries(gvk, source[key] or {}).items():
                    self._set(prefix + name, value.decode("utf-8", "replace"), gvk)

    def add(self, entry: Mapping[str, Any]) -> None:
        """An EnvVar."""
        name, source = str(entry.get("name") or ""), entry.get("valueFrom")
        if not source:
            text = str(entry.get("value") or "")
            self._set(name, self._expand(text), None)
            if self._secret_names.intersection(_names(text)):
                self._secret_names.add(name)
                self._lookup.secrets.add(self.values[name])
            return
        for key, gvk in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
            if key in source:
                value = self._lookup.value(gvk, source[key] or {})
                if value is not None:
                    self._set(name, value, gvk)
                return
        if "fieldRef" in source or "resourceFieldRef" in source:
            self._set(name, self._downward.value(source), None)
            return
        raise ExecutionError(f"env {name}: {next(iter(source))} is not supported here")

    def expand_argument(self, word: str) -> str:
        """A word of the command line, which everyone on the machine can read."""
        if "$" not in word:
            return word
        exposed = sorted(self._secret_names.intersection(_names(word)))
        if exposed:
            raise ExecutionError(
                f"$({exposed[0]}) would put a secret on a command line, where every process of "
                "this machine can read it",
                hints=["let the program read it from its environment"],
            )
        return self._expand(word)

    def _set(self, name: str, value: str, gvk: GroupVersionKind | None) -> None:
        if not name or "=" in name or "\0" in name + value:
            return  # no process can have it; Kubernetes skips such names too
        self.values[name] = value
        if gvk is SECRET:
            self._secret_names.add(name)
        else:
            self._secret_names.discard(name)

    def _expand(self, text: str) -> str:
        return _EXPANSION.sub(self._expanded, text)

    def _expanded(self, found: re.Match[str]) -> str:
        """``$$`` is a dollar; an unknown name stays as it was written."""
        if found[1] == "$":
            return "$"
        return self.values.get(found[2], found[0])


def _names(text: str) -> Iterable[str]:
    return [found[2] for found in _EXPANSION.finditer(text) if found[2]]
