"""What is wrong with a template before anything starts: Argo's words, with the way that led
there.
"""

# ruff: noqa: E501 (a template a line)

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.workflow.conftest import Play

SAID_OF_NAMES = (
    "name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric"
    " character (e.g. My-name1-2, 123-NAME)"
)
SAID_OF_PARAMETERS = (
    "Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g. my_param_1,"
    " MY-PARAM-1"
)

TEMPLATES = {
    "inputs: {parameters: [{default: x}]}\n  container: {image: i}": (
        "templates.main.inputs.parameters[0].name is required"
    ),
    "inputs: {parameters: [{name: a+b, default: x}]}\n  container: {image: i}": (
        f"templates.main.inputs.parameters[0].name: 'a+b' is invalid: {SAID_OF_PARAMETERS}"
    ),
    "inputs: {parameters: [{name: a, default: x}, {name: a}]}\n  container: {image: i}": (
        "templates.main.inputs.parameters[1].name 'a' is not unique"
    ),
    "inputs: {artifacts: [{name: a, optional: true}]}\n  container: {image: i}": (
        "error in templates.main.inputs.artifacts.a: Artifact 'a' did not specify a path"
    ),
    "inputs: {artifacts: [{name: a, path: /a, optional: true}]}\n  steps: [[{name: x, template: ok}]]": (
        "templates.main.inputs.artifacts.a.path only valid in container/script templates"
    ),
    "inputs: {artifacts: [{name: a, path: /a, git: {}}]}\n  container: {image: i}": (
        "templates.main.inputs.artifacts.a.git.repo is required"
    ),
    "initContainers: [{image: i}]\n  container: {image: i}": (
        "initContainers must all have container name"
    ),
    "podResources: {requests: {gpu: 1}}\n  container: {image: i}": (
        'templates.main.podResources: "gpu" is not a valid pod-level resource, only cpu, memory and'
        " hugepages-* are supported"
    ),
    "podResources: {}\n  http: {url: u}": (
        "templates.main.podResources is not supported for HTTP templates"
    ),
    "resourceClaims: [{name: c}]\n  suspend: {}": (
        "templates.main.resourceClaims is not supported for Suspend templates, which do not create"
        " a pod"
    ),
    "timeout: 10\n  container: {image: i}": "main has invalid duration format in timeout",
    "timeout: 10s\n  steps: [[{name: x, template: ok}]]": (
        "Steps template doesn't support timeout field"
    ),
    "retryStrategy: {retryPolicy: Now}\n  container: {image: i}": "Now is not a valid RetryPolicy",
    "container: {}": "templates.main.container.image may not be empty",
    "script: {source: x}": "templates.main.script.image may not be empty",
    "inputs: {artifacts: [{name: a, path: /a, raw: {data: x}}]}\n"
    "  container: {image: i, volumeMounts: [{name: v, mountPath: /a}]}": (
        "templates.main.inputs.artifacts[0].path '/a' already mounted in container.volumeMounts.v"
    ),
    "resource: {action: look}": (
        "templates.main.resource.action must be one of: get, create, apply, delete, replace, patch"
    ),
    "resource: {action: create}": (
        "either templates.main.resource.manifest or templates.main.resource.manifestFrom must be"
        " specified"
    ),
    "activeDeadlineSeconds: -1\n  container: {image: i}": (
        "templates.main.activeDeadlineSeconds must be a positive integer > 0 or an argo variable"
    ),
    "activeDeadlineSeconds: 1\n  dag: {tasks: [{name: x, template: ok}]}": (
        "templates.main.activeDeadlineSeconds is only valid for leaf templates"
    ),
    "parallelism: 1\n  container: {image: i}": (
        "templates.main.parallelism is only valid for steps and dag templates"
    ),
    "container: {image: i}\n  outputs: {parameters: [{name: 'a b', valueFrom: {path: /a}}]}": (
        f"templates.main.outputs.parameters [0].name: 'a b' is invalid: {SAID_OF_PARAMETERS}"
    ),
    "container: {image: i}\n  outputs: {parameters: [{name: a}]}": (
        "templates.main.outputs.parameters.a does not have valueFrom or value specified"
    ),
    "container: {image: i}\n  outputs: {parameters: [{name: a, valueFrom: {}}]}": (
        "valueFrom type unspecified. choose one of: path, jqFilter, jsonPath, parameter, raw,"
        " expression"
    ),
    "container: {image: i}\n  outputs: {parameters: [{name: a, valueFrom: {path: /a, jsonPath: x}}]}": (
        "multiple valueFrom types specified. choose one of: path, jqFilter, jsonPath, parameter, raw"
    ),
    "container: {image: i}\n  outputs: {parameters: [{name: a, valueFrom: {jsonPath: x}}]}": (
        "templates.main.outputs.parameters.a.path must be specified for Container templates"
    ),
    "steps: [[{name: x, template: ok}]]\n  outputs: {parameters: [{name: a, valueFrom: {path: /a}}]}": (
        "templates.main.outputs.parameters.a.parameter or expression must be specified for Steps"
        " templates"
    ),
    "container: {image: i}\n  outputs: {artifacts: [{name: a, path: /a, globalName: 'x y'}]}": (
        f"templates.main.outputs.artifacts.a.globalName: {SAID_OF_PARAMETERS}"
    ),
    "container: {image: i}\n  metrics: {prometheus: [{name: a.b, help: h, counter: {value: '1'}}]}": (
        "templates.main metric name 'a.b' is invalid. Metric names must contain alphanumeric"
        " characters or '_'"
    ),
    "container: {image: i}\n  metrics: {prometheus: [{name: a, counter: {value: '1'}}]}": (
        "templates.main metric 'a' must contain a help string under 'help: ' field"
    ),
    "container: {image: i}\n  metrics: {prometheus: [{name: a, help: h, gauge: {}}]}": (
        "templates.main metric 'a' error: missing gauge.value"
    ),
    "steps: [[{name: a.b, template: ok}]]": (
        f"templates.main.steps[0].name 'a.b' is invalid: {SAID_OF_NAMES}"
    ),
    "steps: [[{name: a, template: ok, withSequence: {count: 1, end: 2}}]]": (
        "templates.main.steps[0].a only one of count or end can be defined in withSequence"
    ),
    "steps: [[{name: a, template: ok, arguments: {artifacts: [{name: f}]}}]]": (
        "templates.main.steps[0].a.arguments.f.from, artifact location, or key is required"
    ),
    "steps: [[{name: a, template: ok, arguments: {parameters: [{name: p, valueFrom: {path: /a}}]}}]]": (
        "templates.main.steps[0].a.arguments.p.valueFrom only allows: default, configMapKeyRef and"
        " supplied"
    ),
    "steps: [[{name: a, template: inner}]]": (
        "templates.main.steps[0].a templates.inner.steps[0].b template name 'gone' undefined"
    ),
    "dag: {tasks: []}": "templates.main must have at least one task",
    "dag: {tasks: [{name: a, template: ok}, {name: a, template: ok}]}": (
        "templates.main sorting failed: duplicated nodeName a"
    ),
    "dag: {tasks: [{name: a_b, template: ok}]}": (
        f"templates.main.tasks[0].name: 'a_b' is invalid: {SAID_OF_NAMES}"
    ),
    "dag: {tasks: [{name: a, template: ok}, {name: 1b, template: ok, dependencies: [a]}]}": (
        "templates.main.tasks.1b name cannot begin with a digit when using either 'depends' or"
        " 'dependencies'"
    ),
    "dag: {tasks: [{name: a, template: ok}, {name: b, template: ok, depends: a},"
    " {name: c, template: ok, dependencies: [a]}]}": (
        "templates.main cannot use both 'depends' and 'dependencies' in the same DAG template"
    ),
    "dag: {tasks: [{name: a, template: ok, continueOn: {failed: true}},"
    " {name: b, template: ok, depends: a}]}": (
        "templates.main cannot use 'continueOn' when using 'depends'. Instead use"
        " 'dep-task.Failed'/'dep-task.Errored'"
    ),
    "dag: {tasks: [{name: a, template: ok}, {name: b, template: ok, depends: a.AllFailed}]}": (
        "templates.main.tasks.b dependency 'a' uses an items-based condition such as .AnySucceeded"
        " or .AllFailed but does not contain any items"
    ),
    "dag: {tasks: [{name: a, template: ok}], target: b}": (
        "templates.main.targets: target 'b' is not defined"
    ),
}


