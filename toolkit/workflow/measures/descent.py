"""Sums over what a node's edges lead to: all that is below it and all that comes after it, each
node once. Argo walks the graph anew for every node, which is quadratic in a chain of steps. Here a
set of nodes is the bits of an integer, so that thousands are joined and counted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

Children = Mapping[str, Sequence[str]]

_ENTER: Final = 0
_LEAVE: Final = 1


def descendants(children: Children, numbers: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Each node after its children, with the set of numbered nodes that it leads to; nodes without
    a number lead on, and are not in it. Sets are dropped when all parents have theirs.
    """
    parents = dict.fromkeys(children, 0)
    for below in children.values():
        for child in below:
            parents[child] += 1
    found: dict[str, int] = {}
    for id in _children_first(children):
        bits = 0
        for child in children[id]:
            if child in found:
                bits |= found[child]
            if child in numbers:
                bits |= 1 << numbers[child]
            parents[child] -= 1
            if not parents[child]:
                found.pop(child, None)
        if bits and parents[id]:
            found[id] = bits
        yield id, bits


def _children_first(children: Children) -> Iterator[str]:
    """Without recursion: chains may be long."""
    begun: set[str] = set()
    for root in children:
        if root in begun:
            continue
        begun.add(root)
        stack = [(root, iter(children[root]))]
        while stack:
            id, rest = stack[-1]
            for child in rest:
                if child in begun:
                    continue
                begun.add(child)
                if children[child]:
                    stack.append((child, iter(children[child])))
                    break
                yield child
            else:
                stack.pop()
                yield id


def summation(weights: Sequence[int]) -> Callable[[int], int]:
    """What sums the weights (not below 0) of a set of nodes, all of which have one: one count for
    each binary digit of the largest weight.
    """
    largest = max(weights, default=0)
    if largest == min(weights, default=0):  # mostly: each node counts one, or nothing
        return lambda bits: largest * bits.bit_count()
    if largest == 1:
        only = _plane(weights, 0)
        return lambda bits: (bits & only).bit_count()
    planes = [(digit, _plane(weights, digit)) for digit in range(largest.bit_length())]
    masks = [(digit, plane) for digit, plane in planes if plane]
    return lambda bits: sum([(bits & plane).bit_count() << digit for digit, plane in masks])


def _plane(weights: Sequence[int], digit: int) -> int:
    """The set of nodes whose weight has a binary digit."""
    return int("".join("1" if weight >> digit & 1 else "0" for weight in reversed(weights)), 2)
