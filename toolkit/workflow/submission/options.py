"""What Argo's submit endpoint takes beside a workflow: ``submitOptions``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from toolkit.errors import UsageError
from toolkit.resource.copying import copy_json
from toolkit.resource.resource import Body

_SPEC_FIELDS: Final[Mapping[str, str]] = {
    "entryPoint": "entrypoint",
    "serviceAccount": "serviceAccountName",
    "podPriorityClassName": "podPriorityClassName",
    "priority": "priority",
}
"""Options that are a field of the spec, with its name there."""

_SERVER_ONLY: Final = frozenset({"serverDryRun", "dryRun"})


def with_options(workflow: Body, options: Mapping[str, Any]) -> Body:
    """A copy that is as the options say. Empty ones say nothing. Raises UsageError for one that
    is not known or not of its form.
    """
    changed: Body = copy_json(workflow)
    for name, value in options.items():
        if name in _SERVER_ONLY or value in (None, "", [], {}):
            continue
        if name in _SPEC_FIELDS:
            changed.setdefault("spec", {})[_SPEC_FIELDS[name]] = value
        elif name in _EDITS:
            _EDITS[name](changed, value)
        else:
            raise UsageError(f"submitOptions.{name} is not supported")
    return changed


def with_parameters(workflow: Body, texts: Sequence[Any]) -> Body:
    """A copy with ``NAME=VALUE`` texts as its arguments, also where its status keeps the spec that
    it runs by; the others keep their values. Raises UsageError.
    """
    changed: Body = copy_json(workflow)
    if texts:
        _set_parameters(changed, texts)
        stored = (changed.get("status") or {}).get("storedWorkflowTemplateSpec")
        if isinstance(stored, dict):
            _set_parameters({"spec": stored}, texts)
    return changed


def _set_parameters(workflow: Body, texts: Any) -> None:
    given = dict(_pair(text, "parameter") for text in _list(texts, "parameters"))
    arguments = workflow.setdefault("spec", {}).setdefault("arguments", {})
    others = [one for one in arguments.get("parameters") or () if one.get("name") not in given]
    wanted = [{"name": name, "value": value} for name, value in given.items()]
    arguments["parameters"] = [*wanted, *others]


def _set_labels(workflow: Body, text: Any) -> None:
    _add_metadata(workflow, "labels", text)


def _set_annotations(workflow: Body, text: Any) -> None:
    _add_metadata(workflow, "annotations", text)


def _add_metadata(workflow: Body, field: str, text: Any) -> None:
    pairs = dict(_pair(part, field) for part in str(text).split(","))
    metadata = workflow.setdefault("metadata", {})
    metadata[field] = {**(metadata.get(field) or {}), **pairs}


def _set_name(workflow: Body, name: Any) -> None:
    workflow.setdefault("metadata", {})["name"] = name


def _set_generate_name(workflow: Body, prefix: Any) -> None:
    workflow.setdefault("metadata", {})["generateName"] = prefix


def _add_owner(workflow: Body, owner: Any) -> None:
    metadata = workflow.setdefault("metadata", {})
    metadata["ownerReferences"] = [*(metadata.get("ownerReferences") or ()), owner]


_EDITS: Final[Mapping[str, Callable[[Body, Any], None]]] = {
    "name": _set_name,
    "generateName": _set_generate_name,
    "parameters": _set_parameters,
    "labels": _set_labels,
    "annotations": _set_annotations,
    "ownerReference": _add_owner,
}


def _pair(text: Any, what: str) -> tuple[str, str]:
    name, equals, value = str(text).partition("=")
    if not name or not equals:
        raise UsageError(f"expected {what} of the form NAME=VALUE, found {text!r}")
    return name, value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise UsageError(f"{what} must be a list")
    return list(value)
