"""The table of rules. docs/rules.md explains each; a test holds the two together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from toolkit.validate.finding import Severity

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Rule:
    """``summary`` is one sentence: what is true where nothing is found."""

    severity: Severity
    summary: str


RULES: Final[Mapping[str, Rule]] = {
    # Reading and building
    "settings": Rule(ERROR, "gitops.yaml can be read."),
    "yaml": Rule(ERROR, "Files are YAML: syntax, no duplicate keys, within the limits."),
    "build": Rule(ERROR, "The environment's overlay can be built."),
    "build-warning": Rule(WARNING, "The build had nothing to tolerate."),
    # Any object
    "missing-type": Rule(ERROR, "Every object has an apiVersion and a kind."),
    "missing-name": Rule(ERROR, "Every object that is synced has a name."),
    "unknown-kind": Rule(ERROR, "apiVersion and kind name something that exists."),
    "duplicate-object": Rule(ERROR, "No two objects have the same kind, namespace and name."),
    "invalid-name": Rule(ERROR, "Names are what Kubernetes accepts for their kind."),
    "name-too-long": Rule(ERROR, "Names leave room for what is made from them."),
    "invalid-label": Rule(ERROR, "Labels are what Kubernetes accepts."),
    "unknown-field": Rule(ERROR, "Every field exists in the kind's schema."),
    "missing-field": Rule(ERROR, "Every required field is there."),
    "wrong-type": Rule(ERROR, "Every value has the type its field takes."),
    "value-not-allowed": Rule(ERROR, "Values of closed lists and ranges are inside them."),
    # Workflow specs: templates
    "missing-templates": Rule(ERROR, "A workflow has templates, or refers to a WorkflowTemplate."),
    "templates-beside-ref": Rule(ERROR, "workflowTemplateRef stands without templates beside it."),
    "missing-entrypoint": Rule(ERROR, "A workflow that can run has an entrypoint."),
    "unknown-entrypoint": Rule(ERROR, "The entrypoint is one of the templates."),
    "no-template-type": Rule(ERROR, "Every template has a type."),
    "several-template-types": Rule(ERROR, "Every template has one type only."),
    "template-invokes-template": Rule(ERROR, "Only steps and dag templates call others."),
    "misplaced-field": Rule(ERROR, "Fields stand only on the template types that know them."),
    "invalid-field-name": Rule(ERROR, "Templates, steps, tasks, parameters are named as Argo can."),
    "duplicate-name": Rule(ERROR, "Names are unique where something is looked up by name."),
    "missing-image": Rule(ERROR, "Every container and script has an image."),
    "reserved-container-name": Rule(ERROR, "No container takes a name that Argo uses itself."),
    "invalid-container-set": Rule(ERROR, "Container sets fit together."),
    "invalid-resource-template": Rule(ERROR, "Resource templates have an action and a manifest."),
    "invalid-pod-resources": Rule(ERROR, "Pod-level resources are what a pod can have."),
    "invalid-metric": Rule(ERROR, "Metrics are what Prometheus accepts."),
    "invalid-duration": Rule(ERROR, "Durations and deadlines can be read."),
    "invalid-output": Rule(ERROR, "Outputs say where their value comes from."),
    # Workflow specs: calls
    "unknown-template": Rule(ERROR, "Every template that is called exists."),
    "unknown-workflow-template": Rule(ERROR, "Every WorkflowTemplate referred to is rendered."),
    "no-call": Rule(ERROR, "Every step, task and hook calls one template, in one way."),
    "missing-argument": Rule(ERROR, "Every input without a default is supplied."),
    "unknown-argument": Rule(WARNING, "Every argument is an input of the template called."),
    "argument-without-value": Rule(ERROR, "Every argument has a value."),
    "value-not-in-enum": Rule(ERROR, "A parameter's value is one of its enum."),
    "invalid-loop": Rule(ERROR, "A step loops in one way."),
    "hook-without-expression": Rule(ERROR, "Hooks other than exit have an expression."),
    # Workflow specs: DAGs
    "unknown-dependency": Rule(ERROR, "Every dependency is a task of the same DAG."),
    "dependency-cycle": Rule(ERROR, "No task depends on itself."),
    "missing-dependency": Rule(ERROR, "A task depends on the tasks whose outputs it uses."),
    "invalid-depends": Rule(ERROR, "depends and dependencies are used as Argo can read them."),
    "unknown-target": Rule(ERROR, "Every target of a DAG is one of its tasks."),
    # Workflow specs: texts
    "unknown-tag": Rule(ERROR, "Every template tag stands for something."),
    "invalid-expression": Rule(ERROR, "Every expression can be parsed."),
    # References to other objects
    "unknown-config-map": Rule(ERROR, "Every ConfigMap referred to is rendered."),
    "unknown-key": Rule(ERROR, "Every key referred to is in the ConfigMap or Secret rendered."),
    # CronWorkflows
    "missing-schedule": Rule(ERROR, "A CronWorkflow has a schedule."),
    "invalid-schedule": Rule(ERROR, "Every schedule can be read."),
    "invalid-timezone": Rule(ERROR, "The time zone exists."),
    "unknown-cron": Rule(ERROR, "Every cron that another runs after is rendered."),
    "cron-cycle": Rule(ERROR, "No cron runs after itself."),
}
"""By name, in the order of the documentation."""
