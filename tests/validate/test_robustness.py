"""Whatever shape a manifest has, validation answers with findings."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Origin
from toolkit.schema import schema_for
from toolkit.validate import Document, validate_documents
from toolkit.validate.schemas import plain_validator, violations, without_nulls
from toolkit.yaml.parse import load_all

CRON = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly, labels: {team: data}}
spec:
  schedules: ["0 3 * * *"]
  timezone: Europe/Berlin
  workflowSpec:
    entrypoint: main
    onExit: leave
    arguments: {parameters: [{name: day, value: today, enum: [today]}]}
    hooks: {running: {expression: "true", template: leave}}
    templates:
      - name: main
        inputs: {parameters: [{name: day}]}
        steps:
          - - name: first
              template: leaf
              withItems: [{size: 1}]
              arguments: {parameters: [{name: a, value: "{{item.size}}"}]}
          - - name: second
              inline: {container: {image: busybox, args: ["{{steps.first.outputs.result}}"]}}
      - name: graph
        outputs: {parameters: [{name: o, valueFrom: {parameter: "{{tasks.a.outputs.result}}"}}]}
        dag:
          target: b
          tasks:
            - {name: a, template: leaf}
            - {name: b, template: leaf, depends: a.Succeeded, hooks: {exit: {template: leave}}}
      - name: leaf
        inputs: {parameters: [{name: a, default: x}], artifacts: [{name: f, path: /f}]}
        podResources: {limits: {cpu: 1}}
        metrics: {prometheus: [{name: m, help: h, gauge: {value: "1", realtime: true}}]}
        volumes: [{name: v, configMap: {name: c, items: [{key: k, path: p}]}}]
        script: {image: busybox, source: "{{inputs.parameters.a}} {{=asInt('1')}}"}
        sidecars: [{name: s, image: busybox}]
      - name: leave
        templateRef: {name: other, template: x}
      - name: set
        containerSet: {containers: [{name: main, image: busybox, dependencies: [x]}]}
      - name: resource
        resource: {action: create, manifest: "x: 1"}
"""

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "{{", "{{}}", "{{=}}", "{{steps.}}", "{{inputs.parameters}}", "a.b && !"]),
    st.lists(st.none() | st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none() | st.integers(), max_size=2),
)


def places_in(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places_in(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from places_in(item, (*path, index))


[BODY] = load_all(CRON, "cron.yaml")
PLACES = [path for path in places_in(BODY) if path not in ((), ("apiVersion",), ("kind",))]


@st.composite
def damaged(draw):
    body = copy.deepcopy(BODY)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PLACES))
        holder = body
        try:
            for part in path[:-1]:
                holder = holder[part]
            holder[path[-1]] = draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue
    return body


@given(damaged())
@settings(max_examples=150, deadline=None)
def test_a_damaged_manifest_gives_findings_and_no_exception(body):
    findings = validate_documents(
        [Document(body, Origin("cron.yaml"))], sources=lambda _: CRON, environment=[]
    )

    assert findings == tuple(sorted(findings, key=lambda each: str(each.location.path)))
    assert all(finding.message for finding in findings)


@given(damaged())
@settings(max_examples=60, deadline=None)
def test_both_schema_engines_give_the_same_answers(body):
    pytest.importorskip("jsonschema_rs", reason="the optional fast engine is not installed")
    gvk = GroupVersionKind.of(body)
    cleaned = without_nulls(body)

    slow = set(plain_validator(schema_for(gvk))(cleaned))

    assert set(violations(gvk, cleaned)) == slow
