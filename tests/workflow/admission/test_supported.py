"""The tables of supported fields, the document, and Argo's own list of fields agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolkit.workflow.admission import supported

DOCUMENT = Path(__file__).parents[3] / "docs" / "compatibility-workflow.md"

SPEC = """
templates entrypoint arguments serviceAccountName automountServiceAccountToken executor volumes
volumeClaimTemplates parallelism artifactRepositoryRef suspend nodeSelector affinity tolerations
imagePullSecrets hostNetwork dnsPolicy dnsConfig onExit ttlStrategy activeDeadlineSeconds
priority schedulerName podGC podPriorityClassName hostAliases securityContext podSpecPatch
podDisruptionBudget metrics shutdown workflowTemplateRef synchronization volumeClaimGC
retryStrategy podMetadata templateDefaults archiveLogs hooks workflowMetadata artifactGC
executorPlugins podResources resourceClaims
"""
TEMPLATE = """
name inputs outputs nodeSelector affinity metadata daemon steps container containerSet script
resource dag suspend data http plugin volumes initContainers sidecars archiveLocation
activeDeadlineSeconds retryStrategy parallelism failFast tolerations schedulerName
priorityClassName serviceAccountName automountServiceAccountToken executor hostAliases
securityContext podSpecPatch metrics synchronization memoize timeout annotations pendingTimeout
podResources resourceClaims
"""
CALL = """
name template inline arguments templateRef dependencies withItems withParam withSequence when
continueOn onExit depends hooks
"""
KNOWN = (
    supported.SPEC
    | supported.TEMPLATE
    | supported.CALL
    | supported.CONTAINER
    | supported.MEMBER
    | supported.BESIDE
    | supported.CONTAINER_SET
)


@pytest.mark.parametrize(
    ("fields", "known"),
    [(SPEC, supported.SPEC), (TEMPLATE, supported.TEMPLATE), (CALL, supported.CALL)],
)
def test_every_field_of_argo_has_a_state(fields: str, known: frozenset[str]) -> None:
    stateless = set(fields.split()) - known - set(supported.WITHOUT_EFFECT) - set(supported.REFUSED)
    assert stateless == set()


def test_no_field_has_two_states() -> None:
    assert not KNOWN & set(supported.REFUSED)
    assert not KNOWN & set(supported.WITHOUT_EFFECT)
    assert not set(supported.REFUSED) & set(supported.WITHOUT_EFFECT)


def test_the_document_names_every_field_with_its_state() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z]+)`", text))
    for field in KNOWN | set(supported.REFUSED) | set(supported.WITHOUT_EFFECT):
        assert field in named, f"{field} is not in {DOCUMENT.name}"
    refused = {
        field
        for line in text.splitlines()
        if line.rstrip(" |").endswith("refused")
        for field in re.findall(r"`([A-Za-z]+)`", line)
    }
    assert refused == set(supported.REFUSED)


def test_a_misspelt_field_of_a_step_is_refused() -> None:
    found = list(supported.unsupported_call({"name": "a", "withItmes": [1]}, "templates.m.steps"))
    assert found == ["templates.m.steps.withItmes is not supported by the embedded engine"]


@pytest.mark.parametrize(
    "field", ["resizePolicy", "restartPolicy", "restartPolicyRules", "volumeDevices"]
)
def test_what_no_engine_here_has_is_refused(field: str) -> None:
    template = {"name": "m", "container": {"image": "alpine", field: [{"x": 1}]}}
    [found] = supported.unsupported_template(template)
    assert found.startswith(f"templates.m.container.{field} is not supported")
