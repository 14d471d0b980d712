"""Variables: dotted keys to values, looked up when a tag or an expression asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from toolkit.workflow.expressions import Environment


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No such variable. None as a value is an *absent optional*: the output of a skipped node."""


class Layer(Protocol):
    """A set of variables."""

    def get(self, key: str) -> Any:
        """The value at a dotted key, or MISSING."""
        ...

    def has_below(self, key: str) -> bool:
        """Whether there is a variable whose key begins with ``key.``."""
        ...

    def names_below(self, key: str) -> frozenset[str]:
        """The next segments below ``key`` ("" = the top)."""
        ...


class Values:
    """Variables that are known beforehand. The mapping must not change afterwards."""

    __slots__ = ("_prefixes", "_values")

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._prefixes: dict[str, set[str]] | None = None

    def get(self, key: str) -> Any:
        return self._values.get(key, MISSING)

    def has_below(self, key: str) -> bool:
        return key in self._tree()

    def names_below(self, key: str) -> frozenset[str]:
        return frozenset(self._tree().get(key, ()))

    def _tree(self) -> dict[str, set[str]]:
        if self._prefixes is None:
            tree: dict[str, set[str]] = {}
            for key in self._values:
                at = ""
                for segment in key.split("."):
                    tree.setdefault(at, set()).add(segment)
                    at = f"{at}.{segment}" if at else segment
            self._prefixes = tree
        return self._prefixes


class NodeRefs:
    """``steps.<name>.…`` or ``tasks.<name>.…``: each node's variables, looked up by name.

    ``lookup(name)`` gives the node's variables (keys without the prefix), None for one that may
    not be referred to; ``names()`` lists the nodes there are.
    """

    __slots__ = ("_known", "_lookup", "_names", "_prefix")

    def __init__(
        self,
        prefix: str,
        lookup: Callable[[str], Mapping[str, Any] | None],
        names: Callable[[], frozenset[str]],
    ) -> None:
        self._prefix = f"{prefix}."
        self._lookup = lookup
        self._names = names
        self._known: dict[str, Values | None] = {}

    def get(self, key: str) -> Any:
        if not key.startswith(self._prefix):
            return MISSING
        name, _, rest = key[len(self._prefix) :].partition(".")
        values = self._of(name)
        return values.get(rest) if values is not None and rest else MISSING

    def has_below(self, key: str) -> bool:
        if key == self._prefix[:-1]:
            return True
        if not key.startswith(self._prefix):
            return False
        name, _, rest = key[len(self._prefix) :].partition(".")
        values = self._of(name)
        return values is not None and (not rest or values.has_below(rest))

    def names_below(self, key: str) -> frozenset[str]:
        if not key:
            return frozenset({self._prefix[:-1]})
        if key == self._prefix[:-1]:
            return self._names()
        if not key.startswith(self._prefix):
            return frozenset()
        name, _, rest = key[len(self._prefix) :].partition(".")
        values = self._of(name)
        return values.names_below(rest) if values is not None else frozenset()

    def _of(self, name: str) -> Values | None:
        if name not in self._known:
            found = self._lookup(name)
            self._known[name] = None if found is None else Values(found)
        return self._known[name]


class Scope:
    """Layers of variables, the first that knows a key wins."""

    __slots__ = ("_layers", "now")

    def __init__(self, *layers: Layer, now: datetime | None = None) -> None:
        self._layers = layers
        self.now = now

    def over(self, *layers: Layer) -> Scope:
        """The scope with ``layers`` in front."""
        return Scope(*layers, *self._layers, now=self.now)

    def get(self, key: str) -> Any:
        for layer in self._layers:
            value = layer.get(key)
            if value is not MISSING:
                return value
        return MISSING

    def has(self, path: str) -> bool:
        """Whether an expression finds something at this path: a variable, or a part of one."""
        return self.get(path) is not MISSING or self.has_below(path) or self._is_inside(path)

    def has_below(self, key: str) -> bool:
        return any(layer.has_below(key) for layer in self._layers)

    def names_below(self, key: str) -> frozenset[str]:
        return frozenset().union(*(layer.names_below(key) for layer in self._layers))

    def environment(self) -> Environment:
        """The scope as an expression sees it: dotted keys as nested maps."""
        return Environment(self._variable, self.now)

    def _variable(self, name: str) -> tuple[bool, Any]:
        if self.has_below(name):
            return True, View(self, name)
        value = self.get(name)
        return value is not MISSING, None if value is MISSING else value

    def _is_inside(self, path: str) -> bool:
        head, dot, rest = path.rpartition(".")
        while dot:
            value = self.get(head)
            if value is not MISSING:
                return isinstance(value, Mapping) and _reaches(value, rest)
            head, dot, last = head.rpartition(".")
            rest = f"{last}.{rest}"
        return False


def _reaches(value: Any, path: str) -> bool:
    for segment in path.split("."):
        if not isinstance(value, Mapping) or segment not in value:
            return False
        value = value[segment]
    return True


class View:
    """The map below a key, for expressions; where a key has both a value and keys below it, the
    map wins, as in Argo.
    """

    __slots__ = ("_key", "_scope")

    def __init__(self, scope: Scope, key: str) -> None:
        self._scope = scope
        self._key = key

    def member(self, name: str) -> Any:
        key = f"{self._key}.{name}"
        if self._scope.has_below(key):
            return View(self._scope, key)
        value = self._scope.get(key)
        return None if value is MISSING else value

    def plain(self) -> dict[str, Any]:
        names = sorted(self._scope.names_below(self._key))
        members = {name: self.member(name) for name in names}
        return {
            name: value.plain() if isinstance(value, View) else value
            for name, value in members.items()
        }
