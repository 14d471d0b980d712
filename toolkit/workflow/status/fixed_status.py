"""What of a Workflow's status is settled when it is submitted: the templates it refers to, the spec
it got from its template, its artifact repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from toolkit.workflow.admission.check import calls, used_templates
from toolkit.workflow.nodes import Row
from toolkit.workflow.run import Run
from toolkit.workflow.spec.definition import Definition, given_spec, scope_of

_LOCAL: Final = "local/"
_STORED: Final = "@stored templates"


def fixed_status(run: Run) -> Row:
    """The fields that are there; none of a workflow whose spec could not be read. What is costly
    is computed once.
    """
    definition = run.definition
    if definition.is_empty:
        return {}
    status: Row = {"artifactRepositoryRef": _repository(run)}
    if _STORED not in run.cache:
        run.cache[_STORED] = dict(_stored_templates(definition))
    if stored := run.cache[_STORED]:
        status["storedTemplates"] = stored
    if definition.spec.get("workflowTemplateRef"):
        status["storedWorkflowTemplateSpec"] = _stored_spec(run)
    return status


def _repository(run: Run) -> Row:
    definition = run.definition
    if not definition.repository:
        return {"default": True, "artifactRepository": {}}
    reference = {"namespace": run.namespace, "artifactRepository": definition.repository}
    return {**(definition.row.get("repositoryRef") or {}), **reference}


def _stored_templates(definition: Definition) -> Iterator[tuple[str, Row]]:
    """All of the object that the workflow is made of, and those of other objects that the run can
    reach, under Argo's keys: ``scope/object/template``, and ``scope/object/inline/step`` of those
    inline in them.
    """
    if reference := definition.spec.get("workflowTemplateRef"):
        for name, template in definition.templates[definition.row["scope"]].items():
            yield f"{scope_of(reference)}/{name}", template
    for scope, template in used_templates(definition):
        if scope.startswith(_LOCAL):
            continue
        name = str(template.get("name") or "")
        if name in definition.templates.get(scope, {}):
            yield f"{scope}/{name}", definition.templates[scope][name]
        for _, call in calls(template):
            if call.get("inline"):
                yield f"{scope}/inline/{call.get('name')}", call["inline"]


def _stored_spec(run: Run) -> Row:
    row = run.definition.row
    stored = {**given_spec(row), "templates": list(row["templates"].get(row["scope"], {}).values())}
    for field in ("suspend", "shutdown"):
        stored.pop(field, None)
        if run.row[field]:
            stored[field] = run.row[field]
    return stored
