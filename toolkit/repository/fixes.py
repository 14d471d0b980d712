"""``gitops fix``: a kustomization's deprecated fields become present ones, comments and all.

======================  ======================================================================
``bases``               ``resources``, after those that are there
``imageTags``           ``images``, after those that are there
``commonLabels``        an entry of ``labels`` with ``includeSelectors: true``
patchesStrategicMerge   ``patches``, before those that are there, as the build applies them
``patchesJson6902``     ``patches``, after those that are there
``env`` (generators)    ``envs``
``vars``                stay, and alone are refused; see :mod:`.vars_fix`
======================  ======================================================================

Whether the result builds to the same bytes is for :mod:`toolkit.wiring.fixing` to tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from toolkit.errors import InputError
from toolkit.repository.kustomization_sheet import Edited, Sheet
from toolkit.yaml.edit_text import indented, item_lines

_RENAMED = (("bases", "resources"), ("imageTags", "images"))
_GENERATORS = ("configMapGenerator", "secretGenerator")
_HEAD = re.compile(r"[^#\"']*:[ \t]*(?P<comment>#.*)?\Z")


def fix(text: str, is_file: Callable[[str], bool], *, file: str = "") -> Edited:
    """The text without deprecated fields; the notes say what became what.

    ``is_file`` tells a patch's path, from the kustomization's folder, from its text. Raises
    InputError where a field cannot be converted, YamlError where its lines cannot be moved.
    """
    sheet = Sheet(text, file)
    for old, new in _RENAMED:
        _fix_list(sheet, old, new)
    _fix_strategic(sheet, is_file)
    _fix_list(sheet, "patchesJson6902", "patches")
    _fix_labels(sheet)
    for generator in _GENERATORS:
        _fix_env(sheet, generator)
    _leave_vars(sheet, is_alone=sheet.text == text)
    return sheet.edited()


def _leave_vars(sheet: Sheet, *, is_alone: bool) -> None:
    if sheet.at(("vars",)) and not is_alone:
        sheet.note("vars stay: see gitops fix --vars", ("vars",), of_key=True)
    elif sheet.at(("vars",)):
        raise InputError(
            "vars are not converted: nothing was changed",
            location=sheet.place(("vars",), of_key=True),
            hints=[
                "fields whose whole value is $(NAME) can be converted: gitops fix --vars",
                "else by hand: source is a var's objref and fieldref, targets say $(NAME)",
            ],
        )


def _fix_list(sheet: Sheet, old: str, new: str) -> None:
    if sheet.at((old,)) is None:
        return
    sheet.note(f"{old} -> {new}", (old,), of_key=True)
    if sheet.at((new,)) is None:
        sheet.rename((old,), new)
        return
    items = sheet.items((old,))
    lines = _block(sheet, old)
    if lines and items:
        sheet.append_lines((new,), lines, [*sheet.items((new,)), *items])
    else:
        for item in items:
            sheet.append((new,), item)
    sheet.remove((old,))


def _fix_strategic(sheet: Sheet, is_file: Callable[[str], bool]) -> None:
    old = "patchesStrategicMerge"
    if sheet.at((old,)) is None:
        return
    sheet.note(f"{old} -> patches", (old,), of_key=True)
    items = sheet.items((old,))
    fields = ["path" if is_file(str(item)) else "patch" for item in items]
    patches = [{field: item} for field, item in zip(fields, items, strict=True)]
    block = _block(sheet, old)
    lines = _with_fields(block, fields) if block else _rendered(sheet, patches)
    if not items:
        sheet.remove((old,))
    elif sheet.at(("patches",)):
        sheet.prepend_lines(("patches",), lines, [*patches, *sheet.items(("patches",))])
        sheet.remove((old,))
    else:
        _remove_empty(sheet, "patches")
        sheet.replace_field(old, "patches", lines, patches)


def _fix_labels(sheet: Sheet) -> None:
    if sheet.at(("commonLabels",)) is None:
        return
    pairs = sheet.fields(("commonLabels",))
    sheet.note("commonLabels -> labels", ("commonLabels",), of_key=True)
    _refuse_doubles(sheet, pairs)
    if not pairs:
        sheet.remove(("commonLabels",))
        return
    entry = {"includeSelectors": True, "pairs": pairs}
    lines = _labels_lines(sheet) or _rendered(sheet, [entry])
    labels = sheet.items(("labels",))
    if labels:
        sheet.append_lines(("labels",), lines, [*labels, entry])
        sheet.remove(("commonLabels",))
    else:
        _remove_empty(sheet, "labels")
        sheet.replace_field("commonLabels", "labels", lines, [entry])


def _labels_lines(sheet: Sheet) -> list[str]:
    """The entry with the pairs as they are written; none where that is in brackets over lines."""
    head, *rest = sheet.lines(("commonLabels",))
    if not rest:
        return ["- includeSelectors: true", f"  pairs:{head.partition(':')[2]}"]
    block = _block(sheet, "commonLabels")
    return ["- includeSelectors: true", "  pairs:", *indented(block, 4)] if block else []


def _refuse_doubles(sheet: Sheet, pairs: dict[str, Any]) -> None:
    for index, _ in sheet.mappings(("labels",)):
        for key in pairs.keys() & sheet.fields(("labels", index, "pairs")).keys():
            raise InputError(
                f"the label {key!r} stands in commonLabels, too: keep one of the two",
                location=sheet.place(("labels", index, "pairs", key), of_key=True),
                hints=[f"the other: {sheet.place(('commonLabels', key), of_key=True)}"],
            )


def _fix_env(sheet: Sheet, generator: str) -> None:
    for index, entry in sheet.mappings((generator,)):
        place = (generator, index, "env")
        if not entry.get("env"):
            continue
        sheet.note("env -> envs", place, of_key=True)
        value = entry["env"]
        if entry.get("envs"):
            sheet.append((generator, index, "envs"), value)
            sheet.remove(place)
            continue
        rest = {key: one for key, one in entry.items() if key not in ("env", "envs")}
        lines = sheet.lines(place)
        wanted = {**rest, "envs": [value]}
        head = lines[0].partition(":")[2].strip(" ")
        under = indented([f"- {head}", *lines[1:]], sheet.layout.offset)
        sheet.replace_lines(place, ["envs:", *under], (generator, index), wanted)


def _remove_empty(sheet: Sheet, field: str) -> None:
    if field in sheet.body:
        sheet.remove((field,))


def _rendered(sheet: Sheet, items: list[dict[str, Any]]) -> list[str]:
    return [line for item in items for line in item_lines(item, sheet.layout)]


def _block(sheet: Sheet, field: str) -> list[str]:
    """The lines of a field's value from column 0, the comment beside its key first; none where the
    value stands between brackets. Raises InputError where that would lose a comment.
    """
    head, *rest = sheet.lines((field,))
    match = _HEAD.match(head)
    first = next((x for x in rest if x.strip() and not x.lstrip().startswith("#")), "")
    if match is None or not first:
        if any("#" in line for line in (head, *rest)):
            raise InputError(
                f"{field} stands between brackets, with a comment: edit the file by hand",
                location=sheet.place((field,), of_key=True),
            )
        return []
    column = len(first) - len(first.lstrip(" "))
    comment = [match["comment"]] if match["comment"] else []
    return [*comment, *(x[column:] if not x[:column].strip() else x.lstrip(" ") for x in rest)]


def _with_fields(lines: list[str], fields: list[str]) -> list[str]:
    """``- x`` becomes ``- path: x``, and what stands below it moves along."""
    names = iter(fields)
    found: list[str] = []
    for line in lines:
        if line.startswith("-"):
            found.append(f"- {next(names)}: {line[1:].lstrip(' ')}")
        else:
            found.append(line if line.startswith("#") or not line else f"  {line}")
    return found
