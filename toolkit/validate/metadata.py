"""Names and labels of any object, as the API would refuse them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from toolkit.resource.field_path import FieldPath
from toolkit.resource.identity import GroupVersionKind
from toolkit.schema import known_kinds
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import described, did_you_mean, fields_of, text_of

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_PATH_SEGMENT: Final = re.compile(r"(?!\.\.?\Z)[^/%]+\Z")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?\Z")
_LABEL_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
_MAX_LABEL: Final = 63
_MAX_SUBDOMAIN: Final = 253

_DNS_LABEL_KINDS: Final = frozenset({"Namespace", "Service"})
_MAX_LENGTH: Final[Mapping[str, tuple[int, str]]] = {
    "CronWorkflow": (52, "a run's name is the cron's with the time appended, and has 63 at most"),
    "Workflow": (63, "the name becomes the value of a label"),
    "WorkflowTemplate": (63, "the name becomes the value of a label"),
    "ClusterWorkflowTemplate": (63, "the name becomes the value of a label"),
    "CronJob": (52, "a job's name is the cron's with the time appended, and has 63 at most"),
    "Namespace": (63, "it is a DNS label"),
    "Service": (63, "it is a DNS label"),
}
_CLOSED_GROUPS: Final = frozenset(
    {"", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"}
)
"""Groups of which every kind and version that is still served is known."""
_NEAR: Final = 0.85
_UNLISTED: Final = frozenset({"Binding", "ComponentStatus", "List", "Status"})


def check_metadata(body: Mapping[str, Any], notes: Notes, *, is_synced: bool) -> None:
    """``is_synced``: the object must have a name of its own; a generated one is for runs."""
    gvk = GroupVersionKind.of(body)
    _check_kind(body, gvk, notes)
    metadata = fields_of(body.get("metadata"))
    name = text_of(metadata.get("name"))
    if name:
        _check_name(name, gvk, ("metadata", "name"), notes)
    elif not text_of(metadata.get("generateName")):
        notes.add("missing-name", ("metadata",), f"this {gvk.kind or 'object'} has no name")
    elif is_synced:
        hint = "give it metadata.name; what is run by hand belongs in workflows/"
        message = "generateName makes a new object at each sync"
        notes.add("missing-name", ("metadata", "generateName"), message, hint, is_key=True)
    _check_labels(metadata.get("labels"), ("metadata", "labels"), notes)


def _check_kind(body: Mapping[str, Any], gvk: GroupVersionKind, notes: Notes) -> None:
    for key in ("apiVersion", "kind"):
        if not body.get(key):
            notes.add("missing-type", (), f"the object has no {key}")
        elif not isinstance(body[key], str):
            message = f"{key}: expected a text, found {described(body[key])}"
            notes.add("wrong-type", (key,), message, "write one text")
            return
    if not gvk.version or not gvk.kind or gvk in known_kinds():
        return
    same_group = {known.kind for known in known_kinds() if known.group == gvk.group}
    elsewhere = [known.api_version for known in known_kinds() if known.kind == gvk.kind]
    if gvk.group in _CLOSED_GROUPS and gvk.kind not in _UNLISTED:
        hint = did_you_mean(gvk.kind, same_group - {gvk.kind})
        if elsewhere:
            hint = f"{gvk.kind} is in {' or '.join(elsewhere)}"
        notes.add("unknown-kind", ("kind",), f"there is no {gvk.kind} in {gvk.api_version}", hint)
    elif gvk.group == "argoproj.io":
        _check_argo_kind(gvk, same_group, elsewhere, notes)


def _check_argo_kind(
    gvk: GroupVersionKind, same_group: set[str], elsewhere: list[str], notes: Notes
) -> None:
    """The group is shared with Argo CD, Events and Rollouts: only a near miss counts."""
    close = get_close_matches(gvk.kind, sorted(same_group), n=1, cutoff=_NEAR)
    if gvk.kind in same_group:
        hint = f"{gvk.kind} is in {' or '.join(elsewhere)}"
    elif close:
        hint = f"did you mean {close[0]!r}?"
    else:
        return
    notes.add("unknown-kind", ("kind",), f"there is no {gvk.kind} in {gvk.api_version}", hint)


def _check_name(name: str, gvk: GroupVersionKind, path: FieldPath, notes: Notes) -> None:
    longest, why = _MAX_LENGTH.get(gvk.kind, (_MAX_SUBDOMAIN, "Kubernetes takes no more"))
    if len(name) > longest:
        message = f"name {name!r} has {len(name)} characters, {longest} are possible"
        notes.add("name-too-long", path, message, why)
    if gvk.group == "rbac.authorization.k8s.io":
        pattern = _PATH_SEGMENT
    else:
        pattern = _LABEL if gvk.kind in _DNS_LABEL_KINDS else _SUBDOMAIN
    if not pattern.match(name):
        message = f"{name!r} is no name for a {gvk.kind or 'object'}"
        dots = "" if pattern is _LABEL else ", '.'"
        hint = f"use lower-case letters, digits and '-'{dots}; begin and end with letter or digit"
        notes.add("invalid-name", path, message, hint)


def _check_labels(labels: object, path: FieldPath, notes: Notes) -> None:
    for key, value in fields_of(labels).items():
        place = (*path, str(key))
        prefix, slash, name = str(key).rpartition("/")
        is_prefixed = not slash or _SUBDOMAIN.match(prefix)
        if not is_prefixed or not _LABEL_NAME.match(name) or len(name) > _MAX_LABEL:
            notes.add("invalid-label", place, f"{key!r} is no label key", is_key=True)
        if isinstance(value, str) and (not _LABEL_VALUE.match(value) or len(value) > _MAX_LABEL):
            message = f"{value!r} is no label value"
            hint = "at most 63 letters, digits, '-', '_', '.'; begin and end with letter or digit"
            notes.add("invalid-label", place, message, hint)
