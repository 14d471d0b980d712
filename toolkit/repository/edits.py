"""Edits of manifests: where a label, a schedule, a suspension stands in an object.

Texts in, texts out; one object at a time. Kustomizations: :mod:`.kustomization_edits`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.errors import InputError, UsageError
from toolkit.repository.kustomization_sheet import Edited, suggestions
from toolkit.source import Location
from toolkit.workflow.cron.schedule import Schedule
from toolkit.yaml import RESOURCE, load_all
from toolkit.yaml.edit import remove_value, set_value
from toolkit.yaml.edit_values import value_at
from toolkit.yaml.positions import Positions

Path = tuple[str | int, ...]

SUSPENDABLE = ("CronWorkflow", "Workflow")
SCHEDULED = ("CronWorkflow",)


def set_in_object(
    text: str, path: Path, value: Any, name: str, *, file: str = "", kinds: tuple[str, ...] = ()
) -> Edited:
    """One field of the object that is called ``name``, or the only one that there is."""
    index, _ = _object(text, name, file, kinds)
    return Edited(set_value(text, path, value, document=index, file=file))


def set_all_in_object(
    text: str,
    path: Path,
    values: Mapping[str, str],
    name: str,
    *,
    file: str = "",
    is_new: bool = False,
) -> Edited:
    """Several keys of one mapping of an object. ``is_new``: one that is there with another value
    is refused.
    """
    index, body = _object(text, name, file, ())
    for key, value in values.items():
        if is_new and value_at(body, (*path, key)) not in (None, value):
            raise InputError(
                f"{key} is there already, with another value",
                location=Positions(text, file).locate(index, (*path, key)),
                hints=["to change it: gitops set"],
            )
        text = set_value(text, (*path, key), value, document=index, file=file)
    return Edited(text)


def remove_all_from_object(
    text: str, path: Path, keys: Iterable[str], name: str, *, file: str = ""
) -> Edited:
    """Without these keys of one mapping of an object."""
    index, body = _object(text, name, file, ())
    known = value_at(body, path) or {}
    for key in keys:
        if key not in known:
            raise InputError(
                f"{_title(body)} has no {key!r} among its {path[-1]}",
                location=Positions(text, file).locate(index, path, of_key=True),
                hints=suggestions(key, list(known)),
            )
        text = remove_value(text, (*path, key), document=index, file=file)
    return Edited(text)


def set_suspend(text: str, suspended: bool, name: str = "", *, file: str = "") -> Edited:  # noqa: FBT001
    """``spec.suspend`` of a CronWorkflow or Workflow."""
    return set_in_object(text, ("spec", "suspend"), suspended, name, file=file, kinds=SUSPENDABLE)


def set_schedule(text: str, schedule: str, name: str = "", *, file: str = "") -> Edited:
    """``spec.schedule`` of a CronWorkflow, or the only one of its ``spec.schedules``.

    Raises ExpressionError for a schedule that no controller would take.
    """
    Schedule.parse(schedule)
    index, body = _object(text, name, file, SCHEDULED)
    schedules = value_at(body, ("spec", "schedules")) or []
    if len(schedules) > 1:
        raise InputError(
            f"{_title(body)} has {len(schedules)} schedules: edit the file by hand",
            location=Positions(text, file).locate(index, ("spec", "schedules")),
        )
    path: Path = ("spec", "schedules", 0) if schedules else ("spec", "schedule")
    return Edited(set_value(text, path, schedule, document=index, file=file))


def objects_of(text: str, *, file: str = "", kinds: tuple[str, ...] = ()) -> list[str]:
    """The names of the objects of these kinds (of any, if none is given)."""
    return [_name(body) for _, body in _objects(text, file, kinds)]


def _objects(text: str, file: str, kinds: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
    return [
        (index, body)
        for index, body in enumerate(load_all(text, file, dialect=RESOURCE))
        if isinstance(body, dict) and (not kinds or body.get("kind") in kinds)
    ]


def _object(text: str, name: str, file: str, kinds: tuple[str, ...]) -> tuple[int, dict[str, Any]]:
    """The one object of the file that fits: its document number and body."""
    every = _objects(text, file, kinds)
    found = [(index, body) for index, body in every if name in ("", _name(body))]
    what = " or ".join(kinds) or "object"
    if not found:
        raise UsageError(
            f"no {what}" + (f" named {name!r}" if name else ""),
            location=Location(file),
            hints=suggestions(name, [_name(body) for _, body in every]),
        )
    if len(found) > 1:
        names = ", ".join(_title(body) for _, body in found)
        raise UsageError(f"{file} holds {len(found)} of them: {names}", hints=("Give --name.",))
    return found[0]


def _name(body: dict[str, Any]) -> str:
    return str(value_at(body, ("metadata", "name")) or "")


def _title(body: dict[str, Any]) -> str:
    return f"{body.get('kind')}/{_name(body)}"
