"""``vars`` as ``replacements``, where that is plain: every use of a var is a field's whole value.

kustomize's own conversion writes placeholders into the manifests; this one leaves them alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.errors import InputError
from toolkit.repository.kustomization_sheet import Edited, Sheet
from toolkit.yaml.edit_text import item_lines

_Body = Mapping[str, Any]


def without_vars(text: str, *, file: str = "") -> str:
    """The text without ``vars``: what it builds to shows where they are used."""
    sheet = Sheet(text, file)
    sheet.remove(("vars",))
    return sheet.text


def replace_vars(text: str, objects: Iterable[_Body], *, file: str = "") -> Edited:
    """The text with ``replacements`` in place of ``vars``; ``objects``: what it builds to without
    them. A var that nothing uses goes. Raises InputError where a use is only part of a value, or
    a comment would be lost.
    """
    sheet = Sheet(text, file)
    _refuse_comments(sheet)
    uses = list(_uses(objects))
    entries = []
    for index, var in sheet.mappings(("vars",)):
        name = f"$({var.get('name')})"
        found = [(body, path) for body, path, value in uses if name in value]
        if any(name in value and name != value for _, _, value in uses):
            raise InputError(
                f"{name} is part of a longer value: vars are not converted",
                location=sheet.place(("vars", index)),
                hints=["write the replacement by hand, with options.delimiter and index"],
            )
        if found:
            entries.append({"source": _source(var), "targets": [_target(*one) for one in found]})
    sheet.note("vars -> replacements", ("vars",), of_key=True)
    if sheet.at(("replacements",)) or not entries:
        sheet.remove(("vars",))
        for entry in entries:
            sheet.append(("replacements",), entry)
    else:
        lines = [line for entry in entries for line in item_lines(entry, sheet.layout)]
        sheet.replace_field("vars", "replacements", lines, entries)
    return sheet.edited()


def _refuse_comments(sheet: Sheet) -> None:
    if any("#" in line for line in sheet.lines(("vars",))):
        raise InputError(
            "vars hold comments, which would be lost: edit the file by hand",
            location=sheet.place(("vars",), of_key=True),
        )


def _uses(objects: Iterable[_Body]) -> Iterator[tuple[_Body, str, str]]:
    """Every text that holds ``$(``: its object, its field path, and itself."""
    for body in objects:
        for path, value in _texts(body, ()):
            if "$(" in value:
                yield body, ".".join(path), value


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, (*path, f"[{key}]" if "." in key else key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, (*path, str(index)))
    elif isinstance(value, str):
        yield path, value


def _source(var: _Body) -> dict[str, Any]:
    objref = var.get("objref") or {}
    named = {
        **_group_version(str(objref.get("apiVersion") or "")),
        **{field: objref[field] for field in ("kind", "name", "namespace") if objref.get(field)},
    }
    path = (var.get("fieldref") or {}).get("fieldPath") or "metadata.name"
    return {**named, "fieldPath": path}


def _target(body: _Body, path: str) -> dict[str, Any]:
    metadata = body["metadata"]
    select = {**_group_version(body["apiVersion"]), "kind": body["kind"], "name": metadata["name"]}
    if metadata.get("namespace"):
        select["namespace"] = metadata["namespace"]
    return {"select": select, "fieldPaths": [path]}


def _group_version(api_version: str) -> dict[str, str]:
    group, _, version = api_version.rpartition("/")
    return {field: value for field, value in (("group", group), ("version", version)) if value}
