"""docs/workflow-fields.md lists every field of the Workflow API with its state and a test of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import toolkit.schema
from toolkit.workflow.admission import supported

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "workflow-fields.md"
CASES = Path(__file__).parent / "cases"
PREFIX = "io.argoproj.workflow.v1alpha1."
DATA = Path(toolkit.schema.__file__).parent / "data" / "definitions.json"
DEFINITIONS: dict[str, Any] = json.loads(DATA.read_bytes())["definitions"]
STATES = {"yes", "no effect", "refused"}
NOT_WRITTEN = "not written"
STATUS = {
    "WorkflowStatus": {
        "artifactGCStatus", "artifactRepositoryRef", "compressedNodes", "conditions",
        "estimatedDuration", "finishedAt", "message", "nodes", "offloadNodeStatusVersion",
        "outputs", "persistentVolumeClaims", "phase", "progress", "resourcesDuration", "startedAt",
        "storedTemplates", "storedWorkflowTemplateSpec", "synchronization",
        "taskResultsCompletionStatus",
    },
    "NodeStatus": {
        "boundaryID", "children", "daemoned", "displayName", "estimatedDuration",
        "failedPodRestarts", "finishedAt", "hostNodeName", "id", "inputs", "memoizationStatus",
        "message", "name", "nodeFlag", "outboundNodes", "outputs", "phase", "podIP", "progress",
        "resourcesDuration", "restartingPodUID", "startedAt", "synchronizationStatus",
        "taskResultSynced", "templateName", "templateRef", "templateScope", "type",
    },
}  # fmt: skip
"""Of argo-workflows v4.1.2: the schema of what people write has no status."""
ROW = re.compile(r"^\| (?P<fields>`.+?) \| (?P<state>[^|]+) \| (?P<proof>[^|]+) \|$")


@dataclass(frozen=True)
class Row:
    """One line of the document, for one field of one type."""

    type: str
    field: str
    state: str
    proof: str


def rows() -> Iterator[Row]:
    types: list[str] = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            types = line[3:].split(", ")
        elif found := ROW.match(line):
            for field in re.findall(r"`(\w+)`", found["fields"]):
                for type in types:
                    yield Row(type, field, found["state"], found["proof"])


ROWS = list(rows())


def fields_of(type: str) -> set[str]:
    return set(DEFINITIONS[PREFIX + type].get("properties") or ())


def types() -> list[str]:
    names = (name.removeprefix(PREFIX) for name in DEFINITIONS if name.startswith(PREFIX))
    return sorted(name for name in names if fields_of(name))


@pytest.mark.parametrize("type", types())
def test_every_field_is_listed_once(type: str) -> None:
    listed = sorted(row.field for row in ROWS if row.type == type)
    assert listed == sorted(fields_of(type))


@pytest.mark.parametrize("type", STATUS)
def test_every_field_of_a_status_is_listed_once(type: str) -> None:
    listed = sorted(row.field for row in ROWS if row.type == type)
    assert listed == sorted(STATUS[type])


def test_states_are_of_three_kinds() -> None:
    assert {row.state for row in ROWS if row.type not in STATUS} <= STATES
    assert {row.state for row in ROWS if row.type in STATUS} <= {"yes", NOT_WRITTEN}


@pytest.mark.parametrize(
    ("type", "known"),
    [
        ("WorkflowSpec", supported.SPEC),
        ("Template", supported.TEMPLATE),
        ("WorkflowStep", supported.CALL),
        ("DAGTask", supported.CALL),
        ("Container", supported.CONTAINER),
        ("ScriptTemplate", supported.CONTAINER),
    ],
)
def test_states_are_the_engines(type: str, known: frozenset[str]) -> None:
    stated = {row.field: row.state for row in ROWS if row.type == type}
    refused = {
        name for name in stated if name not in known and name not in supported.WITHOUT_EFFECT
    }
    assert {name for name, state in stated.items() if state == "refused"} == refused
    assert {name for name, state in stated.items() if state == "yes"} == known & stated.keys()


def proofs() -> list[str]:
    return sorted({row.proof for row in ROWS})


@pytest.mark.parametrize("proof", [proof for proof in proofs() if "::" in proof])
def test_a_proof_is_a_test(proof: str) -> None:
    path, _, name = proof.strip("`").partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("proof", [proof for proof in proofs() if "::" not in proof])
def test_a_case_that_proves_holds_the_fields(proof: str) -> None:
    path = CASES / f"{proof.strip('`').removeprefix('case ')}.yaml"
    used = set(used_in(path))
    claimed = {(row.type, row.field) for row in ROWS if row.proof == proof}
    assert claimed <= used


def used_in(path: Path) -> Iterator[tuple[str, str]]:
    """The fields of Argo's types that a case holds."""
    _, workflow, *others = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    yield from _used(PREFIX + "Workflow", workflow)
    for body in others:
        if body["kind"] != "ConfigMap":
            yield from _used(PREFIX + body["kind"], body)


def _used(type: str, value: Any) -> Iterator[tuple[str, str]]:
    definition = DEFINITIONS.get(type, {})
    if isinstance(value, list):
        for item in value:
            yield from _below(definition.get("items") or {}, item)
    for field, inner in value.items() if isinstance(value, dict) else ():
        schema = (definition.get("properties") or {}).get(field)
        if schema is not None:
            yield type.removeprefix(PREFIX), field
            yield from _below(schema, inner)


def _below(schema: dict[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        yield from _used(schema["$ref"].rsplit("/", 1)[-1], value)
    for name in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(name) or ():
            yield from _below(part, value)
    if isinstance(value, list):
        for item in value:
            yield from _below(schema.get("items") or {}, item)
    extra = schema.get("additionalProperties")
    if isinstance(value, dict) and isinstance(extra, dict):
        for item in value.values():
            yield from _below(extra, item)
