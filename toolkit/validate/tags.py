"""Template tags in a workflow spec, each against the scope of the place it stands in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from toolkit.resource.field_path import FieldPath
from toolkit.validate.calls import resolve
from toolkit.validate.catalog import Catalog
from toolkit.validate.expressions import TAG, check_expression, check_when
from toolkit.validate.notes import Notes
from toolkit.validate.reach import check_borrowed, global_outputs, names_of
from toolkit.validate.scope import OPEN, Globals, Hidden, Names, NodeOutputs, Scope
from toolkit.validate.shapes import each_text, entries_of, fields_of, has_tag, text_of
from toolkit.validate.spec import (
    POD_TYPES,
    Node,
    Template,
    WorkflowSpec,
    artifacts_of,
    parameters_of,
)
from toolkit.validate.visibility import hidden_from

_EXPRESSION_FIELDS: Final = ("expression", "fromExpression")


def check_tags(spec: WorkflowSpec, catalog: Catalog, notes: Notes) -> None:
    """Every tag of a spec."""
    scope = Scope(globals=_globals(spec, catalog), parameters=OPEN, artifacts=OPEN)
    outside = {
        key: value
        for key, value in spec.body.items()
        if key not in ("templates", "templateDefaults")
    }
    _check_texts(outside, spec.path, replace(scope, item=OPEN), notes)
    for template in spec.templates:
        _check_template(template, spec, catalog, scope, notes)
    if not spec.is_library:
        check_borrowed(spec, scope.globals.parameters, catalog, notes)


def _check_template(
    template: Template, spec: WorkflowSpec, catalog: Catalog, around: Scope, notes: Notes
) -> None:
    """``around`` is the scope of the spec, or of the step that holds an inline template."""
    scope = _own_scope(template, around)
    nodes = template.nodes
    if not nodes:
        _check_texts(template.body, template.path, scope, notes)
        return
    outputs = {node.name: _outputs_of(node, spec, catalog) for node in nodes}
    root = "tasks" if template.type == "dag" else "steps"
    everything = replace(scope, node_root=root, nodes=outputs)
    rest = {key: value for key, value in template.body.items() if key not in ("steps", "dag")}
    _check_texts(rest, template.path, everything, notes)
    graph = {k: v for k, v in fields_of(template.body.get("dag")).items() if k != "tasks"}
    _check_texts(graph, (*template.path, "dag"), scope, notes)
    hidden = hidden_from(template)
    for node in nodes:
        inside = _scope_of_node(node, everything, hidden(node))
        _check_node(node, everything, inside, notes)
        if node.call.inline is not None:
            _check_template(node.call.inline, spec, catalog, inside, notes)


def _own_scope(template: Template, around: Scope) -> Scope:
    return Scope(
        globals=around.globals,
        parameters=names_of(parameters_of(template.inputs)),
        artifacts=names_of(artifacts_of(template.inputs)),
        output_parameters=names_of(parameters_of(template.outputs)),
        output_artifacts=names_of(artifacts_of(template.outputs)),
        is_pod=template.type in POD_TYPES or not template.type,
        outer=around if around.node_root else None,
    )


def _outputs_of(node: Node, spec: WorkflowSpec, catalog: Catalog) -> NodeOutputs:
    target = resolve(node.call, spec, catalog)
    if target is None:
        return NodeOutputs()
    outputs = target.template.outputs
    return NodeOutputs(names_of(parameters_of(outputs)), names_of(artifacts_of(outputs)))


def _scope_of_node(node: Node, everything: Scope, hidden: Hidden) -> Scope:
    return replace(everything, hidden=hidden, item=_item_of(node))


def _item_of(node: Node) -> Names | None:
    """The keys of a loop's items; None where the node does not loop."""
    body = node.call.body
    if not node.has_items:
        return None
    items = body.get("withItems")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return OPEN
    return Names(frozenset(str(key) for _, item in entries_of(items) for key in item))


def _check_node(node: Node, everything: Scope, inside: Scope, notes: Notes) -> None:
    """A hook sees its own node and whatever has run; the rest of a node only what is before."""
    body, path = node.call.body, node.call.path
    hooks = {key: body[key] for key in ("hooks", "onExit") if key in body}
    own = {key: value for key, value in body.items() if key not in ("hooks", "onExit", "inline")}
    _check_texts(own, path, inside, notes)
    _check_texts(hooks, path, replace(everything, item=inside.item), notes)


def _check_texts(value: Any, path: FieldPath, scope: Scope, notes: Notes) -> None:
    for place, text in each_text(value, path):
        if place[-1] in _EXPRESSION_FIELDS and not has_tag(text):
            _check_needs(check_expression(text, place, notes), place, scope, notes)
        if place[-1] == "when":
            check_when(text, place, notes)
        if has_tag(text):
            _check_text(text, place, scope, notes)


def _check_text(text: str, path: FieldPath, scope: Scope, notes: Notes) -> None:
    for match in TAG.finditer(text):
        tag, whole = match.group(1).strip(), match.group()
        if tag.startswith("="):
            needs = check_expression(tag[1:], path, notes, part=whole)
            _check_needs(needs, path, scope, notes, part=whole)
            continue
        problem = scope.problem(tag)
        if problem is not None:
            notes.add(problem.rule, path, problem.message, problem.hint, part=whole)


def _check_needs(
    needs: tuple[str, ...], path: FieldPath, scope: Scope, notes: Notes, *, part: str = ""
) -> None:
    """The variables of an expression: written without braces, and with ``['…']`` around a name
    that holds a '-'.
    """
    for need in needs:
        problem = scope.problem(need)
        if problem is not None:
            message = problem.message.replace(f"{{{{{need}}}}}", need)
            is_minus = "did you mean" in problem.hint and "-" in problem.hint
            hint = problem.hint + (" '-' is minus here: write ['…']" if is_minus else "")
            notes.add(problem.rule, path, message, hint, part=part)


def _globals(spec: WorkflowSpec, catalog: Catalog) -> Globals:
    holder = _holder(spec, catalog)
    if spec.is_library or holder is None:
        return Globals()
    parameters, artifacts = global_outputs((spec, holder), catalog)
    return Globals(
        parameters=_workflow_parameters(spec, holder),
        output_parameters=parameters,
        output_artifacts=artifacts,
        has_priority=spec.body.get("priority") is not None or holder is not spec,
        hears_failures=any(_hears_failures(each) for each in (spec, holder)),
    )


def _holder(spec: WorkflowSpec, catalog: Catalog) -> WorkflowSpec | None:
    ref = spec.workflow_template_ref
    if ref is None:
        return spec
    name = text_of(ref.get("name"))
    is_cluster_scoped = ref.get("clusterScope") is True
    return catalog.workflow_template(name, spec.namespace, is_cluster_scoped=is_cluster_scoped)


def _workflow_parameters(spec: WorkflowSpec, holder: WorkflowSpec) -> Names:
    return names_of({**parameters_of(holder.arguments), **parameters_of(spec.arguments)})


def _hears_failures(spec: WorkflowSpec) -> bool:
    return bool(spec.body.get("onExit") or fields_of(spec.body.get("hooks")))
