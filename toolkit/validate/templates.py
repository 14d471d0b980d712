"""Rules of a template by itself: its type, its names, the fields that its type knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from toolkit.resource.field_path import FieldPath
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import entries_of, fields_of, has_tag, text_of
from toolkit.validate.spec import (
    POD_TYPES,
    TEMPLATE_TYPES,
    Template,
    WorkflowSpec,
)

_FIELD_NAME: Final = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*\Z")
_VALUE_NAME: Final = re.compile(r"[-a-zA-Z0-9_]+\Z")
_TAG: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_MAX_NAME: Final = 128
_DURATION: Final = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+\Z|[0-9]+\Z")

_ONLY_ON: Final[Mapping[str, frozenset[str]]] = {
    "parallelism": frozenset({"steps", "dag"}),
    "activeDeadlineSeconds": frozenset(TEMPLATE_TYPES) - {"steps", "dag"},
    "timeout": frozenset(TEMPLATE_TYPES) - {"steps", "dag"},
    "pendingTimeout": frozenset(TEMPLATE_TYPES) - {"steps", "dag"},
    "podResources": frozenset(TEMPLATE_TYPES) - {"http", "plugin"},
    "resourceClaims": POD_TYPES,
}
"""Fields that Argo refuses on other template types."""

_OUTPUT_SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "container": ("path",),
    "containerSet": ("path",),
    "script": ("path",),
    "resource": ("jqFilter", "jsonPath"),
    "dag": ("parameter", "expression"),
    "steps": ("parameter", "expression"),
}


_SOURCES: Final = ("path", "jqFilter", "jsonPath", "parameter", "expression", "supplied")


def check_templates(spec: WorkflowSpec, notes: Notes) -> None:
    """The templates of a spec, one by one, and their names among each other."""
    _check_there_are_some(spec, notes)
    for template in spec.templates:
        _check_field_name(template.name, (*template.path, "name"), "template", notes)
    check_unique(((each.name, (*each.path, "name")) for each in spec.templates), "template", notes)
    for template in spec.every_template:
        _check_type(template, spec, notes)
        _check_placement(template, notes)
        _check_values(template, notes)
        _check_nodes(template, notes)
        _check_outputs(template, notes)


def _check_there_are_some(spec: WorkflowSpec, notes: Notes) -> None:
    templates = (*spec.path, "templates")
    if spec.workflow_template_ref is not None:
        if spec.templates:
            notes.add(
                "templates-beside-ref",
                templates,
                "templates cannot stand beside workflowTemplateRef: they come from what it names",
                "remove one of the two",
                is_key=True,
            )
    elif not spec.templates:
        hint = "add spec.templates, or name a WorkflowTemplate in workflowTemplateRef"
        notes.add("missing-templates", spec.path, f"this {spec.kind} has no templates", hint)


def _check_type(template: Template, spec: WorkflowSpec, notes: Notes) -> None:
    types = template.types
    if len(types) > 1:
        message = f"{template.label} has several types: {', '.join(types)}"
        hint = "split it: one template for each, called by a steps or dag template"
        notes.add("several-template-types", template.path, message, hint)
    elif not types and not _calls(template) and not _has_default_type(spec):
        hint = f"give it one of: {', '.join(TEMPLATE_TYPES)}"
        notes.add("no-template-type", template.path, f"{template.label} has no type", hint)


def _calls(template: Template) -> bool:
    """Whether it invokes another by a field of its own: the schema check says so already."""
    return "template" in template.body or "templateRef" in template.body


def _has_default_type(spec: WorkflowSpec) -> bool:
    return any(spec.template_defaults.get(key) is not None for key in TEMPLATE_TYPES)


def _check_placement(template: Template, notes: Notes) -> None:
    if not template.type:
        return
    for field, types in _ONLY_ON.items():
        if template.body.get(field) is not None and template.type not in types:
            message = f"{field} does nothing on a {template.type} template"
            hint = f"only for: {', '.join(sorted(types))}"
            notes.add("misplaced-field", (*template.path, field), message, hint, is_key=True)
    timeout = template.body.get("timeout")
    if isinstance(timeout, str) and not has_tag(timeout):
        _check_timeout(timeout, (*template.path, "timeout"), notes)
    _check_deadline(template, notes)


def _check_timeout(text: str, path: FieldPath, notes: Notes) -> None:
    if text.isdigit() or not _DURATION.match(text):
        hint = f"write {text}s" if text.isdigit() else "write it like 90s, 5m, 1h30m"
        notes.add("invalid-duration", path, f"{text!r} is no duration", hint)


def _check_deadline(template: Template, notes: Notes) -> None:
    value = template.body.get("activeDeadlineSeconds")
    is_wrong = isinstance(value, int) and value < 0
    if isinstance(value, str):
        is_wrong = not has_tag(value) and not value.isdigit()
    if is_wrong:
        path = (*template.path, "activeDeadlineSeconds")
        notes.add("invalid-duration", path, f"{value!r} is not a number of seconds")


def _check_values(template: Template, notes: Notes) -> None:
    """The names of inputs and outputs, and artifact paths."""
    for side in ("inputs", "outputs"):
        for kind in ("parameters", "artifacts"):
            path = (*template.path, side, kind)
            check_value_names(fields_of(template.body.get(side)).get(kind), path, notes)
    for index, artifact in entries_of(template.inputs.get("artifacts")):
        path = (*template.path, "inputs", "artifacts", index)
        if template.is_composite and artifact.get("path"):
            message = f"path does nothing on an input of a {template.type} template"
            notes.add("misplaced-field", (*path, "path"), message, is_key=True)
        if artifact.get("from"):
            hint = "the caller gives it: move 'from' to the arguments of the step or task"
            message = "'from' is not possible on an input"
            notes.add("misplaced-field", (*path, "from"), message, hint, is_key=True)


def check_value_names(values: Any, path: FieldPath, notes: Notes) -> None:
    """Names of parameters or artifacts: there, well-formed, unique."""
    kind = "parameter" if path[-1] == "parameters" else "artifact"
    entries = [(text_of(item.get("name")), (*path, index)) for index, item in entries_of(values)]
    for name, place in entries:
        if not name:
            notes.add("invalid-field-name", place, f"this {kind} has no name")
        elif not has_tag(name) and not _VALUE_NAME.match(name):
            message = f"{kind} name {name!r} may hold only letters, digits, '-' and '_'"
            notes.add("invalid-field-name", (*place, "name"), message)
    check_unique(((name, (*place, "name")) for name, place in entries), kind, notes)


def _check_field_name(name: str, path: FieldPath, what: str, notes: Notes) -> None:
    """Names of templates, steps and tasks; a tag in a step's name counts as one letter."""
    if not name:
        notes.add("invalid-field-name", path[:-1], f"this {what} has no name")
    elif not _FIELD_NAME.match(_TAG.sub("x", name)):
        message = f"{what} name {name!r} may hold only letters, digits and '-', no '-' in front"
        notes.add("invalid-field-name", path, message)
    elif len(name) > _MAX_NAME:
        message = f"{what} name is longer than {_MAX_NAME} characters"
        notes.add("invalid-field-name", path, message)


