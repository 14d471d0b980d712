"""All findings of a rendered environment, or of single manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Origin, Resource
from toolkit.validate.calls import check_calls
from toolkit.validate.catalog import Catalog
from toolkit.validate.crons import check_cron
from toolkit.validate.dag import check_dags
from toolkit.validate.finding import Finding
from toolkit.validate.metadata import check_metadata
from toolkit.validate.notes import Note, Notes
from toolkit.validate.places import Places, Sources
from toolkit.validate.pods import check_pods
from toolkit.validate.references import check_references
from toolkit.validate.schemas import check_schema, is_secret_value
from toolkit.validate.shapes import described, fields_of
from toolkit.validate.spec import workflow_spec
from toolkit.validate.tags import check_tags
from toolkit.validate.templates import check_templates

_REWRITTEN: Final = "an overlay wrote this value: it is not in this file"


@dataclass(frozen=True, slots=True)
class Document:
    """One manifest and where it stands: a file of ``workflows/``, or standard input. A document
    that is no object is found wrong.
    """

    body: Mapping[str, Any]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around the objects. ``zones``: the time zones that exist, None for any.

    ``is_synced``: the objects are applied again and again, so each has a name of its own.
    ``is_submission``: a run starts now, so every parameter has its value.
    """

    zones: frozenset[str] | None = None
    is_synced: bool = True
    is_submission: bool = False


def validate(
    resources: Iterable[Resource],
    *,
    sources: Sources,
    zones: frozenset[str] | None = None,
    is_complete: bool = True,
) -> tuple[Finding, ...]:
    """Everything wrong with a rendered environment, in the order of files and lines.

    ``is_complete``: ``resources`` are all objects of the environment, so that what they refer to
    must be among them; a part of one says nothing about what is not there.
    """
    objects = [Document(resource.body, resource.origin) for resource in resources]
    catalog = Catalog((each.body for each in objects), is_complete=is_complete)
    return _findings(objects, catalog, Surroundings(zones), sources)


def validate_documents(
    documents: Iterable[Document],
    *,
    sources: Sources,
    environment: Iterable[Mapping[str, Any]] | None = None,
    zones: frozenset[str] | None = None,
    is_submission: bool = False,
) -> tuple[Finding, ...]:
    """Everything wrong with single manifests. They may refer to each other, and to the objects of
    ``environment``; None means that these are not known, and nothing is said about what is not
    there. ``is_submission``: see :class:`Surroundings`.
    """
    objects = list(documents)
    bodies = [each.body for each in objects if isinstance(each.body, dict)]
    around = list(environment) if environment is not None else []
    catalog = Catalog([*bodies, *around], is_complete=environment is not None)
    surroundings = Surroundings(zones, is_synced=False, is_submission=is_submission)
    return _findings(objects, catalog, surroundings, sources)


def _findings(
    objects: list[Document], catalog: Catalog, surroundings: Surroundings, sources: Sources
) -> tuple[Finding, ...]:
    places = Places(sources)
    found = [
        _finding(note, each, places)
        for each, notes in _checked(objects, catalog, surroundings)
        for note in notes
    ]
    return tuple(sorted(dict.fromkeys(found), key=_order))


def _checked(
    objects: list[Document], catalog: Catalog, surroundings: Surroundings
) -> Iterator[tuple[Document, Notes]]:
    seen: dict[ResourceId, Document] = {}
    for each in objects:
        notes = Notes()
        _check_duplicate(each, seen, notes)
        _check_object(each.body, catalog, surroundings, notes)
        yield each, notes


def _check_duplicate(each: Document, seen: dict[ResourceId, Document], notes: Notes) -> None:
    identity = _identity(each.body)
    if not identity.name:
        return
    first = seen.setdefault(identity, each)
    if first is not each:
        message = f"{identity.short} is there twice, first in {first.origin.path}"
        notes.add("duplicate-object", ("metadata", "name"), message, "rename or remove one")


def _check_object(
    body: Mapping[str, Any], catalog: Catalog, surroundings: Surroundings, notes: Notes
) -> None:
    if not isinstance(body, dict):
        notes.add("missing-type", (), f"this document is {described(body)}, not an object")
        return
    check_metadata(body, notes, is_synced=surroundings.is_synced)
    check_schema(body, notes)
    check_references(body, catalog, notes)
    spec = workflow_spec(body)
    if spec is None:
        return
    if spec.kind == "CronWorkflow":
        check_cron(body, catalog, notes, zones=surroundings.zones)
    check_templates(spec, notes)
    check_pods(spec, notes)
    check_calls(spec, catalog, notes, is_submission=surroundings.is_submission)
    check_dags(spec, notes)
    check_tags(spec, catalog, notes)


def _finding(note: Note, each: Document, places: Places) -> Finding:
    place = places.locate(each.origin, each.body, note)
    hints = [note.hint] if note.hint else []
    if place.is_rewritten:
        hints.append(_REWRITTEN)
    excerpt = "" if is_secret_value(fields_of(each.body), note.path) else place.excerpt
    return Finding(
        note.rule,
        note.severity,
        _identity(each.body),
        note.path,
        place.location,
        note.message,
        "; ".join(hints),
        excerpt,
    )


def _identity(body: Mapping[str, Any]) -> ResourceId:
    body = fields_of(body)
    return ResourceId.of({**body, "metadata": fields_of(body.get("metadata"))})


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    location = finding.location
    place = (location.path, location.line, location.column) if location else ("", 0, 0)
    return (*place, finding.rule, finding.message)
