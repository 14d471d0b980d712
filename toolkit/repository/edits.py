"""What ``gitops set`` changes: where an image, a label, a schedule stands in each kind of file.

Texts in, texts out. A kustomization is changed for all its objects; a manifest for one object.
"""

from __future__ import annotations

import re
from typing import Any

from toolkit.errors import UsageError
from toolkit.workflow.cron.schedule import Schedule
from toolkit.yaml import RESOURCE, SETTINGS, load_all
from toolkit.yaml.edit import append_item, set_value

_IMAGE = re.compile(
    r"(?P<name>[^=@\s]+?)(?:=(?P<new>[^@\s]+?))?(?::(?P<tag>[\w][\w.-]*))?(?:@(?P<digest>\w+:\w+))?\Z"
)


def set_image(text: str, image: str, *, file: str = "") -> str:
    """``NAME[=NEW][:TAG|@DIGEST]`` in a kustomization's ``images``."""
    match = _IMAGE.match(image)
    if match is None or not (match["new"] or match["tag"] or match["digest"]):
        raise UsageError(f"{image!r} is not NAME[=NEW][:TAG|@DIGEST]")
    body = _kustomization(text, file)
    fields = {"newName": match["new"], "newTag": match["tag"], "digest": match["digest"]}
    chosen = {field: value for field, value in fields.items() if value}
    for index, entry in enumerate(body.get("images") or []):
        if isinstance(entry, dict) and entry.get("name") == match["name"]:
            for field, value in chosen.items():
                path = ("images", index, field)
                text = set_value(text, path, value, file=file, dialect=SETTINGS)
            return text
    item = {"name": match["name"], **chosen}
    return append_item(text, ("images",), item, file=file, dialect=SETTINGS)


def set_namespace(text: str, namespace: str, name: str = "", *, file: str = "") -> str:
    """A kustomization's ``namespace``, or a manifest's ``metadata.namespace``."""
    if _is_kustomization(text, file):
        return set_value(text, ("namespace",), namespace, file=file, dialect=SETTINGS)
    return _set_in_object(text, ("metadata", "namespace"), namespace, name, file)


def set_label(text: str, key: str, value: str, name: str = "", *, file: str = "") -> str:
    """A kustomization's first ``labels`` entry, or a manifest's ``metadata.labels``."""
    if not _is_kustomization(text, file):
        return _set_in_object(text, ("metadata", "labels", key), value, name, file)
    entries = _kustomization(text, file).get("labels") or []
    for index, entry in enumerate(entries):
        if key in (entry.get("pairs") or {}):
            path = ("labels", index, "pairs", key)
            return set_value(text, path, value, file=file, dialect=SETTINGS)
    if entries:
        return set_value(text, ("labels", 0, "pairs", key), value, file=file, dialect=SETTINGS)
    return append_item(text, ("labels",), {"pairs": {key: value}}, file=file, dialect=SETTINGS)


def set_annotation(text: str, key: str, value: str, name: str = "", *, file: str = "") -> str:
    """A kustomization's ``commonAnnotations``, or a manifest's ``metadata.annotations``."""
    if _is_kustomization(text, file):
        return set_value(text, ("commonAnnotations", key), value, file=file, dialect=SETTINGS)
    return _set_in_object(text, ("metadata", "annotations", key), value, name, file)


def set_suspend(text: str, suspended: bool, name: str = "", *, file: str = "") -> str:  # noqa: FBT001
    """``spec.suspend`` of a CronWorkflow or Workflow."""
    return _set_in_object(
        text, ("spec", "suspend"), suspended, name, file, kinds=("CronWorkflow", "Workflow")
    )


def set_schedule(text: str, schedule: str, name: str = "", *, file: str = "") -> str:
    """``spec.schedule`` of a CronWorkflow, or the only one of its ``spec.schedules``.

    Raises ExpressionError for what is no schedule.
    """
    Schedule.parse(schedule)
    index, body = _object(text, name, file, ("CronWorkflow",))
    schedules = (body.get("spec") or {}).get("schedules") or []
    if len(schedules) > 1:
        raise UsageError(f"{_title(body)} has {len(schedules)} schedules: edit the file by hand")
    path: tuple[str | int, ...] = ("spec", "schedules", 0) if schedules else ("spec", "schedule")
    return set_value(text, path, schedule, document=index, file=file)


def _set_in_object(
    text: str,
    path: tuple[str, ...],
    value: Any,
    name: str,
    file: str,
    *,
    kinds: tuple[str, ...] = (),
) -> str:
    index, _ = _object(text, name, file, kinds)
    return set_value(text, path, value, document=index, file=file)


def _object(text: str, name: str, file: str, kinds: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
    """The one object of the file that fits: its document number and body."""
    found = [
        (index, body)
        for index, body in enumerate(load_all(text, file, dialect=RESOURCE))
        if isinstance(body, dict)
        and (not kinds or body.get("kind") in kinds)
        and name in ("", (body.get("metadata") or {}).get("name"))
    ]
    what = " or ".join(kinds) or "object"
    if not found:
        raise UsageError(f"{file}: no {what}" + (f" named {name!r}" if name else ""))
    if len(found) > 1:
        names = ", ".join(_title(body) for _, body in found)
        raise UsageError(f"{file} holds {len(found)} of them: {names}", hints=("Give --name.",))
    return found[0]


def _title(body: dict[str, Any]) -> str:
    return f"{body.get('kind')}/{(body.get('metadata') or {}).get('name')}"


def _is_kustomization(text: str, file: str) -> bool:
    names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
    if file.rsplit("/", 1)[-1] in names:
        return True
    bodies = [body for body in load_all(text, file, dialect=SETTINGS) if isinstance(body, dict)]
    return any(body.get("kind") in ("Kustomization", "Component") for body in bodies)


def _kustomization(text: str, file: str) -> dict[str, Any]:
    if not _is_kustomization(text, file):
        raise UsageError(f"{file} is no kustomization; an image is chosen in one")
    bodies = [body for body in load_all(text, file, dialect=SETTINGS) if isinstance(body, dict)]
    return bodies[0] if bodies else {}
