"""What a workflow reaches through ``templateRef``: templates of other objects run in *its* scope.

Their global outputs become the workflow's, and the workflow parameters that they name must be
declared by the workflow that calls them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from toolkit.validate.calls import resolve
from toolkit.validate.catalog import Catalog
from toolkit.validate.expressions import TAG
from toolkit.validate.notes import Notes
from toolkit.validate.scope import Names
from toolkit.validate.shapes import entries_of, has_tag, listed, text_of
from toolkit.validate.spec import (
    Call,
    Template,
    WorkflowSpec,
    own_calls,
)

_PARAMETER = "workflow.parameters."


def names_of(values: Mapping[str, Any]) -> Names:
    """The names of parameters or artifacts; open where one is filled in at run time."""
    return Names(frozenset(values), is_open=any(has_tag(name) for name in values))


def check_borrowed(spec: WorkflowSpec, declared: Names, catalog: Catalog, notes: Notes) -> None:
    """Each call by reference, against the workflow parameters that what it leads to needs."""
    needed: dict[int, dict[str, str]] = {}  # by template: many calls lead to few
    for call in spec.calls:
        target = resolve(call, spec, catalog)
        if target is None or target.spec is None or target.spec is spec:
            continue
        key = id(target.template.body)
        if key not in needed:
            needed[key] = _needed(target.template, target.spec, catalog)
        for name, user in sorted(needed[key].items()):
            if not declared.has(name):
                tag = f"{{{{{_PARAMETER}{name}}}}}"
                message = f"{call.label} leads to {user}, which uses {tag}"
                hint = f"declare {name!r} in this workflow's arguments"
                if declared.known:
                    hint += f"; declared: {listed(declared.known)}"
                notes.add("unknown-tag", call.path, message, hint)


def _needed(template: Template, spec: WorkflowSpec, catalog: Catalog) -> dict[str, str]:
    """Workflow parameters that a template or what it calls names: name → who uses it."""
    needed: dict[str, str] = {}
    waiting, seen = [(template, spec)], {id(template.body)}
    while waiting:
        each, holder = waiting.pop()
        for name in _parameters_in(each):
            needed.setdefault(name, f"{each.label} of {holder.kind} {holder.name!r}")
        for call in _calls_in(each):
            target = resolve(call, holder, catalog)
            if target is not None and id(target.template.body) not in seen:
                seen.add(id(target.template.body))
                waiting.append((target.template, target.spec or holder))
    return needed


def _calls_in(template: Template) -> Iterator[Call]:
    for node in template.nodes:
        yield from own_calls(node)


def _parameters_in(template: Template) -> Iterator[str]:
    for text in template.tagged_texts:
        for match in TAG.finditer(text):
            tag = match.group(1).strip()
            name = tag.removeprefix(_PARAMETER)
            if name not in (tag, "json"):
                yield name


def global_outputs(specs: tuple[WorkflowSpec, ...], catalog: Catalog) -> tuple[Names, Names]:
    """Names that templates export with ``globalName``, those called by reference included."""
    parameters: set[str] = set()
    artifacts: set[str] = set()
    is_open = False
    for template in _reachable(specs, catalog):
        for key, names in (("parameters", parameters), ("artifacts", artifacts)):
            for _, output in entries_of(template.outputs.get(key)):
                name = text_of(output.get("globalName"))
                is_open = is_open or has_tag(name)
                names.add(name)
    if any(call.is_dynamic for spec in specs for call in spec.calls):
        is_open = True
    return (
        Names(frozenset(parameters - {""}), is_open),
        Names(frozenset(artifacts - {""}), is_open),
    )


def _reachable(specs: tuple[WorkflowSpec, ...], catalog: Catalog) -> Iterator[Template]:
    """All templates of the specs, and of every WorkflowTemplate they lead to."""
    waiting, seen = list(specs), set()
    while waiting:
        spec = waiting.pop()
        if id(spec) in seen:
            continue
        seen.add(id(spec))
        yield from spec.every_template
        targets = (resolve(call, spec, catalog) for call in spec.calls)
        waiting.extend(each.spec for each in targets if each is not None and each.spec is not None)
