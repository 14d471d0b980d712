"""The order of the result."""

from __future__ import annotations

from toolkit.errors import BuildError
from toolkit.kustomize.fields.config import gvk_rank
from toolkit.kustomize.objects.collection import Collection
from toolkit.kustomize.objects.item import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ORDERS = ("fifo", "legacy")


def put_in_order(collection: Collection, options: dict[str, Any] | None, reorder: str) -> None:
    """Sorts as ``sortOptions`` say, else as ``--reorder`` does (legacy unless none). Raises
    BuildError for options that do not fit together.
    """
    if options is None:
        if reorder != "none":
            _sort(collection, None)
        return
    order = options.get("order", "")
    legacy = options.get("legacySortOptions")
    if order not in ORDERS:
        raise BuildError(
            f"sortOptions.order must be one of {', '.join(ORDERS)}, but is {order!r}",
            hints=["write `order: legacy`, or `order: fifo` to keep the order of the files"],
        )
    if order == "fifo" and legacy is not None:
        raise BuildError(
            "sortOptions.legacySortOptions is given, but the order is fifo",
            hints=["write `order: legacy`, or drop legacySortOptions"],
        )
    if order == "legacy":
        _sort(collection, legacy)


def _sort(collection: Collection, options: dict[str, Any] | None) -> None:
    ranks = None if options is None else _ranks(options)
    collection.items.sort(key=lambda item: _key(item, ranks))
    collection.require_unique()


def _ranks(options: dict[str, Any]) -> dict[str, int]:
    first, last = options.get("orderFirst") or [], options.get("orderLast") or []
    ranks = {kind: index - len(first) for index, kind in enumerate(first)}
    return ranks | {kind: index + 1 for index, kind in enumerate(last)}


def _key(item: Item, ranks: dict[str, int] | None) -> tuple[Any, ...]:
    rank, gvk = gvk_rank(item.group, item.version, item.kind)
    if ranks is not None:
        rank = ranks.get(item.kind, 0)
    kind = f"{item.kind or '[noKind]'}.{item.version or '[noVer]'}.{item.group or '[noGrp]'}"
    # the core Namespace comes before namesakes of other groups, whose texts sort lower
    is_foreign = item.kind == "Namespace" and bool(item.group)
    return (rank, is_foreign, gvk, f"{kind}|{item.namespace or '~X'}|{item.name or '~N'}")
