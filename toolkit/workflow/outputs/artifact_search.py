"""The artifacts of a Workflow object, as its status shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.errors import NotFoundError
from toolkit.resource.resource import Body
from toolkit.workflow.nodes import Row, template_of
from toolkit.workflow.outputs.artifacts import key_of, place_in


@dataclass(frozen=True, slots=True)
class Shown:
    """An artifact of a node: ``location`` {} and ``key`` where it is in the default store."""

    node_id: str
    template: str
    name: str
    location: Row
    key: str

    @property
    def file(self) -> str:
        """The name of the file it is kept in: never a step up."""
        name = (self.key or self.name).rstrip("/").rpartition("/")[2]
        return "artifact" if name in {"", ".", ".."} else name


def search(
    workflow: Body,
    repository: Row,
    *,
    node_id: str = "",
    template: str = "",
    name: str = "",
    direction: str = "outputs",
) -> Iterator[Shown]:
    """The artifacts that are still there, by node and name, or all. ``repository`` is the run's;
    ``direction`` is inputs or outputs.
    """
    for node in ((workflow.get("status") or {}).get("nodes") or {}).values():
        if node_id not in {"", node["id"]} or template not in {"", template_of(node)}:
            continue
        own = _archive_location(workflow, template_of(node))
        for artifact in (node.get(direction) or {}).get("artifacts") or ():
            if name in {"", artifact["name"]} and not artifact.get("deleted"):
                place = place_in(artifact, own, repository)
                if place or key_of(artifact):
                    yield Shown(
                        node["id"], template_of(node), artifact["name"], place, key_of(artifact)
                    )


def one(found: Iterator[Shown], name: str) -> Shown:
    """The first. Raises NotFoundError where there is none."""
    shown = next(found, None)
    if shown is None:
        raise NotFoundError(f"artifact not found: {name}")
    return shown


def _archive_location(workflow: Body, template: str) -> Row:
    """What the template says of where its artifacts are kept; {} where it is another object's."""
    status, spec = workflow.get("status") or {}, workflow.get("spec") or {}
    stored = (status.get("storedWorkflowTemplateSpec") or {}).get("templates") or ()
    for each in (*(spec.get("templates") or ()), *stored):
        if each.get("name") == template:
            return each.get("archiveLocation") or {}
    return {}
