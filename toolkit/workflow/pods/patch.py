"""``podSpecPatch``: a strategic merge patch over the pod that a template makes.

What it says of containers and volumes takes effect, and how long the pod may run and end; the rest
of a pod's spec says where and as whom it runs, and there is one machine and one user. The patch of
the workflow comes first, then that of the template.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from toolkit.errors import ExpressionError, PatchError, YamlError
from toolkit.resource.strategic_merge import apply_strategic_merge
from toolkit.workflow.nodes import Node, Row
from toolkit.workflow.pods.quantity import parse_quantity
from toolkit.workflow.spec.merge import type_of
from toolkit.workflow.step.context import globals_scope
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.substitution.parameters import input_values
from toolkit.workflow.substitution.scope import Values
from toolkit.workflow.substitution.substitute import substitute
from toolkit.yaml import load_all

PATCH: Final = "podSpecPatch"
GRACE: Final = "terminationGracePeriodSeconds"
_FAILED: Final = "Error applying PodSpecPatch"
_MAIN: Final = "main"
_AUXILIARY: Final = frozenset({"init", "wait", "supervisor"})
"""Argo's own containers, which are not there."""
_BY_KEY: Final = {
    "containers": "name", "env": "name", "hostAliases": "ip", "imagePullSecrets": "name",
    "initContainers": "name", "ports": "containerPort", "volumeDevices": "devicePath",
    "volumeMounts": "mountPath", "volumes": "name",
}  # fmt: skip
_LISTS: Final = ("containers", "initContainers", "volumes")
_NUMBERS: Final = (GRACE, "activeDeadlineSeconds")
_MADE_BY_ARGO: Final = frozenset({"resource", "data"})


def patched(draft: Draft, node: Node, template: Row, pod: str) -> Row:
    """The processed template with its patches in it; the same where it has none. Raises
    ExpressionError in Argo's words.
    """
    texts = [text for text in _texts(draft, node, template, pod) if text]
    if not texts:
        return template
    try:
        spec = _spec_of(template)
        for text in texts:
            spec = apply_strategic_merge(spec, _read(text), _merge_key)
        _check(spec)
    except (PatchError, YamlError, TypeError, ValueError, KeyError, AttributeError) as error:
        raise ExpressionError(_FAILED) from error
    return template if type_of(template) in _MADE_BY_ARGO else _with_spec(template, spec)


def _texts(draft: Draft, node: Node, template: Row, pod: str) -> Iterator[str]:
    """The workflow's patch may name what its templates may."""
    of_all = draft.run.definition.spec.get(PATCH)
    if of_all:
        inputs = input_values(node.status.get("inputs") or {}, template)
        scope = globals_scope(draft).over(Values({"pod.name": pod}), inputs)
        yield str(substitute(str(of_all), scope))
    yield str(template.get(PATCH) or "")


def _read(text: str) -> Row:
    """Raises YamlError and TypeError."""
    documents = load_all(text, PATCH)
    patch = documents[0] if documents else {}
    if not isinstance(patch, dict):
        raise TypeError(f"the patch is no map: {text}")
    return patch


def _merge_key(fields: tuple[str, ...]) -> str | None:
    return _BY_KEY.get(fields[-1])


def _spec_of(template: Row) -> Row:
    """The pod's spec, as far as the template makes it."""
    kind = type_of(template)
    own: Row = template[kind]
    mains = own.get("containers") or () if kind == "containerSet" else [{**own, "name": _MAIN}]
    spec: Row = {
        "containers": [*mains, *(template.get("sidecars") or ())],
        "initContainers": [*(template.get("initContainers") or ())],
        "volumes": [*(template.get("volumes") or ())],
    }
    seconds = template.get("activeDeadlineSeconds")
    return spec if seconds is None else {**spec, "activeDeadlineSeconds": seconds}


def _check(spec: Row) -> None:
    """Raises TypeError and ValueError for what is no pod's spec."""
    for field in _LISTS:
        for entry in spec.get(field) or ():
            _check_container(entry)
    for field in _NUMBERS:
        if spec.get(field) is not None and not isinstance(spec[field], int):
            int(spec[field])  # what a template has is text, perhaps
    if not isinstance(spec.get(GRACE, 0), int):
        raise TypeError(f"{GRACE} is no number")


def _check_container(container: Any) -> None:
    for field in ("command", "args", "env", "envFrom", "volumeMounts"):
        if not isinstance(container.get(field) or [], list):
            raise TypeError(f"{field} is no list")
    for part in ("limits", "requests"):
        for amount in ((container.get("resources") or {}).get(part) or {}).values():
            parse_quantity(str(amount))


def _with_spec(template: Row, spec: Row) -> Row:
    """Containers that only the patch knows are sidecars."""
    kind = type_of(template)
    own: Row = template[kind]
    known = {str(each.get("name")) for each in own.get("containers") or ()} or {_MAIN}
    mine = [each for each in spec["containers"] if each["name"] in known]
    others = [each for each in spec["containers"] if each["name"] not in known | _AUXILIARY]
    inits = [each for each in spec["initContainers"] if each["name"] not in _AUXILIARY]
    result: Row = {
        **template,
        "sidecars": others,
        "initContainers": inits,
        "volumes": spec["volumes"],
    }
    if kind == "containerSet":
        result[kind] = {**own, "containers": mine}
    else:
        result[kind] = {**mine[0], "name": own["name"]} if own.get("name") else _unnamed(mine[0])
    for field in _NUMBERS:
        if spec.get(field) is not None:
            result[field] = spec[field]
    return {key: value for key, value in result.items() if value != [] or key in template}


def _unnamed(container: Row) -> Row:
    return {key: value for key, value in container.items() if key != "name"}
