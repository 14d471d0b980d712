"""Rules of calls: the template called exists, and gets what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.resource.field_path import FieldPath
from toolkit.validate.catalog import Catalog
from toolkit.validate.notes import Notes
from toolkit.validate.shapes import Fields, did_you_mean, entries_of, fields_of, has_tag, listed
from toolkit.validate.shapes import text_of as text
from toolkit.validate.spec import (
    Call,
    Node,
    Template,
    WorkflowSpec,
    artifacts_of,
    hooks_of,
    parameters_of,
)
from toolkit.validate.templates import check_value_names

_ARTIFACT_SOURCES = frozenset(
    {
        "from",
        "fromExpression",
        "artifactory",
        "azure",
        "gcs",
        "git",
        "hdfs",
        "http",
        "oss",
        "plugin",
        "raw",
        "s3",
    }
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a call leads to: the template, and the spec it stands in (None for an inline one)."""

    template: Template
    spec: WorkflowSpec | None


def resolve(call: Call, spec: WorkflowSpec, catalog: Catalog) -> Target | None:
    """What a call in ``spec`` leads to; None where that is unknown, or not there."""
    if call.inline is not None:
        return Target(call.inline, spec)
    if call.is_dynamic:
        return None
    reference = call.reference
    if reference is None:
        template = spec.by_name.get(call.template)
        return Target(template, spec) if template is not None else None
    other = _referred(reference, spec, catalog)
    if other is None:
        return None
    template = other.by_name.get(text(reference.get("template")))
    return Target(template, other) if template is not None else None


def check_calls(spec: WorkflowSpec, catalog: Catalog, notes: Notes, *, is_submission: bool) -> None:
    """Every call of a spec. ``is_submission``: values must be there, nobody can add them later."""
    _check_workflow_arguments(spec, notes, is_submission=is_submission)
    _check_entrypoint(spec, catalog, notes)
    for call in spec.calls:
        if _is_one_way(call, notes) and _exists(call, spec, catalog, notes):
            target = resolve(call, spec, catalog)
            if target is not None:
                _check_arguments(call, target.template, notes)
    for template in spec.every_template:
        for node in template.nodes:
            _check_loop(node, notes)
            _check_hooks(node.call.body, node.call.path, node.call.label, notes)
    _check_hooks(spec.body, spec.path, "the workflow", notes)


def _check_workflow_arguments(spec: WorkflowSpec, notes: Notes, *, is_submission: bool) -> None:
    path = (*spec.path, "arguments")
    needs_values = is_submission or spec.kind == "CronWorkflow"
    if needs_values and spec.workflow_template_ref is not None:
        needs_values = False  # the WorkflowTemplate may bring them
    _check_given(spec.arguments, path, notes, needs_values=needs_values)


def _check_entrypoint(spec: WorkflowSpec, catalog: Catalog, notes: Notes) -> None:
    name = text(spec.body.get("entrypoint"))
    holder, ref = spec, spec.workflow_template_ref
    if ref is not None:
        found = _check_workflow_template_ref(ref, spec, catalog, notes)
        if found is None:
            return
        holder, name = found, name or text(found.body.get("entrypoint"))
    path = (*spec.path, "entrypoint")
    if not name:
        if not spec.is_library and (ref is not None or spec.templates):
            hint = f"templates: {listed(holder.by_name)}"
            notes.add("missing-entrypoint", spec.path, "the workflow has no entrypoint", hint)
    elif name in holder.by_name:
        if not spec.is_library:
            call = Call("the entrypoint", path, {"template": name}, _merged(spec, holder))
            _check_supplied(call, holder.by_name[name], notes)
    elif not has_tag(name) and (holder.templates or holder is not spec):
        hint = did_you_mean(name, holder.by_name, otherwise=f"templates: {listed(holder.by_name)}")
        notes.add("unknown-entrypoint", path, f"the entrypoint {name!r} is no template here", hint)