def spec_of(template: str) -> dict[str, Any]:
    text = f"""
entrypoint: main
templates:
- name: main
  {template}
- {{name: ok, container: {{image: i}}}}
- {{name: inner, steps: [[{{name: b, template: gone}}]]}}
"""
    spec = yaml.safe_load(text)
    if "inner" not in template:
        del spec["templates"][2]
    return spec  # type: ignore[no-any-return]


@pytest.mark.parametrize("template", TEMPLATES)
def test_refused(play: Play, template: str) -> None:
    run = play(yaml.safe_dump({"spec": spec_of(template)})).run
    assert (run.phase, run.row["message"]) == ("Failed", f"invalid spec: {TEMPLATES[template]}")


SPECS = {
    "templates: [{name: main, container: {image: i}}, {name: main, container: {image: i}}]": (
        "spec.templates[1].name 'main' is not unique"
    ),
    "templates: [{name: main, container: {image: i}}, {name: a_b, container: {image: i}}]": (
        f"spec.templates[1].name: 'a_b' is invalid: {SAID_OF_NAMES}"
    ),
    "templates: [{name: main, container: {image: i}}]\narguments: {parameters: [{name: 'a#', value: x}]}": (
        f"spec.arguments.parameters[0].name: 'a#' is invalid: {SAID_OF_PARAMETERS}"
    ),
    "templates: [{name: main, container: {image: i}}]\npodGC: {strategy: Soon}": (
        "podGC.strategy unknown strategy 'Soon'"
    ),
    "templates: [{name: main, container: {image: i}}]\npodResources: {claims: [{name: c}]}": (
        "spec.podResources.claims is not supported for pod-level resources"
    ),
}


