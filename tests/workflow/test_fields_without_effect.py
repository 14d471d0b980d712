"""Fields that say nothing about what runs are accepted, and change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.workflow.admission.supported import WITHOUT_EFFECT
from toolkit.workflow.rehearsal.simulation import Simulation

ANYWHERE = {
    "affinity": {"nodeAffinity": {}},
    "automountServiceAccountToken": False,
    "executor": {"serviceAccountName": "x"},
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["x"]}],
    "nodeSelector": {"disk": "ssd"},
    "podResources": {"requests": {"cpu": "1"}},
    "resourceClaims": [{"name": "gpu"}],
    "schedulerName": "other",
    "securityContext": {"runAsNonRoot": True},
    "serviceAccountName": "x",
    "tolerations": [{"operator": "Exists"}],
}
OF_A_WORKFLOW = {
    **ANYWHERE,
    "artifactGC": {"strategy": "Never"},
    "dnsConfig": {"nameservers": ["10.0.0.1"]},
    "dnsPolicy": "Default",
    "hostNetwork": True,
    "imagePullSecrets": [{"name": "x"}],
    "podDisruptionBudget": {"minAvailable": 1},
    "podMetadata": {"labels": {"a": "b"}},
    "podPriorityClassName": "high",
}
OF_A_TEMPLATE = {
    **ANYWHERE,
    "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
    "priorityClassName": "high",
}


def played(spec: dict[str, Any], template: dict[str, Any]) -> str:
    main = {"name": "main", "container": {"image": "alpine", "command": ["x"]}, **template}
    body = {"metadata": {"name": "wf"}, "spec": {"entrypoint": "main", "templates": [main], **spec}}
    simulation = Simulation(body).run_to_end()
    calls = [start.call for start in simulation.started]
    return f"{calls}\n{simulation.tree()}"


PLAIN = played({}, {})


@pytest.mark.parametrize("field", sorted(OF_A_WORKFLOW.keys() & WITHOUT_EFFECT.keys()))
def test_of_a_workflow(field: str) -> None:
    assert played({field: OF_A_WORKFLOW[field]}, {}) == PLAIN


@pytest.mark.parametrize("field", sorted(OF_A_TEMPLATE.keys() & WITHOUT_EFFECT.keys()))
def test_of_a_template(field: str) -> None:
    assert played({}, {field: OF_A_TEMPLATE[field]}) == PLAIN
