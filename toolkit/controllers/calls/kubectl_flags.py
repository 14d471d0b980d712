"""``resource.flags``: what Argo gives to kubectl beside the manifest, read as kubectl reads it.

A flag that would change what is done and is not known here is an error; those that only say how
kubectl itself behaves (validation in the client, waiting, output) change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from toolkit.errors import ExecutionError, NotFoundError
from toolkit.resource.cluster import Cluster, ServedKind

_VALUES = {
    "-n": "namespace",
    "--namespace": "namespace",
    "-l": "selector",
    "--selector": "selector",
    "--field-selector": "field_selector",
    "--cascade": "cascade",
    "--field-manager": "",
    "--grace-period": "",
    "--timeout": "",
    "--type": "",
    "-v": "",
}
_SWITCHES = {
    "--all": "is_all",
    "--ignore-not-found": "ignores_absent",
    "--force": "",
    "--force-conflicts": "",
    "--now": "",
    "--overwrite": "",
    "--record": "",
    "--save-config": "",
    "--server-side": "",
    "--validate": "",
    "--wait": "",
}
_CASCADES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


@dataclass(frozen=True, slots=True)
class Flags:
    """``words``: what is no flag: ``TYPE NAME...`` or ``TYPE/NAME...``."""

    words: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        return self.options.get("namespace", "")

    @property
    def selector(self) -> str:
        return self.options.get("selector", "")

    @property
    def field_selector(self) -> str:
        return self.options.get("field_selector", "")

    @property
    def chooses_many(self) -> bool:
        return bool(self.selector or self.field_selector or self._is_on("is_all"))

    @property
    def ignores_absent(self) -> bool:
        return self._is_on("ignores_absent")

    @property
    def propagation(self) -> str:
        chosen = self.options.get("cascade", "background").lower()
        return _CASCADES.get(chosen, "Orphan" if chosen == "false" else "Background")

    def _is_on(self, name: str) -> bool:
        return self.options.get(name, "false") != "false"


def parse_flags(given: Sequence[str]) -> Flags:
    """Raises ExecutionError naming a flag that is not known."""
    words: list[str] = []
    options: dict[str, str] = {}
    rest = iter(given)
    for word in rest:
        if not word.startswith("-"):
            words.append(word)
            continue
        name, equals, value = word.partition("=")
        if name in _SWITCHES:
            options[_SWITCHES[name]] = value if equals else "true"
        elif name in _VALUES:
            options[_VALUES[name]] = value if equals else next(rest, "")
        else:
            known = ", ".join(sorted(key for key in _VALUES | _SWITCHES if key.startswith("--")))
            raise ExecutionError(
                f"flag {name} among the flags of a resource template is not supported",
                hints=[f"known: {known}"],
            )
    return Flags(tuple(words), options)


def named_objects(words: Iterable[str], cluster: Cluster) -> list[tuple[ServedKind, str]]:
    """(kind, name) of each object; the name is "" where only a type stands. Raises ExecutionError
    for words that name no object, NotFoundError for a type that is not served.
    """
    first, *names = words
    if "/" not in first:
        kind = served_kind(first, cluster)
        return [(kind, name) for name in names] or [(kind, "")]
    found = []
    for word in (first, *names):
        kind_name, slash, name = word.partition("/")
        if not slash or not name:
            raise ExecutionError(f"{word!r} is no TYPE/NAME")
        found.append((served_kind(kind_name, cluster), name))
    return found


def served_kind(name: str, cluster: Cluster) -> ServedKind:
    """By kind, plural or short name, with or without its group, as kubectl finds it."""
    resource, _, group = name.lower().partition(".")
    for kind in cluster.served_kinds():
        if group and kind.gvk.group != group:
            continue
        if resource in (kind.plural, kind.gvk.kind.lower(), *kind.short_names):
            return kind
    raise NotFoundError(f'the server doesn\'t have a resource type "{name}"')