@pytest.mark.parametrize("spec", SPECS)
def test_refused_of_the_whole(play: Play, spec: str) -> None:
    body = {"spec": {"entrypoint": "main", **yaml.safe_load(spec)}}
    run = play(yaml.safe_dump(body)).run
    assert (run.phase, run.row["message"]) == ("Failed", f"invalid spec: {SPECS[spec]}")


ACCEPTED = (
    "dag: {tasks: [{name: a, template: ok}], target: '{{workflow.parameters.t}}'}",
    "steps: [[{name: 'a-{{workflow.parameters.t}}', template: ok}]]",
    "steps: [[{name: a, templateRef: {name: '{{workflow.parameters.t}}', template: x}}]]",
)


@pytest.mark.parametrize("template", ACCEPTED)
def test_what_only_the_run_knows_is_let_pass(play: Play, template: str) -> None:
    text = f"""
spec:
  entrypoint: main
  arguments: {{parameters: [{{name: t, value: a}}]}}
  templates:
  - name: main
    {template}
  - {{name: ok, container: {{image: i}}}}
"""
    assert not str(play(text).run.row["message"]).startswith("invalid spec")


def test_what_templates_share_is_not_asked_of_each(play: Play) -> None:
    run = play("""
spec:
  entrypoint: main
  templateDefaults: {parallelism: 1, timeout: 10s, container: {image: shared}}
  templates:
  - {name: main, steps: [[{name: a, template: ok}]]}
  - {name: ok, container: {}}
""").run
    assert run.phase == "Succeeded"


def test_tasks_are_looked_at_in_the_order_of_their_dependencies(play: Play) -> None:
    run = play("""
spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: b, template: late, dependencies: [a]}, {name: a, template: makes}]}
  - name: makes
    container: {image: i}
    outputs: {parameters: [{name: o, globalName: g, valueFrom: {path: /o, default: x}}]}
  - {name: late, container: {image: i, args: ["{{workflow.outputs.parameters.g}}"]}}
""").run
    assert run.phase == "Succeeded"


def test_an_exit_handler_may_use_an_artifact_whose_name_only_the_run_knows(play: Play) -> None:
    run = play("""
spec:
  entrypoint: main
  onExit: tell
  arguments: {parameters: [{name: t, value: a}]}
  templates:
  - name: main
    container: {image: i}
    outputs: {artifacts: [{name: f, path: /f, globalName: "of-{{workflow.parameters.t}}"}]}
  - {name: tell, container: {image: i, args: ["{{workflow.outputs.artifacts.of-a}}"]}}
""").run
    assert run.phase == "Succeeded"
