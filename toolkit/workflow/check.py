"""Is a workflow one that can be run? Asked once, at submit, of what the run will use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.definition import Definition, TemplateError
from toolkit.workflow.depends import graph_of
from toolkit.workflow.hooks import EXIT
from toolkit.workflow.merge import TEMPLATE_TYPES
from toolkit.workflow.nodes import Row
from toolkit.workflow.parameters import whole
from toolkit.workflow.pod_spec import broken_containers
from toolkit.workflow.substitute import has_tags
from toolkit.workflow.supported import (
    unsupported_call,
    unsupported_spec,
    unsupported_template,
)
from toolkit.workflow.variables import undefined


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a workflow is not run, and the phase the run ends in."""

    phase: str
    message: str


def check(definition: Definition, workflow: Body) -> Problem | None:
    """The first thing that forbids running: a field that is not supported (Error), or a spec that
    is broken (Failed, as in Argo).
    """
    name = str((workflow.get("metadata") or {}).get("name") or "")
    if len(name) > 63:
        said = f'workflow name "{name}" must not be more than 63 characters long'
        return Problem("Failed", f"invalid spec: {said} (currently {len(name)})")
    for text in unsupported_spec(definition.spec):
        return Problem("Error", text)
    try:
        for text in _broken(definition):
            return Problem("Failed", f"invalid spec: {text}")
        if text := undefined(definition):
            return Problem("Failed", f"invalid spec: {text}")
        for text in _unsupported_templates(definition):
            return Problem("Error", text)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        return Problem("Failed", f"invalid spec: {error}")
    return None


def _unsupported_templates(definition: Definition) -> Iterator[str]:
    for _, template in used_templates(definition):
        yield from unsupported_template(template)
        for place, call in calls(template):
            if not (".hooks." in place or place.endswith(".onExit")):
                yield from unsupported_call(call, f"templates.{template.get('name')}.{place}")


def _broken(definition: Definition) -> Iterator[str]:
    spec = definition.spec
    if not spec.get("entrypoint"):
        yield "spec.entrypoint is required"
    for field in ("parallelism", "activeDeadlineSeconds", "priority"):
        try:
            whole(spec.get(field) or 0, f"spec.{field}")
        except ExpressionError as error:
            yield error.message
    for field in ("entrypoint", "onExit"):
        name = str(spec.get(field) or "")
        if name and name not in definition.templates[definition.row["scope"]]:
            yield f"template name '{name}' undefined"
    for name, hook in (spec.get("hooks") or {}).items():
        if name != EXIT and not hook.get("expression"):
            yield f"hooks.{name} Expression required"
    for scope, template in used_templates(definition):
        yield from _broken_template(definition, scope, template)


def _entries(spec: Row) -> Iterator[tuple[str, str]]:
    yield "spec.entrypoint", str(spec.get("entrypoint") or "")
    yield "spec.onExit", str(spec.get("onExit") or "")
    for name, hook in (spec.get("hooks") or {}).items():
        if not hook.get("templateRef"):
            yield f"spec.hooks.{name}", str(hook.get("template") or "")


def used_templates(definition: Definition) -> Iterator[tuple[str, Row]]:
    """The templates that the run can reach, each with its scope. Names with tags are found out
    when they run.
    """
    local = definition.row["scope"]
    pending = [(local, {"template": name}) for _, name in _entries(definition.spec) if name]
    pending += [(local, hook) for hook in (definition.spec.get("hooks") or {}).values() if hook]
    seen: set[tuple[str, str]] = set()
    while pending:
        scope, holder = pending.pop(0)
        try:
            template, inner = definition.resolve(holder, scope)
        except TemplateError:
            continue  # reported where it is called
        mark = (inner, str(template.get("name") or id(template)))
        if mark in seen:
            continue
        seen.add(mark)
        yield inner, template
        pending.extend((inner, call) for _, call in calls(template))


def calls(template: Row) -> Iterator[tuple[str, Row]]:
    """The steps, tasks and hooks of a template, with their places."""
    for at, group in enumerate(template.get("steps") or ()):
        for step in [group] if isinstance(group, dict) else group or ():
            yield from _with_hooks(f"steps[{at}].{step.get('name')}", step)
    for task in (template.get("dag") or {}).get("tasks") or ():
        yield from _with_hooks(f"tasks.{task.get('name')}", task)


def _with_hooks(place: str, call: Row) -> Iterator[tuple[str, Row]]:
    yield place, call
    if call.get("onExit"):
        yield f"{place}.onExit", {"template": call["onExit"]}
    for name, hook in (call.get("hooks") or {}).items():
        yield f"{place}.hooks.{name}", hook


def _broken_template(definition: Definition, scope: str, template: Row) -> Iterator[str]:
    place = f"templates.{template.get('name')}"
    types = [field for field in TEMPLATE_TYPES if template.get(field) is not None]
    choices = "container, containerSet, steps, script, resource, dag, suspend, http, plugin"
    if not types:
        yield f"{place} template type unspecified. choose one of: {choices}"
    if len(types) > 1:
        yield f"{place} multiple template types specified. choose one of: {choices}"
    if types and types[0] in {"steps", "dag"}:
        defaults = definition.spec.get("templateDefaults") or {}
        for field in ("timeout", "pendingTimeout"):
            if template.get(field) and field not in defaults:
                yield f"{types[0]} template doesn't support {field} field."
        if template.get("activeDeadlineSeconds", defaults.get("activeDeadlineSeconds")) != (
            defaults.get("activeDeadlineSeconds")
        ):
            yield f"{place}.activeDeadlineSeconds is only valid for leaf templates"
    yield from (f"{place}.{text}" for text in broken_containers(template))
    yield from _broken_calls(definition, scope, template, place)
    if template.get("dag") is not None and not has_tags(_structure(template["dag"])):
        try:
            graph_of(template["dag"])
        except ExpressionError as error:
            yield f"{place}.{error.message}"


def _structure(dag: Row) -> str:
    """What makes the graph; with tags in it, it is known only when the template runs."""
    tasks = dag.get("tasks") or ()
    parts = [
        dag.get("target"),
        *((task.get("depends"), task.get("dependencies")) for task in tasks),
    ]
    return str(parts)


def _broken_calls(definition: Definition, scope: str, template: Row, place: str) -> Iterator[str]:
    names: set[str] = set()
    for at, call in calls(template):
        if ".hooks." not in at and not at.endswith(".onExit"):
            name = str(call.get("name") or "")
            if not name:
                yield f"{place}.{at.rsplit('.', 1)[0]}.name is required"
            if name in names:
                yield f"{place}.{at.rsplit('.', 1)[0]}.name '{name}' is not unique"
            names.add(name)
        step, is_hook, hook = at.rpartition(".hooks.")
        if is_hook and hook != EXIT and not call.get("expression"):
            yield f"{place}.{step}.{hook} Expression required"
        yield from _broken_call(definition, scope, call, f"{place}.{at}")


def _broken_call(definition: Definition, scope: str, call: Row, place: str) -> Iterator[str]:
    if call.get("template") and call.get("templateRef"):
        yield f"{place} template name cannot be specified with templateRef"
    if _is_dynamic(call):
        return
    try:
        definition.resolve(call, scope)
    except TemplateError as error:
        yield f"{place} {error.message}"


def _is_dynamic(call: Row) -> bool:
    reference: Any = call.get("templateRef") or {}
    names = (call.get("template"), reference.get("name"), reference.get("template"))
    return any(has_tags(str(name)) for name in names if name)
