"""images: names, tags and digests of container images."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import FieldSpec, SetField
from toolkit.kustomize.golang.regexp import GoRegexpError, go_regexp
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import text_of
from toolkit.kustomize.transformers.fields import SpecsByKind, on_item, visit_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from toolkit.kustomize.ports import Scalars

Place: TypeAlias = "tuple[dict[str, Any], str]"

_CONTAINER_LISTS = ("containers", "initContainers")
_END = r"\Z"
_REST = re.compile(r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?" + _END)
_PLAIN = re.compile(r"[A-Za-z0-9_/:.@-]+\Z")


def set_images(
    collection: Collection,
    images: Sequence[Mapping[str, str]],
    specs: tuple[FieldSpec, ...],
    scalars: Scalars,
) -> None:
    """Applies the entries in order, to ``image`` of every item of any ``containers`` or
    ``initContainers`` list anywhere, and to the fields at ``specs`` (a field that is both is
    changed twice by each entry, which shows with ``tagSuffix``: kustomize issue 4814).
    """
    change = _changer(images)
    by_kind = SpecsByKind(specs)
    for item in collection:
        if item.kind == "CustomResourceDefinition":
            continue
        contained: list[Place] = []
        specified: list[Place] = []
        try:
            _find(item.body, contained)
        except BuildError as error:
            raise on_item(error, item) from None
        for spec in by_kind.of(item):
            visit_item(item, spec, _collector(specified))
        for parent, key, text in _changes(contained, specified, change):
            parent[key] = scalars.untagged(item, parent, key, text)


def _collector(places: list[Place]) -> SetField:
    return lambda parent, key: places.append((parent, key))


def _find(body: Any, places: list[Place]) -> None:
    open_nodes = [body]
    while open_nodes:
        node = open_nodes.pop()
        if node.__class__ is list:
            open_nodes += [
                item for item in node if item.__class__ is dict or item.__class__ is list
            ]
            continue
        for key, value in node.items():
            if value.__class__ is dict:
                open_nodes.append(value)
            elif value.__class__ is list:
                open_nodes.append(value)
                if key in _CONTAINER_LISTS:
                    _collect(key, value, places)


def _collect(name: str, items: list[Any], places: list[Place]) -> None:
    for item in items:
        if item is None:
            continue
        if not isinstance(item, dict):
            raise BuildError(
                f"an item of {name} must be a map, but is {item!r}",
                hints=["write - name: NAME, with `image:` below"],
            )
        if "image" in item:
            places.append((item, "image"))


def _changes(
    contained: list[Place], specified: list[Place], change: Callable[[str, int, int], str]
) -> Iterator[tuple[dict[str, Any], str, str]]:
    times: dict[tuple[int, str], tuple[Place, int, int]] = {}
    for place in contained:
        _, once, again = times.get((id(place[0]), place[1]), (place, 0, 0))
        times[id(place[0]), place[1]] = (place, once + 1, again)
    for place in specified:
        _, once, again = times.get((id(place[0]), place[1]), (place, 0, 0))
        times[id(place[0]), place[1]] = (place, once, again + 1)
    for (parent, key), once, again in times.values():
        value = parent[key]
        if isinstance(value, dict | list):
            raise BuildError(
                f"{key} must be text, but is {'a map' if isinstance(value, dict) else 'a list'}",
                hints=[f"write one text behind `{key}:`"],
            )
        text = text_of(value)
        changed = change(text, once, again)
        if changed != text:
            yield parent, key, changed


def _changer(images: Sequence[Mapping[str, str]]) -> Callable[[str, int, int], str]:
    """All entries as one function of an image, remembered by its arguments."""
    rules = [(_test(image.get("name", "")), image) for image in images]
    memo: dict[tuple[str, int, int], str] = {}

    def change(text: str, once: int, again: int) -> str:
        key = (text, once, again)
        result = memo.get(key)
        if result is None:
            result = text
            for is_meant, image in rules:
                for _ in range(once + again):
                    if is_meant(result):
                        result = _replaced(result, image)
            memo[key] = result
        return result

    return change


def _test(name: str) -> Callable[[str], object]:
    """``name`` is a regular expression, as upstream; most are none but for their dots."""
    if not name or _PLAIN.match(name):
        length = len(name)
        return lambda text: _is_like(text[:length], name) and _REST.match(text, length)
    try:
        return go_regexp(f"^{name}{_REST.pattern.removesuffix(_END)}$").search
    except GoRegexpError as error:
        raise BuildError(
            f"the image name {name!r} is no regular expression: {_fault_of(name) or error}",
            hints=["escape a literal character with a backslash"],
        ) from None


def _fault_of(name: str) -> str:
    """What is wrong with the name alone: an open class swallows what is put after it."""
    try:
        go_regexp(name)
    except GoRegexpError as error:
        return str(error)
    return ""


def _is_like(text: str, name: str) -> bool:
    return text == name or (
        len(text) == len(name)
        and all(mine in (theirs, ".") for mine, theirs in zip(name, text, strict=True))
    )


def _replaced(text: str, image: Mapping[str, str]) -> str:
    name, tag, digest = split_image(text)
    name = image.get("newName") or name
    if image.get("newTag"):
        tag, digest = image["newTag"], image.get("digest", "")
    elif image.get("digest"):
        tag, digest = "", image["digest"]
    elif image.get("tagSuffix"):
        tag, digest = tag + image["tagSuffix"], ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(text: str) -> tuple[str, str, str]:
    """``[host[:port]/]name[:tag][@digest]`` → name, tag, digest."""
    slash = max(text.find("/"), 0)
    at, colon = text.find("@", slash), text.find(":", slash)
    if at >= 0 and (colon < 0 or at < colon):
        return text[:at], "", text[at + 1 :]
    if at >= 0:
        return text[:colon], text[colon + 1 : at], text[at + 1 :]
    if colon >= 0:
        return text[:colon], text[colon + 1 :], ""
    return text, "", ""
