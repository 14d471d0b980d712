"""replicas: the number of copies, by name."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import CREATE_SCALAR, FieldSpec, SetField
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item
from toolkit.kustomize.transformers.fields import visit_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.ports import Scalars


def set_replicas(
    collection: Collection,
    name: str,
    count: int,
    specs: tuple[FieldSpec, ...],
    scalars: Scalars,
) -> None:
    """Raises BuildError where no object of these kinds has, or had, that name. A count in quotes
    stays in quotes, as upstream.
    """

    def setter(item: Item) -> SetField:
        def set_field(parent: dict[str, Any], key: str) -> None:
            if isinstance(parent[key], dict | list):
                raise BuildError(f"{key} must be a number", hints=["write a number there"])
            parent[key] = str(count) if scalars.in_quotes(item, parent, key) else count

        return set_field

    named = collection.named(name)
    is_found = False
    for spec in specs:
        for item in named:
            if _is_meant(item, name, spec):
                is_found = True
                visit_item(item, spec, setter(item), CREATE_SCALAR)
    if not is_found and not collection.is_partial:
        kinds = ", ".join(sorted({spec.kind for spec in specs}))
        raise BuildError(
            f"no object named {name!r} has replicas",
            hints=_close_names(collection, name, specs) or [f"kinds with replicas are {kinds}"],
        )


def _is_meant(item: Item, name: str, spec: FieldSpec) -> bool:
    return any(key[4] == name and spec.selects(*key[:3]) for key in item.identities())


def _close_names(collection: Collection, name: str, specs: tuple[FieldSpec, ...]) -> list[str]:
    from difflib import get_close_matches

    names = {
        item.original[4]
        for item in collection
        if any(spec.selects(*item.key[:3]) for spec in specs)
    }
    return [f"did you mean {close!r}?" for close in get_close_matches(name, sorted(names), n=1)]
