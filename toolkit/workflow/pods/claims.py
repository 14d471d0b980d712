"""The PersistentVolumeClaims a workflow brings along: ``spec.volumeClaimTemplates``."""

from __future__ import annotations

from toolkit.workflow.nodes import SUCCEEDED, Row
from toolkit.workflow.run import Run

ON_COMPLETION = "OnWorkflowCompletion"
ON_SUCCESS = "OnWorkflowSuccess"


def claims_of(run: Run) -> list[tuple[str, Row]]:
    """(name of the claim, its template), in order."""
    templates = run.definition.spec.get("volumeClaimTemplates") or ()
    return [
        (f"{run.name}-{(template.get('metadata') or {}).get('name')}", template)
        for template in templates
    ]


def keeps_claims(run: Run) -> bool:
    """Whether the claims are (still) there: a failed workflow keeps them for its retry."""
    if not run.is_finished:
        return True
    chosen = (run.definition.spec.get("volumeClaimGC") or {}).get("strategy") or ON_SUCCESS
    return run.phase != SUCCEEDED and chosen != ON_COMPLETION


def claim_volumes(run: Run) -> list[Row]:
    """The claims as volumes of pods, and as ``status.persistentVolumeClaims`` shows them."""
    return [
        {
            "name": (template.get("metadata") or {}).get("name"),
            "persistentVolumeClaim": {"claimName": name},
        }
        for name, template in claims_of(run)
    ]