def _merged(spec: WorkflowSpec, holder: WorkflowSpec) -> Fields:
    """The arguments a run has: its own, then those of the WorkflowTemplate it refers to."""
    return {
        key: [*_list(spec.arguments.get(key)), *_list(holder.arguments.get(key))]
        for key in ("parameters", "artifacts")
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _check_workflow_template_ref(
    ref: Fields, spec: WorkflowSpec, catalog: Catalog, notes: Notes
) -> WorkflowSpec | None:
    name = text(ref.get("name"))
    found = _referred(ref, spec, catalog)
    if found is None and name and not has_tag(name) and catalog.is_complete:
        path = (*spec.path, "workflowTemplateRef", "name")
        _note_unknown_object(ref, path, catalog, notes)
    return found


def _referred(reference: Fields, spec: WorkflowSpec, catalog: Catalog) -> WorkflowSpec | None:
    is_cluster_scoped = reference.get("clusterScope") is True
    name = text(reference.get("name"))
    if spec.kind == _kind_of(reference) and spec.name == name:
        return spec
    return catalog.workflow_template(name, spec.namespace, is_cluster_scoped=is_cluster_scoped)


def _kind_of(reference: Fields) -> str:
    is_cluster_scoped = reference.get("clusterScope") is True
    return "ClusterWorkflowTemplate" if is_cluster_scoped else "WorkflowTemplate"


def _note_unknown_object(
    reference: Fields, path: FieldPath, catalog: Catalog, notes: Notes
) -> None:
    kind, name = _kind_of(reference), text(reference.get("name"))
    known = catalog.names(kind)
    hint = did_you_mean(name, known, otherwise=f"{kind}s rendered: {listed(known)}")
    notes.add("unknown-workflow-template", path, f"there is no {kind} {name!r}", hint)


def _is_one_way(call: Call, notes: Notes) -> bool:
    ways = [key for key in ("template", "templateRef", "inline") if call.body.get(key)]
    if len(ways) == 1:
        return True
    problem = f"calls in two ways: {' and '.join(ways)}" if ways else "calls no template"
    hint = "" if ways else "give it one of template, templateRef, inline"
    notes.add("no-call", call.path, f"{call.label} {problem}", hint)
    return False


def _exists(call: Call, spec: WorkflowSpec, catalog: Catalog, notes: Notes) -> bool:
    if call.inline is not None or call.is_dynamic:
        return True
    if call.reference is None:
        holder = _holder(spec, catalog)
        if holder is None or call.template in holder.by_name:
            return holder is not None
        path = call.path if call.path[-1] == "onExit" else (*call.path, "template")
        hint = did_you_mean(
            call.template, holder.by_name, otherwise=f"templates: {listed(holder.by_name)}"
        )
        message = f"{call.label} calls template {call.template!r}, which does not exist"
        notes.add("unknown-template", path, message, hint)
        return False
    return _reference_exists(call, call.reference, spec, catalog, notes)


def _holder(spec: WorkflowSpec, catalog: Catalog) -> WorkflowSpec | None:
    """Where the template names of a spec are looked up; None where that object is not known."""
    ref = spec.workflow_template_ref
    return spec if ref is None else _referred(ref, spec, catalog)


def _reference_exists(
    call: Call, reference: Fields, spec: WorkflowSpec, catalog: Catalog, notes: Notes
) -> bool:
    other = _referred(reference, spec, catalog)
    path = (*call.path, "templateRef")
    if other is None:
        if catalog.is_complete and reference.get("name"):
            _note_unknown_object(reference, (*path, "name"), catalog, notes)
        return False
    name = text(reference.get("template"))
    if name in other.by_name:
        return True
    message = f"{_kind_of(reference)} {other.name!r} has no template {name!r}"
    hint = did_you_mean(name, other.by_name, otherwise=f"it has: {listed(other.by_name)}")
    where = (*path, "template") if name else path
    notes.add("unknown-template", where, message, hint)
    return False


def _check_arguments(call: Call, template: Template, notes: Notes) -> None:
    _check_supplied(call, template, notes)
    _check_given(call.arguments, (*call.path, "arguments"), notes, needs_values=True)
    if call.inline is None:
        _check_known(call, template, notes)


def _check_supplied(call: Call, template: Template, notes: Notes) -> None:
    """Every input without a value of its own is among the arguments."""
    for kind, values, is_supplied in _KINDS:
        arguments = values(call.passed)
        for name, declared in values(template.inputs).items():
            if name not in arguments and not is_supplied(declared):
                message = f"{call.label} does not supply {kind} {name!r} of {template.label}"
                hint = f"add it to the arguments, or give {name!r} a default in the template"
                notes.add("missing-argument", call.path, message, hint)


def _has_parameter_value(declared: Fields) -> bool:
    return any(declared.get(key) is not None for key in ("value", "default", "valueFrom"))


def _has_artifact_source(declared: Fields) -> bool:
    return declared.get("optional") is True or bool(_ARTIFACT_SOURCES & declared.keys())


def _check_known(call: Call, template: Template, notes: Notes) -> None:
    """Every argument is an input of the template."""
    for kind, values, _ in _KINDS:
        declared = values(template.inputs)
        key = f"{kind}s"
        for index, argument in entries_of(call.arguments.get(key)):
            name = text(argument.get("name"))
            if name and name not in declared and not has_tag(name):
                message = f"{template.label} has no input {kind} {name!r}"
                hint = did_you_mean(name, declared, otherwise=f"it has: {listed(declared)}")
                path = (*call.path, "arguments", key, index, "name")
                notes.add("unknown-argument", path, message, hint)


def _check_given(arguments: Fields, path: FieldPath, notes: Notes, *, needs_values: bool) -> None:
    """Arguments by themselves: names, values, enums."""
    for key in ("parameters", "artifacts"):
        check_value_names(arguments.get(key), (*path, key), notes)
    for index, parameter in entries_of(arguments.get("parameters")):
        place = (*path, "parameters", index)
        _check_parameter(parameter, place, notes, needs_values=needs_values)
    for index, artifact in entries_of(arguments.get("artifacts")):
        if needs_values and not _has_artifact_source(artifact):
            name = text(artifact.get("name"))
            message = f"artifact {name!r} says not where it comes from"
            hint = "give it 'from', or a location such as s3, http, raw"
            notes.add("argument-without-value", (*path, "artifacts", index), message, hint)


def _check_parameter(
    parameter: Fields, path: FieldPath, notes: Notes, *, needs_values: bool
) -> None:
    name, value = text(parameter.get("name")), parameter.get("value")
    if value is None and parameter.get("valueFrom") is None:
        if needs_values:
            notes.add("argument-without-value", path, f"parameter {name!r} has no value")
        return
    allowed = parameter.get("enum")
    if isinstance(allowed, list) and value is not None and not has_tag(str(value)):
        choices = [str(item) for item in allowed]
        if str(value) not in choices:
            message = f"{value!r} is not in the enum of parameter {name!r}: {', '.join(choices)}"
            notes.add("value-not-in-enum", (*path, "value"), message)


def _check_loop(node: Node, notes: Notes) -> None:
    body, path = node.call.body, node.call.path
    ways = [key for key in ("withItems", "withParam", "withSequence") if body.get(key)]
    if len(ways) > 1:
        message = f"{node.call.label} loops in several ways: {', '.join(ways)}"
        notes.add("invalid-loop", path, message, "keep one of them")
    sequence = fields_of(body.get("withSequence"))
    if sequence.get("count") is not None and sequence.get("end") is not None:
        message = "a sequence has a count or an end, not both"
        notes.add("invalid-loop", (*path, "withSequence"), message)


def _check_hooks(owner: Fields, path: FieldPath, label: str, notes: Notes) -> None:
    for name, hook in hooks_of(owner, path, label):
        if name != "exit" and not hook.body.get("expression"):
            message = f"{hook.label} has no expression: it says not when to run"
            hint = "only the hook named 'exit' runs without one"
            notes.add("hook-without-expression", hook.path, message, hint)


_Supplied = Callable[[Fields], bool]
_KINDS: tuple[tuple[str, Callable[[Fields], Mapping[str, Fields]], _Supplied], ...] = (
    ("parameter", parameters_of, _has_parameter_value),
    ("artifact", artifacts_of, _has_artifact_source),
)
