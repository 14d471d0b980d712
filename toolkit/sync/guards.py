"""Rules that refuse a plan which looks like an accident. They hold for manual syncs, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolkit.repository.settings import SyncPolicy
from toolkit.resource.identity import ResourceId

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """``code`` is stable, for machines; ``message`` a clause for people."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is judged by, besides the objects. ``previous_commit`` and
    ``previous_cluster_uid`` are of the last sync that reached its target, "" where there was none.
    """

    environment: str
    commit: str
    owner: str
    policy: SyncPolicy
    previous_commit: str = ""
    previous_cluster_uid: str = ""
    is_descendant: bool = True


def refusals(
    situation: Situation,
    *,
    cluster_uid: str,
    target_count: int,
    inventory_count: int,
    pruned: Sequence[ResourceId],
    owners: Mapping[ResourceId, str],
) -> tuple[Refusal, ...]:
    """Everything that the guards hold against a plan. ``owners``: of the live targets."""
    found = (
        _empty_render(target_count),
        _other_cluster(situation, cluster_uid),
        _not_descendant(situation),
        _too_many_pruned(situation, inventory_count, pruned),
        _other_owner(situation, owners),
    )
    return tuple(refusal for refusal in found if refusal)


def _empty_render(target_count: int) -> Refusal | None:
    if target_count:
        return None
    return Refusal(
        "empty-render",
        "the published tree holds no object at all",
        "a kustomization that lost its resources renders nothing",
    )


def _other_cluster(situation: Situation, cluster_uid: str) -> Refusal | None:
    if situation.previous_cluster_uid in ("", cluster_uid):
        return None
    return Refusal(
        "cluster-changed",
        f"this is not the cluster that {situation.environment} was synced to "
        f"({situation.previous_cluster_uid[:8]} then, {cluster_uid[:8]} now)",
        "does the kubeconfig context still point to the right cluster?",
    )


def _not_descendant(situation: Situation) -> Refusal | None:
    if situation.is_descendant:
        return None
    return Refusal(
        "not-a-descendant",
        f"deploy commit {situation.commit[:12]} does not build on "
        f"{situation.previous_commit[:12]}, which was synced before",
        "was the deploy branch rewritten? To go back, use gitops rollback",
    )


def _too_many_pruned(
    situation: Situation, inventory_count: int, pruned: Sequence[ResourceId]
) -> Refusal | None:
    guards = situation.policy.guards
    most = max(guards.max_prune_count, inventory_count * guards.max_prune_percent // 100)
    if len(pruned) <= most:
        return None
    return Refusal(
        "too-many-pruned",
        f"it would delete {len(pruned)} of {inventory_count} objects, and {most} are allowed "
        f"({_names(pruned)})",
    )


def _other_owner(situation: Situation, owners: Mapping[ResourceId, str]) -> Refusal | None:
    foreign = {key: owner for key, owner in owners.items() if owner not in ("", situation.owner)}
    if not foreign:
        return None
    first = min(foreign)
    return Refusal(
        "other-owner",
        f"{_names(sorted(foreign))} belong{'s' if len(foreign) == 1 else ''} to "
        f"{foreign[first]}, not to {situation.owner}",
        "let one installation apply it, and stop rendering it in the other",
    )


def _names(ids: Sequence[ResourceId]) -> str:
    named = ", ".join(each.short for each in ids[:_MOST_NAMED])
    return f"{named} and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else named
