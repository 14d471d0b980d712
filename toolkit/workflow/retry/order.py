"""What comes after what in a run that has ended, as a retry has to know it.

Two relations, both read off ``status.nodes``. *Inside*: a node's name begins with the name of what
it is in; a hook and its step go the same way. *After*: Argo hangs what follows below the nodes at
which a task, group or attempt ended (``children``). Such an edge leaves everything around its
beginning that is not around its end, and says that all of it had ended before the end of the edge
began. The edge is therefore kept at the outermost of these: what is deep inside a task comes before
what depends on that task, wherever Argo hung that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Final

from toolkit.workflow.nodes import CONTAINER, RETRY, SUCCEEDED, Row

_MARKS: Final = ".[("
_HOOKS: Final = (".onExit", ".hooks.")


def is_hook(node: Row) -> bool:
    """An attempt of a hook carries its mark, but is not started by a step."""
    flag: Row = node.get("nodeFlag") or {}
    return bool(flag.get("hooked")) and not is_attempt(node)


def is_attempt(node: Row) -> bool:
    """One of a retry's; a hook that is retried has their mark itself."""
    flag: Row = node.get("nodeFlag") or {}
    return bool(flag.get("retried")) and node.get("type") != RETRY


def successes(nodes: Mapping[str, Row], order: Order, among: AbstractSet[str]) -> set[str]:
    """What went well and shows that those before it need not run again: not a container, which is
    but a part of its pod, and no hook.

    DEVIATION: in Argo a step's exit handler counts, and a step that failed is not retried where
    its exit handler went well.
    """
    hooks = order.within(id for id, node in nodes.items() if is_hook(node))
    return {
        id
        for id, node in nodes.items()
        if node.get("phase") == SUCCEEDED
        and node.get("type") != CONTAINER
        and id in among
        and id not in hooks
    }


class Order:
    """``nodes``: status.nodes by id, with ``children``. Cost: linear in nodes and edges."""

    def __init__(self, nodes: Mapping[str, Row]) -> None:
        self._names = {id: str(node.get("name") or "") for id, node in nodes.items()}
        self._ids = {name: id for id, name in self._names.items()}
        self._parent = {id: self._nearest(name) for id, name in self._names.items()}
        self._inside: dict[str, list[str]] = {}
        for id, parent in self._parent.items():
            self._inside.setdefault(parent, []).append(id)
        self._after: dict[str, dict[str, None]] = {}
        for id, node in nodes.items():
            for child in node.get("children") or ():
                if child in self._names:
                    self._follow(id, child)
        for node in nodes.values():
            if node.get("type") == "Retry":
                self._follow_attempts(node, nodes)

    def around(self, id: str) -> Iterator[str]:
        """What a node is in, the nearest first. A hook is beside its step, not in it."""
        name = self._names[id]
        while parent := self._parent[id]:
            if not name.startswith(_HOOKS, len(self._names[parent])):
                yield parent
            id = parent

    def closure(self, ids: Iterable[str], known: dict[str, None] | None = None) -> dict[str, None]:
        """``ids``, what is in them, and all that comes after any of these; ``known`` is such a set
        already, and grows.
        """
        found: dict[str, None] = {} if known is None else known
        pending = [id for id in ids if id not in found]
        passed: set[str] = set()
        while pending:
            id = pending.pop()
            if id in found:
                continue
            found[id] = None
            pending += self._inside.get(id, ())
            pending += self._next(id, passed)
        return found

    def within(self, ids: Iterable[str]) -> set[str]:
        """``ids`` and all that is in them, their hooks too."""
        return {inner for id in ids for inner in self._with_inside(id)}

    def after(self, ids: Iterable[str]) -> list[str]:
        """What came directly after any of ``ids``, or after anything that these are in."""
        passed: set[str] = set()
        return [following for id in ids for following in self._next(id, passed)]

    def before(self, ids: Iterable[str]) -> set[str]:
        """The nodes that had ended before something of ``ids`` began. Cost: linear."""
        earlier: dict[str, list[str]] = {}
        for id, following in self._after.items():
            for next_id in following:
                earlier.setdefault(next_id, []).append(id)
        ended: set[str] = set()
        pending, seen = list(ids), set()
        while pending:
            id = pending.pop()
            if not id or id in seen:
                continue
            seen.add(id)  # it began, and so did what it is in
            pending.append(self._parent[id])
            for before in earlier.get(id, ()):
                if before not in ended:  # else all that is in it is there too
                    fresh = self._with_inside(before)
                    ended.update(fresh)
                    pending += fresh
        return ended

    # Private

    def _nearest(self, name: str) -> str:
        for at in range(len(name) - 1, 0, -1):
            if name[at] in _MARKS and name[:at] in self._ids:
                return self._ids[name[:at]]
        return ""

    def _follow(self, id: str, child: str) -> None:
        inner = {child, *self._chain(child)}
        outermost = ""
        for each in (id, *self._chain(id)):
            if each in inner:
                break
            outermost = each
        if outermost:
            self._after.setdefault(outermost, {})[child] = None

    def _follow_attempts(self, retry: Row, nodes: Mapping[str, Row]) -> None:
        attempts = [
            id for id in retry.get("children") or () if id in nodes and is_attempt(nodes[id])
        ]
        for earlier, later in pairwise(attempts):
            self._after.setdefault(earlier, {})[later] = None

    def _chain(self, id: str) -> Iterator[str]:
        while id := self._parent[id]:
            yield id

    def _next(self, id: str, passed: set[str]) -> list[str]:
        found: list[str] = []
        for each in (id, *self._chain(id)):
            if each in passed:
                break
            passed.add(each)
            found += self._after.get(each, ())
        return found

    def _with_inside(self, id: str) -> list[str]:
        found = [id]
        for each in found:
            found += self._inside.get(each, ())
        return found
