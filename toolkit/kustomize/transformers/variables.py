"""vars: ``$(NAME)`` replaced by a value from another object."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import Specs
from toolkit.kustomize.fields.paths import get_field, split_field_path, with_indexes
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import NO_NAMESPACE, Item, describe, number_text
from toolkit.kustomize.objects.sharing import spread_changes
from toolkit.kustomize.objects.untagged import Mistyped
from toolkit.kustomize.transformers.fields import SpecsByKind, visit_item
from toolkit.resource.identity import split_api_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Variable:
    """``field_path`` of the object (group, version, kind, name, namespace) that it names.
    ``located`` gives an error the place where it is defined.
    """

    __slots__ = (
        "field_path",
        "group",
        "kind",
        "located",
        "name",
        "namespace",
        "object_name",
        "version",
    )

    def __init__(self, fields: dict[str, Any], located: Callable[[BuildError], BuildError]) -> None:
        reference = fields.get("objref") or {}
        group, version = reference.get("group", ""), reference.get("version", "")
        if reference.get("apiVersion"):
            group, version = split_api_version(reference["apiVersion"])
        self.located = located
        self.name: str = fields.get("name", "")
        self.group: str = group
        self.version: str = version
        self.kind: str = reference.get("kind", "")
        self.object_name: str = reference.get("name", "")
        self.namespace: str = reference.get("namespace", "")
        self.field_path: str = (fields.get("fieldref") or {}).get("fieldPath") or "metadata.name"

    def is_for(self, item: Item) -> bool:
        """True where the object has, or had, this identity; no namespace means any."""
        wanted = (self.group, self.version, self.kind)
        for key in item.identities():
            if key[:3] != wanted or key[4] != self.object_name:
                continue
            if not self.namespace or key[3] in (self.namespace, NO_NAMESPACE):
                return True
        return False


def claim(collection: Collection, variable: Variable) -> None:
    """Ties a variable to its object while the object still has its name. Raises BuildError."""
    matches = [item for item in collection if variable.is_for(item)]
    if len(matches) > 1:
        places = " and ".join(describe(item.key) for item in matches)
        raise BuildError(
            f"var {variable.name!r} could mean {places}",
            hints=["name the namespace in its objref"],
        )
    if matches:
        matches[0].var_names.append(variable.name)


def add_variables(known: dict[str, Variable], incoming: dict[str, Variable]) -> None:
    """Raises BuildError for a name that is known already."""
    for name, variable in incoming.items():
        if name in known:
            raise BuildError(
                f"var {name!r} is defined twice", hints=["rename or remove one of the two"]
            )
        known[name] = variable


def resolve(collection: Collection, variables: dict[str, Variable], specs: Specs) -> None:
    """Replaces the variables in all fields at ``specs``."""
    if not variables:
        return
    values = _values(collection, variables)
    by_kind = SpecsByKind(specs)

    def set_field(parent: dict[str, Any], key: str) -> None:
        parent[key] = _replaced(parent[key], values)

    for item in collection:
        for spec in by_kind.of(item):
            visit_item(item, spec, set_field)
            spread_changes(item.shared)


def _values(collection: Collection, variables: dict[str, Variable]) -> dict[str, Any]:
    owners: dict[str, Item] = {}
    for item in collection:
        for name in item.var_names:
            owners.setdefault(name, item)
    values: dict[str, Any] = {}
    for name in sorted(variables):
        owner = owners.get(name)
        if owner is None:
            raise variables[name].located(_ownerless(collection, variables[name]))
        path = with_indexes(split_field_path(variables[name].field_path))
        try:
            values[name] = get_field(owner.body, path)
        except (BuildError, KeyError):
            raise variables[name].located(_fieldless(owner, variables[name], path)) from None
    return values


def _ownerless(collection: Collection, variable: Variable) -> BuildError:
    from toolkit.kustomize.hints.nearest import did_you_mean

    names = {item.original[4] for item in collection if item.kind == variable.kind}
    return BuildError(
        f"var {variable.name!r} names an object that is not among the resources",
        hints=did_you_mean(variable.object_name, sorted(names - {variable.object_name}))
        or ["check kind, name and apiVersion of its objref"],
    )


def _fieldless(owner: Item, variable: Variable, path: tuple[str, ...]) -> BuildError:
    from toolkit.kustomize.hints.nearest import nearest_field

    return BuildError(
        f"var {variable.name!r}: {describe(owner.key)} has no field {variable.field_path}",
        hints=nearest_field(owner.body, path) or ["correct its fieldref.fieldPath"],
    )


def _replaced(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return _expanded(value, values)
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                value[key] = _expanded(item, values)
        return value
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise BuildError(
                "vars can be replaced in lists of text only",
                hints=["let `varReference` name the texts themselves: PATH/FIELD of the items"],
            )
        return [_expanded(item, values) for item in value]
    return value


def _expanded(text: str, values: dict[str, Any]) -> Any:
    """A text from then on, but where one stands over a number: upstream passes that over."""
    return text if isinstance(text, Mistyped) else expand(str(text), values)


def expand(text: str, values: dict[str, Any]) -> Any:
    """``$(NAME)`` replaced where known; ``$$`` is a dollar sign. A text that is nothing but one
    variable takes its value's type.
    """
    if "$" not in text:
        return text
    parts: list[str] = []
    start = cursor = 0
    while cursor < len(text):
        if text[cursor] == "$" and cursor + 1 < len(text):
            parts.append(text[start:cursor])
            name, kept, advance = _read_variable(text, cursor + 1)
            if name is None:
                parts.append(kept)
            else:
                value = _value(name, values)
                if text == f"$({name})":
                    return value
                parts.append(_as_text(value))
            cursor += advance
            start = cursor + 1
        cursor += 1
    return "".join(parts) + text[start:]


def _read_variable(text: str, position: int) -> tuple[str | None, str, int]:
    """What follows a dollar sign: a variable's name, or the text to keep; and its length."""
    if text[position] == "$":
        return None, "$", 1
    if text[position] != "(":
        return None, "$" + text[position], 1
    end = text.find(")", position)
    if end < 0:
        return None, "$(", 1
    return text[position + 1 : end], "", end - position + 1


def _value(name: str, values: dict[str, Any]) -> Any:
    value = values.get(name)
    return value if isinstance(value, str | int | float) else f"$({name})"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value) if isinstance(value, float) else str(value)
