"""Whole environments and single manifests: what the rules see around an object."""

from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Origin, Resource
from toolkit.source import Location
from toolkit.validate import Severity, validate
from toolkit.yaml.parse import load_all

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: x-}
spec:
  entrypoint: main
"""


def rendered(text, path="crons/a.yaml"):
    return [
        Resource(ResourceId.of(body), body, Origin(path, index))
        for index, body in enumerate(load_all(text, path))
    ]


def rules_of(findings):
    return [finding.rule for finding in findings]


def test_a_good_environment_has_no_findings(findings_of):
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common}
spec:
  templates:
    - name: say
      inputs: {parameters: [{name: text}]}
      container:
        image: busybox
        args: ["{{inputs.parameters.text}}"]
        envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 3 * * *"]
  timezone: Europe/Berlin
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        steps:
          - - name: say
              templateRef: {name: common, template: say}
              arguments: {parameters: [{name: text, value: "{{workflow.name}}"}]}
"""
    assert findings_of(text, synced=True) == ()


def test_a_template_that_is_not_rendered_is_missed_only_where_the_surroundings_are_known(
    findings_of,
):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      steps: [[{name: a, templateRef: {name: elsewhere, template: t}}]]
"""
    )

    assert rules_of(findings_of(text)) == ["unknown-workflow-template"]
    assert findings_of(text, around=None) == ()


def test_an_object_of_another_namespace_is_not_found():
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: here}
spec:
  containers: [{name: c, image: i, envFrom: [{configMapRef: {name: settings}}]}]
"""
    findings = validate(rendered(text), sources=lambda _: text)

    assert rules_of(findings) == ["unknown-config-map"]


def test_a_value_that_a_patch_wrote_points_at_what_is_around_it_in_the_objects_own_file():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: nightly
spec:
  schedules: ["0 3 * * *"]
  workflowSpec:
    entrypoint: main
    templates:
      - name: other
        suspend: {}
      - name: main
        suspend: {}
"""
    [resource] = rendered(text)
    spec = resource.body["spec"]
    spec["concurrencyPolicy"] = "Sometimes"
    templates = spec["workflowSpec"]["templates"]
    templates.reverse()
    templates[0]["parallelism"] = 3

    findings = validate([resource], sources=lambda _: text)

    assert {finding.rule: finding.location for finding in findings} == {
        "value-not-allowed": Location("crons/a.yaml", 5, 1),
        "misplaced-field": Location("crons/a.yaml", 12, 9),
    }
    assert all("an overlay wrote this value" in finding.hint for finding in findings)


def test_a_value_that_a_patch_changed_is_not_blamed_on_the_line_it_replaced():
    text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: good, labels: {a: 'x y'}}}"
    [resource] = rendered(text)
    resource.body["metadata"]["name"] = "Bad_Name"

    found = {each.rule: each.hint for each in validate([resource], sources=lambda _: text)}

    assert found["invalid-name"].endswith("an overlay wrote this value: it is not in this file")
    assert "overlay" not in found["invalid-label"]


def test_a_generated_object_points_at_its_kustomization():
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Bad_Name"}}
    resource = Resource(ResourceId.of(body), body, Origin("base/kustomization.yaml", -1))

    [finding] = validate([resource], sources=lambda _: "")

    assert finding.location == Location("base/kustomization.yaml")


def test_a_file_that_cannot_be_read_still_gives_the_finding():
    [resource] = rendered("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, datas: {}}")

    [finding] = validate([resource], sources=lambda _: None)

    assert (finding.rule, finding.location) == ("unknown-field", Location("crons/a.yaml"))


def test_what_a_workflow_reaches_by_reference_needs_its_parameters():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common}
spec:
  templates:
    - {name: outer, steps: [[{name: a, template: inner}]]}
    - name: inner
      container: {image: busybox, args: ["{{workflow.parameters.region}}"]}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedule: "@daily"
  workflowSpec:
    entrypoint: main
    arguments: {parameters: [{name: day, value: today}]}
    templates:
      - name: main
        steps: [[{name: call, templateRef: {name: common, template: outer}}]]
"""
    [finding] = validate(rendered(text), sources=lambda _: text)

    assert finding.message == (
        "step 'call' leads to template 'inner' of WorkflowTemplate 'common', which uses "
        "{{workflow.parameters.region}}"
    )
    assert finding.hint.startswith("declare 'region'")


def test_a_global_output_of_a_template_called_by_reference_is_known():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: common}
spec:
  templates:
    - name: make
      container: {image: busybox}
      outputs: {parameters: [{name: n, globalName: number, valueFrom: {path: /n}}]}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedule: "@daily"
  workflowSpec:
    entrypoint: main
    templates:
      - name: main
        steps:
          - - {name: make, templateRef: {name: common, template: make}}
          - - {name: use, template: use}
      - name: use
        container: {image: busybox, args: ["{{workflow.outputs.parameters.number}}"]}
"""
    assert validate(rendered(text), sources=lambda _: text) == ()


def test_a_when_is_parsed_without_its_tags(findings_of):
    text = (
        WORKFLOW
        + """\
  arguments: {parameters: [{name: a, value: x}]}
  templates:
    - name: main
      steps:
        - - {name: good, template: leaf, when: "'{{workflow.parameters.a}}' == x && !(1 > 2)"}
          - {name: bad, template: leaf, when: "{{workflow.parameters.a}} == (x"}
          - {name: tag, template: leaf, when: "{{workflow.parameters.a}}"}
    - {name: leaf, suspend: {}}
