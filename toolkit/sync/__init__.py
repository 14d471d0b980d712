"""Plans: what to change so that the cluster equals the deploy branch. Pure.

::

    bodies ── place ──> targets                     scope, namespace, whose they are
    targets, Observation, inventory ── plan ──> SyncPlan(tasks, refusals, hash)
    SyncPlan ── require_approval ──> allowed, or RefusedError

Deletion is a plan towards the empty set; drift is a plan not applied: one code path. The plan that
``gitops plan`` shows is the value that the reconciler executes.
"""

from toolkit.sync.guards import Refusal, Situation
from toolkit.sync.health import Health, HealthStatus, health_of, worst
from toolkit.sync.plan import (
    Action,
    Observation,
    Phase,
    SyncPlan,
    Task,
    plan,
    require_approval,
)
from toolkit.sync.ports import SyncStore
from toolkit.sync.targets import place

__all__ = [
    "Action",
    "Health",
    "HealthStatus",
    "Observation",
    "Phase",
    "Refusal",
    "Situation",
    "SyncPlan",
    "SyncStore",
    "Task",
    "health_of",
    "place",
    "plan",
    "require_approval",
    "worst",
]
