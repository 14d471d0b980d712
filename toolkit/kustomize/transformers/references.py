"""Names of objects that changed, followed into the objects that refer to them.

Runs once, over the finished objects. Candidates are found by their earlier names in an index, so
that the cost is linear in the fields looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import NameReference
from toolkit.kustomize.fields.fieldspec import FieldSpec, visit
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import NO_NAMESPACE, Item, describe, text_of
from toolkit.kustomize.transformers.fields import on_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from toolkit.kustomize.ports import Scalars

Target = tuple[str, str, str]
"""(group, version, kind) of what is referred to, "" for any."""


def follow_names(
    collection: Collection,
    references: tuple[NameReference, ...],
    scalars: Scalars,
    others: Iterable[Item] = (),
) -> None:
    """Writes the present names where earlier ones stand. ``others`` are referred to, and stay as
    they are. Raises BuildError where a name could mean several objects that are now called
    differently.
    """
    for item in collection:
        _subject_namespaces(item)
    everyone = [*collection, *others]
    by_past_name = _index(everyone)
    if not by_past_name:
        return
    by_namespace: dict[str, list[Item]] = {}
    for item in everyone:
        by_namespace.setdefault(item.original[3], []).append(item)
    targets = _targets(by_past_name)
    present = [reference for reference in references if _is_present(reference, targets)]
    specs: dict[Target, list[tuple[FieldSpec, Target]]] = {}
    for item in collection:
        kind = item.original[:3]
        found = specs.get(kind)
        if found is None:
            found = specs[kind] = _specs_of(kind, present)
        if found:
            _Referrer(item, by_past_name, by_namespace, scalars).follow(found)


def _index(items: Iterable[Item]) -> dict[str, list[Item]]:
    index: dict[str, list[Item]] = {}
    for item in items:
        for name in dict.fromkeys(past[1] for past in item.past):
            index.setdefault(name, []).append(item)
    return index


def _targets(by_past_name: dict[str, list[Item]]) -> set[Target]:
    return {
        (item.group, item.version, past[2])
        for items in by_past_name.values()
        for item in items
        for past in item.past
    }


def _is_present(reference: NameReference, targets: set[Target]) -> bool:
    return any(_selects(reference.key(), target) for target in targets)


def _specs_of(kind: Target, references: list[NameReference]) -> list[tuple[FieldSpec, Target]]:
    return [
        (spec, reference.key())
        for reference in references
        for spec in reference.referrers
        if spec.selects(*kind)
    ]


def _selects(selector: Target, target: Target) -> bool:
    return all(not want or want == have for want, have in zip(selector, target, strict=True))


class _Referrer:
    """One object that may hold names of others."""

    __slots__ = (
        "by_namespace",
        "by_past_name",
        "foreign_namespaces",
        "item",
        "role_ref",
        "scalars",
        "target",
    )

    def __init__(
        self,
        item: Item,
        by_past_name: dict[str, list[Item]],
        by_namespace: dict[str, list[Item]],
        scalars: Scalars,
    ) -> None:
        self.item = item
        self.scalars = scalars
        self.by_past_name = by_past_name
        self.by_namespace = by_namespace
        self.foreign_namespaces = _subject_namespaces(item)
        self.role_ref: Target | None = None
        self.target: Target = ("", "", "")

    def follow(self, specs: list[tuple[FieldSpec, Target]]) -> None:
        for spec, target in specs:
            self.target = target
            self.role_ref = _role_ref(self.item) if spec.path.endswith("roleRef/name") else None
            try:
                visit(self.item.body, spec, self._set_field)
            except BuildError as error:
                raise on_item(
                    BuildError(f"{spec.path}: {error.message}", hints=error.hints), self.item
                ) from None

    def _set_field(self, parent: dict[str, Any], key: str) -> None:
        value = parent[key]
        if isinstance(value, dict):
            self._set_map(value)
        elif isinstance(value, list):
            self._set_list(value)
        elif value is not None:
            self._follow_scalar(parent, key)

    def _set_list(self, items: list[Any]) -> None:
        for index, item in enumerate(items):
            if isinstance(item, dict):
                self._set_map(item)
            elif isinstance(item, list):
                raise BuildError(
                    "a list of lists holds no names", hints=["write each name as an item"]
                )
            elif item is not None:
                self._follow_scalar(items, index)

    def _follow_scalar(self, parent: Any, key: Any) -> None:
        name = text_of(parent[key])
        if name not in self.by_past_name:
            return
        referral = self._choose(name, self.by_past_name[name], _have_one_name)
        if referral is not None and referral.name != name:
            self._write(parent, key, referral.name)

    def _set_map(self, node: dict[str, Any]) -> None:
        """A map with ``name`` and perhaps ``namespace``: both follow."""
        if "name" not in node:
            raise BuildError("a map that should hold a name has no `name`", hints=["add `name:`"])
        name = text_of(node["name"])
        candidates = self.by_past_name.get(name, [])
        if "namespace" in node:
            candidates = self._in_namespace(candidates, text_of(node["namespace"]))
        referral = self._choose(name, candidates, _have_one_name_and_namespace)
        if referral is None or (referral.name == name and not referral.namespace):
            return
        self._write(node, "name", referral.name)
        if referral.namespace:
            self._write(node, "namespace", referral.namespace)

    def _write(self, parent: Any, key: Any, text: str) -> None:
        """Writes a name as upstream does: without quotes where what stood there had none, so that
        YAML reads a name of digits as a number.
        """
        is_new = isinstance(parent, dict) and key not in parent
        parent[key] = text if is_new else self.scalars.untagged(self.item, parent, key, text)

    def _in_namespace(self, candidates: list[Item], namespace: str) -> list[Item]:
        """Those once in ``namespace``; where nothing ever was in it: those in it now."""
        reachable = [item for item in candidates if self._can_reach(item)]
        original = [item for item in reachable if item.original[3] == namespace]
        if original or self._was_in_use(namespace):
            return original
        return [item for item in reachable if item.key[3] == namespace]

    def _was_in_use(self, namespace: str) -> bool:
        return any(self._can_reach(item) for item in self.by_namespace.get(namespace, ()))

    def _choose(self, name: str, candidates: list[Item], are_same: Any) -> Item | None:
        found = [
            item
            for item in candidates
            if self._was_kind(item, self.target)
            and (self.role_ref is None or self._was_kind(item, self.role_ref))
            and self._can_reach(item)
            and self._can_see(item)
        ]
        if len(found) == 1:
            return found[0]
        found = [item for item in found if _has_same_context(item, self.item, or_none=True)]
        if len(found) > 1:
            found = [item for item in found if _has_same_context(item, self.item, or_none=False)]
        if not found:
            return None
        if len(found) == 1 or are_same(found):
            return found[0]
        raise BuildError(
            f"the name {name!r} could mean {' or '.join(describe(item.key) for item in found)}",
            hints=["give the objects different names, or namespaces, in their bases"],
        )

    @staticmethod
    def _was_kind(item: Item, target: Target) -> bool:
        return any(
            _selects(target, (item.group, item.version, kind)) for kind in {p[2] for p in item.past}
        )

    def _can_reach(self, item: Item) -> bool:
        """Objects that this one could name at all, by namespace."""
        mine, theirs = self.item.key[3], item.key[3]
        return (
            NO_NAMESPACE in (mine, theirs)
            or mine == theirs
            or item.namespace in self.foreign_namespaces
        )

    def _can_see(self, item: Item) -> bool:
        mine, theirs = self.item.key[3], item.key[3]
        return NO_NAMESPACE in (mine, theirs) or mine == theirs or item.kind == "ServiceAccount"


def _subject_namespaces(item: Item) -> frozenset[str]:
    """Namespaces of the service accounts that a RoleBinding names."""
    if item.kind != "RoleBinding":
        return frozenset()
    subjects = item.body.get("subjects")
    found = set()
    for subject in subjects if isinstance(subjects, list) else ():
        if (
            isinstance(subject, dict)
            and "namespace" in subject
            and subject.get("kind") == "ServiceAccount"
        ):
            if not isinstance(subject["namespace"], str):
                blank = BuildError(
                    "a subject's namespace is blank",
                    hints=["name the namespace, or leave the field out"],
                )
                raise on_item(blank, item)
            found.add(subject["namespace"])
    return frozenset(found)


def _role_ref(item: Item) -> Target | None:
    role_ref = item.body.get("roleRef")
    if not isinstance(role_ref, dict) or "apiGroup" not in role_ref or "kind" not in role_ref:
        return None
    return (text_of(role_ref["apiGroup"]), "", text_of(role_ref["kind"]))


def _has_same_context(item: Item, referrer: Item, *, or_none: bool) -> bool:
    """Both went through the same prefixes and suffixes last."""
    return _ends_alike(item.prefixes, referrer.prefixes, or_none=or_none) and _ends_alike(
        item.suffixes, referrer.suffixes, or_none=or_none
    )


def _ends_alike(left: list[str], right: list[str], *, or_none: bool) -> bool:
    if or_none and (not left or not right):
        return True
    shorter = min(len(left), len(right))
    if not shorter:
        return not left and not right
    return left[-shorter:] == right[-shorter:]


def _have_one_name(items: list[Item]) -> bool:
    return len({item.name for item in items}) == 1


def _have_one_name_and_namespace(items: list[Item]) -> bool:
    return len({(item.name, item.namespace) for item in items}) == 1
