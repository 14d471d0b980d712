"""Is a workflow one that can be run? Asked once, at submit, of what the run will use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.admission.supported import (
    unsupported_call,
    unsupported_spec,
    unsupported_template,
)
from toolkit.workflow.admission.template_rules import (
    broken_arguments,
    broken_names,
    broken_pod_resources,
    field_name_problem,
)
from toolkit.workflow.admission.variables import is_dynamic, undefined
from toolkit.workflow.nodes import Row
from toolkit.workflow.pods.spec import broken_containers
from toolkit.workflow.spec.definition import Definition, TemplateError
from toolkit.workflow.substitution.parameters import whole
from toolkit.workflow.templates.hooks import EXIT

_POD_GC = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")


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
        for text in _broken(definition, workflow):
            return Problem("Failed", f"invalid spec: {text}")
        if text := undefined(definition):
            return Problem("Failed", f"invalid spec: {text}")
        for text in _broken_templates(definition):
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


def _broken(definition: Definition, workflow: Body) -> Iterator[str]:
    spec = definition.spec
    own: Row = workflow.get("spec") or {}
    for text in broken_names(own.get("templates"), field_name_problem):
        yield f"spec.templates{text}"
    yield from broken_arguments(spec.get("arguments") or {}, "spec.arguments.")
    if not spec.get("entrypoint"):
        yield "spec.entrypoint is required"
    yield from _broken_numbers(spec)
    for field in ("entrypoint", "onExit"):
        name = str(spec.get(field) or "")
        if name and name not in definition.templates[definition.row["scope"]]:
            yield f"template name '{name}' undefined"
    for name, hook in (spec.get("hooks") or {}).items():
        if name != EXIT and not hook.get("expression"):
            yield f"hooks.{name} Expression required"
    strategy = (spec.get("podGC") or {}).get("strategy") or ""
    if strategy not in _POD_GC:
        yield f"podGC.strategy unknown strategy '{strategy}'"
    yield from broken_pod_resources(spec.get("podResources"), "spec.podResources")


def _broken_templates(definition: Definition) -> Iterator[str]:
    for scope, template in used_templates(definition):
        yield from _broken_template(definition, scope, template)


def _broken_numbers(spec: Row) -> Iterator[str]:
    for field in ("parallelism", "activeDeadlineSeconds", "priority"):
        try:
            whole(spec.get(field) or 0)
        except ExpressionError as error:
            yield f"spec.{field}: {error.message}"


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
    yield from (f"{place}.{text}" for text in broken_containers(template))
    yield from _broken_calls(definition, scope, template, place)


def _broken_calls(definition: Definition, scope: str, template: Row, place: str) -> Iterator[str]:
    for at, call in calls(template):
        step, is_hook, hook = at.rpartition(".hooks.")
        if is_hook and hook != EXIT and not call.get("expression"):
            yield f"{place}.{step}.{hook} Expression required"
        if is_hook or at.endswith(".onExit"):
            yield from _broken_hook(definition, scope, call, f"{place}.{at}")


def _broken_hook(definition: Definition, scope: str, hook: Row, place: str) -> Iterator[str]:
    if is_dynamic(hook):
        return
    try:
        definition.resolve(hook, scope)
    except TemplateError as error:
        yield f"{place} {error.message}"
