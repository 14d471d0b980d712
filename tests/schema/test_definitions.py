"""The shipped definitions."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from toolkit.resource.identity import GroupVersionKind
from toolkit.schema import known_kinds, schema_for

WORKFLOW = GroupVersionKind("argoproj.io", "v1alpha1", "Workflow")
CRON = GroupVersionKind("argoproj.io", "v1alpha1", "CronWorkflow")


def is_valid(gvk, **fields):
    body = {"apiVersion": gvk.api_version, "kind": gvk.kind, **fields}
    return jsonschema.Draft202012Validator(schema_for(gvk)).is_valid(body)


def workflow_of(template):
    return {"metadata": {"name": "x"}, "spec": {"templates": [template]}}


@pytest.mark.parametrize("gvk", known_kinds(), ids=str)
def test_every_schema_is_self_contained(gvk):
    schema = schema_for(gvk)

    assert set(_pointers(schema)) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_the_definitions_are_json_schema():
    everything = {}
    for gvk in known_kinds():
        everything |= schema_for(gvk)["$defs"]

    jsonschema.Draft202012Validator.check_schema({"$defs": everything})


def test_a_kind_nobody_knows_has_no_schema():
    assert schema_for(GroupVersionKind("example.com", "v1", "Thing")) is None


def test_fields_that_argo_removed_stand_beside_their_successors():
    spec = {"workflowSpec": {"entrypoint": "main"}}

    assert is_valid(CRON, spec=spec | {"schedule": "* * * * *"})
    assert is_valid(CRON, spec=spec | {"schedules": ["* * * * *"]})
    assert is_valid(
        WORKFLOW, spec={"synchronization": {"mutex": {"name": "one"}, "mutexes": [{"name": "b"}]}}
    )


def test_a_parameter_takes_bare_numbers_and_booleans_but_no_list():
    def with_value(value):
        return {"arguments": {"parameters": [{"name": "p", "value": value}]}}

    assert is_valid(WORKFLOW, spec=with_value(3))
    assert is_valid(WORKFLOW, spec=with_value(True))
    assert is_valid(WORKFLOW, spec=with_value("text"))
    assert not is_valid(WORKFLOW, spec=with_value([1]))


def test_a_quantity_may_be_a_number():
    limits = {"name": "t", "container": {"image": "i", "resources": {"limits": {"cpu": 1.5}}}}

    assert is_valid(WORKFLOW, **workflow_of(limits))


def test_fields_of_newer_argo_are_known():
    template = {"name": "t", "pendingTimeout": "5m", "container": {"image": "i"}}

    assert is_valid(WORKFLOW, **workflow_of(template))


def test_unknown_fields_are_refused_at_any_depth():
    assert not is_valid(WORKFLOW, **workflow_of({"name": "t", "contaner": {"image": "i"}}))
    assert not is_valid(WORKFLOW, **workflow_of({"name": "t", "container": {"imag": "i"}}))


def test_nothing_is_read_at_import():
    script = (
        "import sys, toolkit.schema as s; from toolkit.schema import definitions as d;"
        "print(d._document.cache_info().currsize, 'jsonschema' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["0", "False"]


def _pointers(node):
    if isinstance(node, dict):
        return [
            *([node["$ref"]] if isinstance(node.get("$ref"), str) else []),
            *(pointer for value in node.values() for pointer in _pointers(value)),
        ]
    return []


def test_the_table_is_compact():
    whole = json.dumps([schema_for(CRON)])

    assert len(whole) < 120_000


def test_what_is_shipped_is_what_the_generator_writes():
    pytest.importorskip("hera", reason="the source of Argo's schemas is not installed")
    pytest.importorskip("kubernetes_validate", reason="nor is that of Kubernetes'")
    root = Path(__file__).parents[2]
    script = root / ".ci" / "generate_schemas.py"
    spec = importlib.util.spec_from_file_location("generate_schemas", script)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)

    shipped = (root / "toolkit/schema/data/definitions.json").read_text(encoding="utf-8")

    assert generator.document() == shipped
