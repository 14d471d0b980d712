"""Manifests that are about to be applied or run, against a real embedded cluster."""

import pytest

from toolkit.adapters.clock import SystemClock
from toolkit.adapters.embedded import EmbeddedCluster, logical_cluster
from toolkit.adapters.memory.objects import MemoryObjects
from toolkit.errors import FindingsError
from toolkit.wiring.validation import refuse_broken
from toolkit.yaml.parse import load_all

TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common, namespace: data}
spec:
  templates: [{name: say, container: {image: busybox}}]
"""
WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: x-}
spec:
  entrypoint: main
  arguments: {parameters: [{name: day}]}
  templates:
    - name: main
      steps: [[{name: a, templateRef: {name: common, template: say}}]]
"""


@pytest.fixture
def cluster():
    logical = logical_cluster(MemoryObjects(), "staging", SystemClock())
    logical.ensure("data")
    embedded = EmbeddedCluster(logical)
    embedded.create(load_all(TEMPLATE)[0])
    return embedded


def refuse(tmp_path, cluster, text, *, is_submission=False):
    file = tmp_path / "workflow.yaml"
    file.write_text(text, encoding="utf-8")
    bodies = list(enumerate(load_all(text)))
    refuse_broken(bodies, str(file), cluster=cluster, namespace="data", is_submission=is_submission)


def test_a_manifest_may_refer_to_what_is_in_the_cluster(tmp_path, cluster):
    refuse(tmp_path, cluster, WORKFLOW)


def test_a_broken_manifest_is_refused_with_its_place(tmp_path, cluster):
    with pytest.raises(FindingsError) as raised:
        refuse(tmp_path, cluster, WORKFLOW.replace("name: common", "name: comon"))

    [finding] = raised.value.findings
    assert (finding.rule, finding.location.line) == ("unknown-workflow-template", 9)
    assert finding.hint == "did you mean 'common'?"


def test_a_run_needs_the_value_of_every_parameter(tmp_path, cluster):
    with pytest.raises(FindingsError) as raised:
        refuse(tmp_path, cluster, WORKFLOW, is_submission=True)

    assert [finding.rule for finding in raised.value.findings] == ["argument-without-value"]
