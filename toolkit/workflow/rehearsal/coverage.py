"""Which templates and branches of an environment the trials went through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from toolkit.workflow.nodes import OMITTED, RETRY, SKIPPED, SUCCEEDED, Node
from toolkit.workflow.run import Run
from toolkit.workflow.spec.step_names import step_of

_NOT_TAKEN: Final = frozenset({SKIPPED, OMITTED})
_TEMPLATE_KINDS: Final = frozenset({"WorkflowTemplate", "ClusterWorkflowTemplate"})


@dataclass(slots=True)
class Coverage:
    """``templates``: ``OBJECT/TEMPLATE``; ``branches``: ``OBJECT/TEMPLATE.STEP: what``. True
    where a trial went there.
    """

    templates: dict[str, bool] = field(default_factory=dict)
    branches: dict[str, bool] = field(default_factory=dict)

    def know(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Add the templates of these objects, not yet covered."""
        for body in bodies:
            spec: Mapping[str, Any] = body.get("spec") or {}
            if body.get("kind") == "CronWorkflow":
                spec = spec.get("workflowSpec") or {}
            elif body.get("kind") not in {*_TEMPLATE_KINDS, "Workflow"}:
                continue
            owner = _owner(body)
            for template in spec.get("templates") or ():
                self._know(f"{owner}/{template.get('name')}", template)

    def _know(self, place: str, template: Mapping[str, Any]) -> None:
        self.templates.setdefault(place, False)
        for branch in _branches(place, template):
            self.branches.setdefault(branch, False)

    def visit(self, run: Run, source: Mapping[str, Any]) -> None:
        """A trial of ``source`` ended."""
        owner = _owner(source)
        for node in run.nodes.values():
            if node.phase not in _NOT_TAKEN:
                self._cover(self.templates, _place(node, owner))
            boundary = run.nodes.get(node.boundary)
            if boundary is not None:
                step = f"{_place(boundary, owner)}.{step_of(node.name)}"
                taken = "skipped" if node.phase in _NOT_TAKEN else "taken"
                self._cover(self.branches, f"{step}: {taken}")
            if node.type == RETRY:
                self._cover(self.branches, f"{_place(node, owner)}: {_retried(run, node)}")

    @staticmethod
    def _cover(known: dict[str, bool], place: str) -> None:
        if place in known:
            known[place] = True


def _owner(body: Mapping[str, Any]) -> str:
    metadata = body.get("metadata") or {}
    return str(metadata.get("name") or metadata.get("generateName") or "")


def _place(node: Node, owner: str) -> str:
    """``OBJECT/TEMPLATE`` of a node; templates of the run itself belong to its source."""
    reference = node.status.get("templateRef")
    if reference:
        return f"{reference.get('name')}/{reference.get('template')}"
    scope, _, name = str(node.status.get("templateScope") or "").partition("/")
    return f"{owner if scope == 'local' else name}/{node.status.get('templateName')}"


def _branches(place: str, template: Mapping[str, Any]) -> Iterator[str]:
    """What can go one way or the other: conditions, and whether a retry was needed."""
    if template.get("retryStrategy"):
        yield f"{place}: succeeds at once"
        yield f"{place}: is tried again"
    for step in _steps(template):
        if step.get("when"):
            yield f"{place}.{step.get('name')}: taken"
            yield f"{place}.{step.get('name')}: skipped"


def _steps(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in template.get("steps") or ():
        yield from [group] if isinstance(group, dict) else group
    yield from (template.get("dag") or {}).get("tasks") or ()


def _retried(run: Run, node: Node) -> str:
    attempts = len(run.children.get(node.id, ()))
    is_at_once = attempts == 1 and node.phase == SUCCEEDED
    return "succeeds at once" if is_at_once else "is tried again"
