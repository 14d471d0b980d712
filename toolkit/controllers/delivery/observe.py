"""Looks at a cluster: what of the targets and of the inventory is there, and what applying the
targets would make of it.

The number of questions depends on what may have changed, not on the size of the environment:
kinds with many objects are listed at once, and an object that is as it was left, under a target
that is as it was applied, needs no dry run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from toolkit.errors import ClusterError, InvalidError, NotFoundError
from toolkit.resource.cluster import Cluster, ObjectRef
from toolkit.resource.identity import GroupVersionKind, ResourceId
from toolkit.resource.resource import Body
from toolkit.sync.inventory import is_as_left
from toolkit.sync.plan import Observation
from toolkit.sync.ports import ParallelMap, in_turn
from toolkit.sync.state import InventoryRow

FIELD_MANAGER = "gitops"
_FEW = 8
"""Up to this many objects of one kind and namespace are got one by one rather than listed."""

Scope = tuple[GroupVersionKind, str]


def observe(
    cluster: Cluster,
    targets: Mapping[ResourceId, Body],
    inventory: Sequence[InventoryRow],
    each: ParallelMap = in_turn,
) -> Observation:
    """Raises InvalidError with every target that the cluster would not take."""
    served = {(kind.gvk.group, kind.gvk.kind) for kind in cluster.served_kinds()}
    lives = _lives(cluster, targets, inventory, served)
    lives |= _namespaces(cluster, targets)
    rows = {row.resource: row for row in inventory}
    predictions = _predictions(cluster, targets, lives, rows, each)
    return Observation(cluster.uid(), lives, predictions, frozenset(served))


def _lives(
    cluster: Cluster,
    targets: Mapping[ResourceId, Body],
    inventory: Sequence[InventoryRow],
    served: set[tuple[str, str]],
) -> dict[ResourceId, Body]:
    wanted: dict[Scope, set[ResourceId]] = {}
    gvks = {row.resource: row.gvk for row in inventory}
    gvks |= {key: GroupVersionKind.of(target) for key, target in targets.items()}
    for key, gvk in gvks.items():
        if (gvk.group, gvk.kind) in served:
            wanted.setdefault((gvk, key.namespace), set()).add(key)
    lives: dict[ResourceId, Body] = {}
    for (gvk, namespace), keys in wanted.items():
        lives |= _lives_of(cluster, gvk, namespace, keys)
    return lives


def _lives_of(
    cluster: Cluster, gvk: GroupVersionKind, namespace: str, keys: set[ResourceId]
) -> dict[ResourceId, Body]:
    if len(keys) > _FEW:
        found: Iterable[Body | None] = cluster.list(gvk, namespace).items
    else:
        found = (cluster.get(ObjectRef(gvk, namespace, key.name)) for key in sorted(keys))
    lives = {ResourceId.of(live): live for live in found if live is not None}
    return {key: lives[key] for key in keys if key in lives}


def _namespaces(cluster: Cluster, targets: Mapping[ResourceId, Body]) -> dict[ResourceId, Body]:
    gvk = GroupVersionKind("", "v1", "Namespace")
    names = sorted({key.namespace for key in targets if key.namespace})
    found = {name: cluster.get(ObjectRef(gvk, "", name)) for name in names}
    return {
        ResourceId("", "Namespace", "", name): live
        for name, live in found.items()
        if live is not None
    }


def _predictions(
    cluster: Cluster,
    targets: Mapping[ResourceId, Body],
    lives: Mapping[ResourceId, Body],
    rows: Mapping[ResourceId, InventoryRow],
    each: ParallelMap,
) -> dict[ResourceId, Body]:
    as_left = {
        key: lives[key]
        for key, target in targets.items()
        if key in lives and is_as_left(rows.get(key), target, lives[key])
    }

    def predict(key: ResourceId) -> Body | ClusterError | None:
        try:
            return _dry_run(cluster, key, targets[key], lives)
        except ClusterError as error:
            return error

    asked = [key for key in targets if key not in as_left]
    answers = dict(zip(asked, each(predict, asked), strict=True))
    failures = [
        f"{key.short}: {answer.message}"
        for key, answer in answers.items()
        if isinstance(answer, ClusterError)
    ]
    if failures:
        raise InvalidError(
            "the cluster would not take " + "; ".join(failures),
            hints=["nothing was applied"],
        )
    return as_left | {key: body for key, body in answers.items() if isinstance(body, dict)}


def _dry_run(
    cluster: Cluster, key: ResourceId, target: Body, lives: Mapping[ResourceId, Body]
) -> Body | None:
    """None where the cluster cannot know yet: namespace or kind come with the same sync."""
    if key.namespace and ResourceId("", "Namespace", "", key.namespace) not in lives:
        return None
    try:
        return cluster.apply(target, field_manager=FIELD_MANAGER, force=True, dry_run=True)
    except NotFoundError:
        if key in lives:
            raise
        return None
