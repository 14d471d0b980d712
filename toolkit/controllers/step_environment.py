"""A step's environment and files, from what its template refers to in the cluster.

Kubernetes' rules: ``envFrom`` first, ``env`` over it, ``$(NAME)`` expanded from what stands
before. Secret values go into the environment and into volumes, and nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from toolkit.controllers.step_mounts import is_lasting, mounts_of
from toolkit.errors import ExecutionError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.commands import StartContainer
from toolkit.workflow.ports import PodAddress, ResolvedStart

_CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
SECRET = GroupVersionKind("", "v1", "Secret")
_EXPANSION = re.compile(r"\$(\$|\(([-._A-Za-z0-9]+)\))")
_LABEL_PATH = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def resolve(
    start: StartContainer,
    cluster: Cluster,
    address: PodAddress,
    *,
    pod: Body | None = None,
    given: Mapping[str, str] | None = None,
) -> ResolvedStart:
    """Looks everything up. ``pod`` is what ``fieldRef`` reads; ``given`` stands before all else.

    Raises ExecutionError naming what is missing or not supported, ClusterError where the cluster
    cannot be asked.
    """
    lookup = Lookup(cluster, address.namespace)
    environment = _Environment(lookup, pod or {}, dict(given or {}))
    for source in start.call.env_from:
        environment.add_all(source)
    for entry in start.call.env:
        environment.add(entry)
    files = _files(start, lookup)
    call = replace(
        start.call,
        command=tuple(environment.expand_argument(word) for word in start.call.command),
        args=tuple(environment.expand_argument(word) for word in start.call.args),
    )
    return ResolvedStart(
        address=address,
        start=replace(start, call=call),
        environment=environment.values,
        files=files,
        mounts=mounts_of(start.call, cluster, address),
        secrets=frozenset(lookup.secrets),
    )


@dataclass
class Lookup:
    """Reads ConfigMaps and Secrets of one namespace, each once; remembers every secret value."""

    cluster: Cluster
    namespace: str
    secrets: set[str] = field(default_factory=set)
    _known: dict[tuple[str, str], Mapping[str, bytes] | None] = field(default_factory=dict)

    def entries(self, gvk: GroupVersionKind, source: Mapping[str, Any]) -> Mapping[str, bytes]:
        """All of an object; nothing of an absent one that is optional."""
        name = str(source.get("name") or source.get("secretName") or "")
        found = self._read(gvk, name)
        if found is None and source.get("optional"):
            return {}
        if found is None:
            raise ExecutionError(f'{gvk.kind.lower()} "{name}" not found')
        return found

    def value(self, gvk: GroupVersionKind, source: Mapping[str, Any]) -> str | None:
        """One key's text; None where it is absent and optional."""
        key = str(source.get("key") or "")
        found = self.entries(gvk, source)
        if key in found:
            return found[key].decode("utf-8", "replace")
        if source.get("optional"):
            return None
        raise ExecutionError(f"key {key} not found in {gvk.kind.lower()} {source.get('name')}")

    def _read(self, gvk: GroupVersionKind, name: str) -> Mapping[str, bytes] | None:
        at = (gvk.kind, name)
        if at not in self._known:
            body = self.cluster.get(ObjectRef(gvk, self.namespace, name)) if name else None
            self._known[at] = None if body is None else _content(body)
            if gvk.kind == "Secret":
                values = (self._known[at] or {}).values()
                self.secrets.update(value.decode("utf-8", "replace") for value in values if value)
        return self._known[at]


class _Environment:
    """The environment as it grows."""

    def __init__(self, lookup: Lookup, pod: Body, given: dict[str, str]) -> None:
        self.values = given
        self._lookup = lookup
        self._pod = pod
        self._secret_names: set[str] = set()

    def add_all(self, source: Mapping[str, Any]) -> None:
        """An EnvFromSource."""
        prefix = str(source.get("prefix") or "")
        for key, gvk in (("configMapRef", _CONFIG_MAP), ("secretRef", SECRET)):
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
        for key, gvk in (("configMapKeyRef", _CONFIG_MAP), ("secretKeyRef", SECRET)):
            if key in source:
                value = self._lookup.value(gvk, source[key] or {})
                if value is not None:
                    self._set(name, value, gvk)
                return
        if "fieldRef" in source:
            self._set(name, _field(self._pod, str(source["fieldRef"].get("fieldPath"))), None)
            return
        raise ExecutionError(f"env {name}: {next(iter(source))} is not supported here")

    def expand_argument(self, word: str) -> str:
        """A word of the command line, which everyone on the machine can read."""
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