def check_unique(names: Iterable[tuple[str, FieldPath]], what: str, notes: Notes) -> None:
    """Two of one name: the second is written down."""
    seen: set[str] = set()
    for name, path in names:
        if name and name in seen:
            notes.add("duplicate-name", path, f"there are two {what}s named {name!r}")
        seen.add(name)


def _check_nodes(template: Template, notes: Notes) -> None:
    nodes = template.nodes
    what = "task" if template.type == "dag" else "step"
    for node in nodes:
        _check_field_name(node.name, (*node.call.path, "name"), what, notes)
    check_unique(((node.name, (*node.call.path, "name")) for node in nodes), what, notes)
    written = template.body.get("steps") or fields_of(template.body.get("dag")).get("tasks")
    if template.is_composite and not written:
        path = (*template.path, template.type)
        notes.add("no-template-type", path, f"{template.label} has no {what}s")


def _check_outputs(template: Template, notes: Notes) -> None:
    wanted = _OUTPUT_SOURCES.get(template.type)
    for index, output in entries_of(template.outputs.get("parameters")):
        path = (*template.path, "outputs", "parameters", index)
        source = output.get("valueFrom")
        has_value = output.get("value") is not None
        if has_value and source is not None:
            notes.add("invalid-output", path, "an output has either value or valueFrom, not both")
        elif not has_value and source is None:
            notes.add("invalid-output", path, "this output has neither value nor valueFrom")
        elif wanted and isinstance(source, dict):
            _check_output_source(template, source, (*path, "valueFrom"), wanted, notes)


def _check_output_source(
    template: Template,
    source: Mapping[str, Any],
    path: FieldPath,
    wanted: tuple[str, ...],
    notes: Notes,
) -> None:
    given = [key for key in _SOURCES if source.get(key) not in (None, "")]
    if len(given) > 1:
        notes.add("invalid-output", path, f"only one of {' and '.join(given)} is possible")
    elif not any(key in (*wanted, "supplied") for key in given):
        message = f"an output of a {template.type} template needs valueFrom.{wanted[0]}"
        notes.add("invalid-output", path, message)
