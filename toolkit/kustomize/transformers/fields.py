"""Walking field specs over items, with errors that name the object."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.fields.fieldspec import FieldSpec, SetField, select, visit
from toolkit.kustomize.objects.item import Item, describe


class ItemError(BuildError):
    """Something is wrong with one object. The builder knows its file, and adds the place."""

    def __init__(
        self, message: str, item: Item, *, excerpt: str | None = None, hints: Iterable[str] = ()
    ) -> None:
        super().__init__(message, excerpt=excerpt, hints=hints)
        self.item = item


class SpecsByKind:
    """The specs of a list that concern a kind, found once a kind."""

    __slots__ = ("_found", "specs")

    def __init__(self, specs: tuple[FieldSpec, ...]) -> None:
        self.specs = specs
        self._found: dict[tuple[str, str, str], tuple[FieldSpec, ...]] = {}

    def of(self, item: Item) -> tuple[FieldSpec, ...]:
        kind = (item.group, item.version, item.kind)
        specs = self._found.get(kind)
        if specs is None:
            specs = self._found[kind] = select(self.specs, *kind)
        return specs


def visit_item(item: Item, spec: FieldSpec, set_field: SetField, create: str = "") -> None:
    """Visits a spec's fields, where it selects the item's present kind. Raises BuildError."""
    if not spec.selects(item.group, item.version, item.kind):
        return
    try:
        visit(item.body, spec, set_field, create)
    except BuildError as error:
        raise on_item(error, item) from None


def on_item(error: BuildError, item: Item) -> BuildError:
    """The error with the object named."""
    return ItemError(
        f"{describe(item.key)}: {error.message}", item, excerpt=error.excerpt, hints=error.hints
    )