def _files(start: StartContainer, lookup: Lookup) -> dict[str, bytes]:
    """The files of ConfigMap and Secret volumes, where they are mounted."""
    volumes = {str(volume.get("name")): volume for volume in start.call.volumes}
    files: dict[str, bytes] = {}
    for mount in start.call.volume_mounts:
        name, path = str(mount.get("name")), str(mount.get("mountPath")).rstrip("/")
        if name not in volumes:
            raise ExecutionError(f'volume "{name}" is mounted but not declared')
        if is_lasting(volumes[name]):
            continue
        content = _volume(volumes[name], lookup)
        sub_path = str(mount.get("subPath") or "").strip("/")
        for key, value in (content or {}).items():
            if not sub_path:
                files[f"{path}/{key}"] = value
            elif key == sub_path:
                files[path] = value
            elif key.startswith(f"{sub_path}/"):
                files[f"{path}/{key[len(sub_path) + 1 :]}"] = value
    return files


def _volume(volume: Mapping[str, Any], lookup: Lookup) -> Mapping[str, bytes] | None:
    """A volume's files by relative path; None for an empty folder."""
    if "emptyDir" in volume or "ephemeral" in volume:
        return None
    for kind, gvk in (("configMap", _CONFIG_MAP), ("secret", SECRET)):
        if kind in volume:
            return _chosen(lookup.entries(gvk, volume[kind] or {}), volume[kind] or {})
    if "projected" in volume:
        merged: dict[str, bytes] = {}
        for source in (volume["projected"] or {}).get("sources") or ():
            merged |= _volume({"name": volume.get("name"), **source}, lookup) or {}
        return merged
    kind = next((key for key in volume if key != "name"), "no source")
    raise ExecutionError(f'volume "{volume.get("name")}": {kind} is not supported here')


def _chosen(entries: Mapping[str, bytes], source: Mapping[str, Any]) -> Mapping[str, bytes]:
    """All keys, or the ``items``."""
    if not source.get("items"):
        return entries
    chosen: dict[str, bytes] = {}
    for item in source["items"]:
        key, path = str(item.get("key")), str(item.get("path"))
        if ".." in path.split("/") or path.startswith("/"):
            raise ExecutionError(f"volume path {path!r} leads outside the volume")
        if key in entries:
            chosen[path] = entries[key]
        elif not source.get("optional"):
            owner = source.get("name") or source.get("secretName")
            raise ExecutionError(f"key {key} not found in {owner}")
    return chosen


def _content(body: Body) -> dict[str, bytes]:
    if body.get("kind") == "Secret":
        encoded = {key: _decoded(value) for key, value in (body.get("data") or {}).items()}
        plain = body.get("stringData") or {}
        return encoded | {key: str(value).encode() for key, value in plain.items()}
    texts = {key: str(value).encode() for key, value in (body.get("data") or {}).items()}
    binary = body.get("binaryData") or {}
    return texts | {key: _decoded(value) for key, value in binary.items()}


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(str(value), validate=False)
    except binascii.Error:
        return b""


def _field(pod: Body, path: str) -> str:
    """The downward API: what can be said of a pod that is a process here."""
    metadata = pod.get("metadata") or {}
    if found := _LABEL_PATH.fullmatch(path):
        return str((metadata.get(found[1]) or {}).get(found[2], ""))
    known = {
        "metadata.name": metadata.get("name", ""),
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": "localhost",
        "spec.serviceAccountName": "default",
        "status.hostIP": "127.0.0.1",
        "status.podIP": "127.0.0.1",
    }
    if path not in known:
        raise ExecutionError(f"fieldRef {path} is not supported here")
    return str(known[path])
