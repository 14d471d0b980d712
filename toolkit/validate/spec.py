"""A workflow spec as the rules see it: its templates, and the calls between them.

Views, not copies: each holds the parsed object and the path to it, whatever shape it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from toolkit.resource.field_path import FieldPath
from toolkit.resource.identity import GroupVersionKind
from toolkit.validate.shapes import (
    Fields,
    each_text,
    entries_of,
    fields_of,
    has_tag,
    named,
    text_of,
)

ARGO_API_VERSION: Final = "argoproj.io/v1alpha1"
LIBRARY_KINDS: Final = frozenset({"WorkflowTemplate", "ClusterWorkflowTemplate"})
TEMPLATE_TYPES: Final = (
    "container",
    "containerSet",
    "data",
    "dag",
    "http",
    "plugin",
    "resource",
    "script",
    "steps",
    "suspend",
)
POD_TYPES: Final = frozenset({"container", "containerSet", "data", "resource", "script"})

_SPEC_PATHS: Final[Mapping[str, FieldPath]] = {
    "Workflow": ("spec",),
    "WorkflowTemplate": ("spec",),
    "ClusterWorkflowTemplate": ("spec",),
    "CronWorkflow": ("spec", "workflowSpec"),
}


@dataclass(frozen=True)
class Template:
    """One template, from a spec's list or inline in a step. ``label`` names it in messages.

    What is computed from the body is kept: every rule asks for it again.
    """

    name: str
    path: FieldPath
    body: Fields
    label: str

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The template types it gives, in the order of TEMPLATE_TYPES."""
        return tuple(key for key in TEMPLATE_TYPES if self.body.get(key) is not None)

    @cached_property
    def type(self) -> str:
        """Its one type; "" where there is none or more than one."""
        types = self.types
        return types[0] if len(types) == 1 else ""

    @property
    def is_composite(self) -> bool:
        return self.type in ("steps", "dag")

    @property
    def inputs(self) -> Fields:
        return fields_of(self.body.get("inputs"))

    @property
    def outputs(self) -> Fields:
        return fields_of(self.body.get("outputs"))

    @cached_property
    def tagged_texts(self) -> tuple[str, ...]:
        """Every text in it that holds a template tag."""
        return tuple(text for _, text in each_text(self.body, ()) if has_tag(text))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The steps or tasks, in order; () for a template that calls none."""
        if self.type == "steps":
            return tuple(_steps(self))
        return tuple(_tasks(self)) if self.type == "dag" else ()


@dataclass(frozen=True)
class Call:
    """One place that calls a template: a step, a task, a hook, an exit handler.

    ``inherited``: what is passed where the call has no arguments of its own: the workflow's for
    the entrypoint and its exit handler, a step's for the exit handler of the step.
    """

    label: str
    path: FieldPath
    body: Fields
    inherited: Fields = field(default_factory=dict)

    @property
    def template(self) -> str:
        return text_of(self.body.get("template"))

    @property
    def reference(self) -> Fields | None:
        found = self.body.get("templateRef")
        return found if isinstance(found, dict) else None

    @cached_property
    def inline(self) -> Template | None:
        found = self.body.get("inline")
        if not isinstance(found, dict):
            return None
        return Template("", (*self.path, "inline"), found, f"the inline template of {self.label}")

    @property
    def arguments(self) -> Fields:
        return fields_of(self.body.get("arguments"))

    @property
    def passed(self) -> Fields:
        """The arguments that arrive."""
        own = self.arguments
        return own if own.get("parameters") or own.get("artifacts") else self.inherited

    @cached_property
    def is_dynamic(self) -> bool:
        """Whether what is called is known only at run time."""
        texts = [self.template, *(str(value) for value in fields_of(self.reference).values())]
        return any(has_tag(text) for text in texts)


@dataclass(frozen=True, slots=True)
class Node:
    """A step or task of a composite template. ``group`` is a step's position among its groups."""

    name: str
    call: Call
    group: int = 0

    @property
    def has_items(self) -> bool:
        return any(self.call.body.get(key) for key in ("withItems", "withParam", "withSequence"))


