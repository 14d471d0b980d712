"""Over the conformance data, where it is present: what is valid passes, what is not is found."""

import json
from pathlib import Path

import pytest

from toolkit.resource.resource import Origin
from toolkit.validate import Document, Severity, validate_documents
from toolkit.yaml.parse import load_all

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "argo"
CASES = CORPUS / "lint.json"

pytestmark = pytest.mark.skipif(not CASES.is_file(), reason="the conformance data is not here")

REALLY_WRONG = {
    "fun-with-gifs.yaml",  # generateName among the labels: no name, no label value
    "k8s-jobs.yaml",  # generateName among the annotations: no name
    "k8s-patch-json-workflow.yaml",  # a key twice: no YAML for a strict reader
}


def documents(text, path):
    bodies = enumerate(load_all(text, path))
    return [Document(body, Origin(path, index)) for index, body in bodies if body is not None]


def errors_of(manifests, text, **options):
    findings = validate_documents(manifests, sources=lambda _: text, **options)
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def cases():
    return json.loads(CASES.read_text(encoding="utf-8")) if CASES.is_file() else []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"].partition("::")[2])
def test_the_verdict_is_that_of_argo(case):
    manifests = documents(case["yaml"], "case.yaml")
    for each in manifests:
        each.body.setdefault("apiVersion", "argoproj.io/v1alpha1")
        each.body.setdefault("kind", "Workflow")
    is_closed = case["error_contains"] == "not found"

    errors = errors_of(
        manifests, case["yaml"], environment=[] if is_closed else None, is_submission=True
    )

    assert bool(errors) == (case["expect"] == "invalid"), errors


def test_the_examples_of_argo_pass():
    examples = sorted((CORPUS / "examples").rglob("*.yaml"))
    texts = {
        path: path.read_text(encoding="utf-8") for path in examples if path.name not in REALLY_WRONG
    }
    manifests = {path: documents(text, path.name) for path, text in texts.items()}
    templates = [
        each.body
        for found in manifests.values()
        for each in found
        if each.body["kind"].endswith("WorkflowTemplate")
    ]

    errors = [
        str(error.location) + " " + error.message
        for path, found in manifests.items()
        for error in errors_of(found, texts[path], environment=templates)
        if error.rule != "unknown-config-map"  # made by the suite that runs the examples
    ]

    assert len(texts) > 200
    assert errors == []
