"""Edits of a kustomization, each a text to a text: what ``kustomize edit`` does, keeping every
line that it does not have to change, and adding nothing twice.

DEVIATION: an image's new name stays where only a tag is set, and so its tag where only a name
is; kustomize drops what was not said again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import Any

from toolkit.errors import InputError, UsageError
from toolkit.repository.kustomization_sheet import Edited, Path, Sheet, close_to, suggestions

_IMAGE = re.compile(
    r"(?P<name>[^=@\s]+?)(?:=(?P<new>[^@\s]+?))?(?::(?P<tag>[\w][\w.-]*|\*))?"
    r"(?:@(?P<digest>\w+:\w+|\*))?\Z"
)
_KEEP = "*"
_PATTERN = re.compile(r"[*?\[]")
_REMOTE = re.compile(r"\w+://|git@|git::|.*\?(?:ref|version)=|(?:www\.)?(?:github|gitlab)\.com/")

BUILD_METADATA = ("originAnnotations", "transformerAnnotations", "managedByLabel")

PATH_LISTS = {
    "resource": "resources",
    "component": "components",
    "generator": "generators",
    "transformer": "transformers",
    "validator": "validators",
    "configuration": "configurations",
    "crd": "crds",
}
"""What is added by path, and the field that lists it."""


def set_images(text: str, images: Iterable[str], *, file: str = "") -> Edited:
    """Each ``NAME[=NEW][:TAG][@DIGEST]``; ``*`` keeps what is there. A tag takes the place of a
    digest, and a digest that of a tag.
    """
    sheet = Sheet(text, file)
    for image in images:
        _set_image(sheet, image)
    return sheet.edited()


def set_replicas(text: str, counts: Mapping[str, int], *, file: str = "") -> Edited:
    """How many of each workload, by its name."""
    sheet = Sheet(text, file)
    for name, count in counts.items():
        index = _named(sheet, "replicas", name)
        if index is None:
            sheet.append(("replicas",), {"name": name, "count": count})
        else:
            sheet.set(("replicas", index, "count"), count)
    return sheet.edited()


def remove_named(text: str, field: str, names: Iterable[str], *, file: str = "") -> Edited:
    """Without these entries of ``images`` or ``replicas``."""
    sheet = Sheet(text, file)
    for name in names:
        index = _named(sheet, field, name, is_noted=False)
        if index is None:
            known = [str(one.get("name", "")) for _, one in sheet.mappings((field,))]
            sheet.refuse_unknown("entry for", name, known, (field,))
        sheet.remove((field, index))
    return sheet.edited()


def set_field(text: str, field: str, value: str, *, file: str = "") -> Edited:
    """``namespace``, ``namePrefix``, ``nameSuffix``; "" takes the field out."""
    sheet = Sheet(text, file)
    if value:
        sheet.set((field,), value)
    elif sheet.at((field,)) is not None:
        sheet.remove((field,))
    return sheet.edited()


def set_labels(
    text: str, pairs: Mapping[str, str], *, file: str = "", is_new: bool = False
) -> Edited:
    """Labels of all objects: where they stand already, else in the first entry of ``labels`` that
    changes no selectors. ``is_new``: a label that is there with another value is refused.
    """
    sheet = Sheet(text, file)
    for key, value in pairs.items():
        places = list(_label_places(sheet, key))
        _refuse_other(sheet, places, value, is_new=is_new)
        if not places:
            _add_label(sheet, key, value)
        for place in places:
            sheet.set(place, value)
    return sheet.edited()


def remove_labels(text: str, keys: Iterable[str], *, file: str = "") -> Edited:
    """Without these labels."""
    sheet = Sheet(text, file)
    for key in keys:
        places = list(_label_places(sheet, key))
        if not places:
            sheet.refuse_unknown("label", key, _labels(sheet), ("labels",))
        for place in reversed(places):
            is_alone = place[0] == "labels" and len(sheet.at(place[:3])) == 1
            sheet.remove(place[:2] if is_alone else place)
    return sheet.edited()


def set_annotations(
    text: str, pairs: Mapping[str, str], *, file: str = "", is_new: bool = False
) -> Edited:
    """Annotations of all objects. ``is_new``: one that is there otherwise is refused."""
    sheet = Sheet(text, file)
    for key, value in pairs.items():
        place: Path = ("commonAnnotations", key)
        _refuse_other(sheet, [place] if sheet.at(place) is not None else [], value, is_new=is_new)
        sheet.set(place, value)
    return sheet.edited()


def remove_annotations(text: str, keys: Iterable[str], *, file: str = "") -> Edited:
    """Without these annotations."""
    sheet = Sheet(text, file)
    for key in keys:
        known = sheet.fields(("commonAnnotations",))
        if key not in known:
            sheet.refuse_unknown("annotation", key, known, ("commonAnnotations",))
        sheet.remove(("commonAnnotations", key))
    return sheet.edited()


def add_paths(text: str, field: str, paths: Iterable[str], *, file: str = "") -> Edited:
    """Entries of a list of paths; one that is there already, however spelled, is not repeated."""
    sheet = Sheet(text, file)
    for path in paths:
        listed = _listed(sheet, field)
        same = [place for place, entry in listed if _canonical(entry) == _canonical(path)]
        if same:
            sheet.note(f"{path} is there already", same[0])
        else:
            sheet.append((field,), path)
    return sheet.edited()


def remove_paths(text: str, field: str, paths: Iterable[str], *, file: str = "") -> Edited:
    """Without these entries of a list of paths; a path may be a pattern of entries."""
    sheet = Sheet(text, file)
    for path in paths:
        listed = _listed(sheet, field)
        chosen = [place for place, entry in listed if _fits(entry, path)]
        if not chosen:
            sheet.refuse_unknown(f"entry of {field}", path, [x for _, x in listed], (field,))
        for place in reversed(chosen):
            sheet.remove(place)
    return sheet.edited()


def set_build_metadata(text: str, options: Iterable[str], *, file: str = "") -> Edited:
    """Exactly these options."""
    sheet = Sheet(text, file)
    wanted = list(options)
    _check_options(wanted)
    present = sheet.items(("buildMetadata",))
    for index in reversed([n for n, one in enumerate(present) if one not in wanted]):
        sheet.remove(("buildMetadata", index))
    for option in wanted:
        if option not in present:
            sheet.append(("buildMetadata",), option)
    return sheet.edited()


def add_build_metadata(text: str, options: Iterable[str], *, file: str = "") -> Edited:
    """These options, too."""
    wanted = list(options)
    _check_options(wanted)
    return add_paths(text, "buildMetadata", wanted, file=file)


def add_patch(text: str, patch: Mapping[str, Any], *, file: str = "") -> Edited:
    """``path`` or ``patch``, and ``target``, as an entry of ``patches``."""
    sheet = Sheet(text, file)
    for index, entry in sheet.mappings(("patches",)):
        if entry == patch:
            sheet.note("this patch is there already", ("patches", index))
            return sheet.edited()
    sheet.append(("patches",), patch)
    return sheet.edited()


def remove_patch(text: str, patch: Mapping[str, Any], *, file: str = "") -> Edited:
    """Without the one patch that has all that ``patch`` says; the deprecated lists count, too."""
    sheet = Sheet(text, file)
    found = list(_patches(sheet, patch))
    if not found:
        known = [str(entry.get("path", "")) for _, entry in _all_patches(sheet)]
        name = str(patch.get("path") or patch.get("patch") or patch.get("target"))
        sheet.refuse_unknown("patch", name, known, ("patches",))
    if len(found) > 1:
        raise InputError(
            f"{len(found)} patches are like this",
            location=sheet.place(found[0]),
            hints=[f"also at {sheet.place(place)}" for place in found[1:]],
        )
    sheet.remove(found[0])
    return sheet.edited()


def is_remote(path: str) -> bool:
    """True for a base or file that is not in this tree."""
    return _REMOTE.match(path) is not None


def _set_image(sheet: Sheet, image: str) -> None:
    match = _IMAGE.match(image)
    if match is None or not (match["new"] or match["tag"] or match["digest"]):
        raise UsageError(f"{image!r} is not NAME[=NEW][:TAG|@DIGEST]")
    fields = {"newName": match["new"], "newTag": match["tag"], "digest": match["digest"]}
    chosen = {field: value for field, value in fields.items() if value and value != _KEEP}
    index = _named(sheet, "images", match["name"])
    if index is None:
        sheet.append(("images",), {"name": match["name"], **chosen})
        return
    for field, other in (("newTag", "digest"), ("digest", "newTag")):
        if fields[field] and not fields[other]:
            _drop_other(sheet, index, field, other)
    for field, value in chosen.items():
        sheet.set(("images", index, field), value)


def _drop_other(sheet: Sheet, index: int, field: str, other: str) -> None:
    """A tag in the place of a digest, or the other way round."""
    entry = sheet.items(("images",))[index]
    if other not in entry:
        return
    if field in entry:
        sheet.remove(("images", index, other))
    else:
        sheet.rename(("images", index, other), field)


def _named(sheet: Sheet, field: str, name: str, *, is_noted: bool = True) -> int | None:
    """The entry with this name; of equal ones the last, which wins."""
    names = {str(entry.get("name", "")): index for index, entry in sheet.mappings((field,))}
    close = close_to(name, names)
    if name not in names and close and is_noted:
        sheet.note(f"{name!r} is new here; did you mean {close!r}?", (field, names[close]))
    return names.get(name)


def _label_places(sheet: Sheet, key: str) -> Iterator[Path]:
    for index, _ in sheet.mappings(("labels",)):
        if key in sheet.fields(("labels", index, "pairs")):
            yield ("labels", index, "pairs", key)
    if key in sheet.fields(("commonLabels",)):
        yield ("commonLabels", key)


def _labels(sheet: Sheet) -> list[str]:
    places: list[Path] = [("labels", n, "pairs") for n, _ in sheet.mappings(("labels",))]
    return [key for place in (*places, ("commonLabels",)) for key in sheet.fields(place)]


def _add_label(sheet: Sheet, key: str, value: str) -> None:
    for index, entry in sheet.mappings(("labels",)):
        if entry.keys() == {"pairs"}:
            sheet.set(("labels", index, "pairs", key), value)
            return
    sheet.append(("labels",), {"pairs": {key: value}})


def _refuse_other(sheet: Sheet, places: list[Path], value: str, *, is_new: bool) -> None:
    others = [place for place in places if sheet.at(place) != value]
    if is_new and others:
        raise InputError(
            f"{others[0][-1]} is there already, with another value",
            location=sheet.place(others[0]),
            hints=["to change it: gitops set"],
        )


def _listed(sheet: Sheet, field: str) -> list[tuple[Path, str]]:
    """The entries of a list of paths with their places; bases are resources, too."""
    fields = (field, "bases") if field == "resources" else (field,)
    return [
        ((name, index), entry)
        for name in fields
        for index, entry in enumerate(sheet.items((name,)))
        if isinstance(entry, str)
    ]


def _canonical(path: str) -> str:
    return path if is_remote(path) or "\n" in path else normpath(path)


def _fits(entry: str, path: str) -> bool:
    if _canonical(entry) == _canonical(path):
        return True
    return bool(_PATTERN.search(path)) and not is_remote(path) and fnmatchcase(entry, path)


def _check_options(options: Iterable[str]) -> None:
    for option in options:
        if option not in BUILD_METADATA:
            raise UsageError(
                f"{option!r} is no build metadata",
                hints=suggestions(option, list(BUILD_METADATA)),
            )


def _all_patches(sheet: Sheet) -> Iterator[tuple[Path, dict[str, Any]]]:
    for field in ("patches", "patchesJson6902"):
        for index, entry in sheet.mappings((field,)):
            yield (field, index), entry
    for index, entry in enumerate(sheet.items(("patchesStrategicMerge",))):
        if isinstance(entry, str):
            yield ("patchesStrategicMerge", index), {"path": entry, "patch": entry}


def _patches(sheet: Sheet, patch: Mapping[str, Any]) -> Iterator[Path]:
    for place, entry in _all_patches(sheet):
        target = sheet.fields((*place, "target")) if "target" in entry else {}
        has_target = all(target.get(k) == v for k, v in (patch.get("target") or {}).items())
        has_rest = all(entry.get(k) == v for k, v in patch.items() if k != "target")
        if has_target and has_rest:
            yield place