@dataclass(frozen=True)
class WorkflowSpec:
    """The workflow spec of a Workflow, a CronWorkflow or one of the template kinds."""

    kind: str
    name: str
    namespace: str
    path: FieldPath
    body: Fields
    templates: tuple[Template, ...]
    by_name: Mapping[str, Template] = field(repr=False)

    @property
    def is_library(self) -> bool:
        """Whether others bring the arguments: a template, not a workflow."""
        return self.kind in LIBRARY_KINDS

    @property
    def template_defaults(self) -> Fields:
        return fields_of(self.body.get("templateDefaults"))

    @property
    def workflow_template_ref(self) -> Fields | None:
        found = self.body.get("workflowTemplateRef")
        return found if isinstance(found, dict) else None

    @property
    def arguments(self) -> Fields:
        return fields_of(self.body.get("arguments"))

    @cached_property
    def every_template(self) -> tuple[Template, ...]:
        """The spec's templates, and the inline ones in them, outermost first."""
        return tuple(each for template in self.templates for each in _with_inline(template))

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Every call in the spec: the workflow's own, then those of all templates."""
        nodes = (node for template in self.every_template for node in template.nodes)
        return (*_workflow_calls(self), *(call for node in nodes for call in own_calls(node)))


def workflow_spec(body: Fields) -> WorkflowSpec | None:
    """The view of an object's workflow spec; None for any other kind."""
    gvk = GroupVersionKind.of(body)
    path = _SPEC_PATHS.get(gvk.kind) if gvk.api_version == ARGO_API_VERSION else None
    if path is None:
        return None
    spec: Fields = body
    for key in path:
        spec = fields_of(spec.get(str(key)))
    templates = tuple(_templates(spec.get("templates"), (*path, "templates")))
    by_name: dict[str, Template] = {}
    for template in templates:
        by_name.setdefault(template.name, template)
    metadata = fields_of(body.get("metadata"))
    name = text_of(metadata.get("name")) or text_of(metadata.get("generateName"))
    namespace = text_of(metadata.get("namespace"))
    return WorkflowSpec(gvk.kind, name, namespace, path, spec, templates, by_name)


def hooks_of(owner: Fields, path: FieldPath, label: str) -> Iterator[tuple[str, Call]]:
    """The hooks of a workflow, step or task: (name, call), ``onExit`` last and named "exit"."""
    arguments = fields_of(owner.get("arguments"))
    for name, hook in fields_of(owner.get("hooks")).items():
        if isinstance(hook, dict):
            inherited = arguments if name == "exit" else {}
            place = (*path, "hooks", str(name))
            yield str(name), Call(f"hook {name!r} of {label}", place, hook, inherited)


def exit_call(owner: Fields, path: FieldPath, label: str) -> Call | None:
    """The call that ``onExit`` makes; None where there is none."""
    template = text_of(owner.get("onExit"))
    if not template:
        return None
    inherited = fields_of(owner.get("arguments"))
    return Call(f"onExit of {label}", (*path, "onExit"), {"template": template}, inherited)


def own_calls(node: Node) -> Iterator[Call]:
    """All calls a node makes: itself, its hooks, its exit handler."""
    yield node.call
    label, path = node.call.label, node.call.path
    for _, hook in hooks_of(node.call.body, path, label):
        yield hook
    leaving = exit_call(node.call.body, path, label)
    if leaving is not None:
        yield leaving


def _workflow_calls(spec: WorkflowSpec) -> Iterator[Call]:
    """What the workflow itself calls beside its entrypoint: hooks and exit handler."""
    label = f"{spec.kind} {spec.name!r}"
    for _, hook in hooks_of(spec.body, spec.path, label):
        yield hook
    leaving = exit_call(spec.body, spec.path, label)
    if leaving is not None:
        yield leaving


def parameters_of(owner: Fields) -> Mapping[str, Fields]:
    """Parameters of inputs, outputs or arguments, by name."""
    return named(owner.get("parameters"))


def artifacts_of(owner: Fields) -> Mapping[str, Fields]:
    """Artifacts of inputs, outputs or arguments, by name."""
    return named(owner.get("artifacts"))


def _with_inline(template: Template) -> Iterator[Template]:
    yield template
    for node in template.nodes:
        inline = node.call.inline
        if inline is not None:
            yield from _with_inline(inline)


def _templates(value: Any, path: FieldPath) -> Iterator[Template]:
    for index, body in entries_of(value):
        name = text_of(body.get("name"))
        yield Template(name, (*path, index), body, f"template {name!r}")


def _steps(template: Template) -> Iterator[Node]:
    groups = template.body.get("steps")
    if not isinstance(groups, list):
        return
    for group, steps in enumerate(groups):
        for index, step in entries_of(steps):
            name = text_of(step.get("name"))
            path = (*template.path, "steps", group, index)
            yield Node(name, Call(f"step {name!r}", path, step), group)


def _tasks(template: Template) -> Iterator[Node]:
    for index, task in entries_of(fields_of(template.body.get("dag")).get("tasks")):
        name = text_of(task.get("name"))
        path = (*template.path, "dag", "tasks", index)
        yield Node(name, Call(f"task {name!r}", path, task))