"""
    )

    [finding] = findings_of(text)

    assert (finding.rule, finding.path[-2:]) == ("invalid-expression", (1, "when"))


def test_an_inline_template_sees_its_step_and_its_own_inputs(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      inputs: {parameters: [{name: outer, value: x}]}
      steps:
        - - name: loop
            withItems: [1, 2]
            arguments: {parameters: [{name: own, value: y}]}
            inline:
              inputs: {parameters: [{name: own}]}
              container:
                image: busybox
                args:
                  - "{{item}} {{inputs.parameters.outer}} {{inputs.parameters.own}}"
                  - "{{inputs.parameters.neither}}"
"""
    )

    [finding] = findings_of(text)

    assert "'neither'" in finding.message


def test_a_submission_needs_every_value(findings_of):
    text = (
        WORKFLOW
        + """\
  arguments: {parameters: [{name: day}]}
  templates: [{name: main, suspend: {}}]
"""
    )

    assert findings_of(text) == ()
    assert rules_of(findings_of(text, is_submission=True)) == ["argument-without-value"]


def test_names_filled_in_at_run_time_are_left_alone(findings_of):
    text = (
        WORKFLOW
        + """\
  arguments: {parameters: [{name: which, value: leaf}]}
  templates:
    - name: main
      steps:
        - - {name: "a-{{workflow.parameters.which}}", template: "{{workflow.parameters.which}}"}
        - - name: b
            templateRef: {name: "{{workflow.parameters.which}}", template: t}
            arguments: {parameters: [{name: any, value: x}]}
        - - name: c
            template: leaf
            arguments: {parameters: [{name: a, value: "{{steps.b.outputs.parameters.any}}"}]}
    - {name: leaf, inputs: {parameters: [{name: a, value: x}]}, suspend: {}}
"""
    )

    assert findings_of(text) == ()


def test_findings_come_in_the_order_of_the_files_and_lines(findings_of):
    text = """\
{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, zzz: 1, aaa: 2}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, zzz: 1}
"""
    findings = findings_of(text)

    assert [(each.location.line, each.path) for each in findings] == [
        (1, ("zzz",)),
        (1, ("aaa",)),
        (3, ("zzz",)),
    ]


def test_errors_and_warnings_are_told_apart(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      steps: [[{name: a, template: t, arguments: {parameters: [{name: p, value: x}]}}]]
    - {name: t, suspend: {}}
"""
    )

    [finding] = findings_of(text)

    assert (finding.rule, finding.severity) == ("unknown-argument", Severity.WARNING)


def test_the_variables_of_an_expression_are_looked_up(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      inputs: {parameters: [{name: per-day, value: "1"}, {name: plain, value: "2"}]}
      container:
        image: busybox
        args:
          - "{{=asInt(inputs.parameters['per-day']) + asInt(inputs.parameters.plain)}}"
          - "{{=inputs.parameters.per-day}}"
          - "{{=inputs.parameters.maybe ?? 'x'}}"
          - "{{=map([1, 2], {# * asInt(inputs.parameters.planes)})}}"
"""
    )

    findings = findings_of(text)

    assert [(each.location.line, each.message, each.hint) for each in findings] == [
        (
            13,
            "inputs.parameters.per: there is no input parameter 'per'",
            "did you mean 'per-day'? '-' is minus here: write ['…']",
        ),
        (
            15,
            "inputs.parameters.planes: there is no input parameter 'planes'",
            "did you mean 'plain'?",
        ),
    ]


def test_an_exit_handler_of_a_step_gets_the_arguments_of_the_step(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      steps:
        - - name: inherits
            template: leaf
            onExit: leaf
            hooks: {exit: {template: leaf}}
            arguments: {parameters: [{name: a, value: x}]}
        - - name: does-not
            template: other
            onExit: leaf
    - {name: leaf, inputs: {parameters: [{name: a}]}, suspend: {}}
    - {name: other, suspend: {}}
"""
    )

    [finding] = findings_of(text)

    assert finding.message.startswith("onExit of step 'does-not' does not supply parameter 'a'")


def test_a_config_map_that_a_step_makes_is_not_missed(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      resource:
        action: create
        manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: made-here}}"
    - name: use
      container:
        image: busybox
        envFrom: [{configMapRef: {name: made-here}}, {configMapRef: {name: kube-root-ca.crt}}]
"""
    )

    assert findings_of(text) == ()


def test_words_in_braces_of_other_languages_are_left_alone(findings_of):
    text = (
        WORKFLOW
        + """\
  templates:
    - name: main
      script:
        image: ansible
        source: |
          - debug: msg="{{ item }} {{ ansible_host }} {{ host.name | upper }} {{ .Values.x }}"
"""
    )

    assert findings_of(text) == ()


def test_a_finding_about_a_secret_does_not_show_its_value(findings_of):
    text = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {pin: 271828}}"

    [finding] = findings_of(text)

    assert finding.location.column == text.index("271828") + 1
    assert "271828" not in finding.message + finding.hint + finding.excerpt
