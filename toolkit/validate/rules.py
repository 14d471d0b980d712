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
    """``summary`` is one sentence: what is true where nothing is found. ``hint`` is given with a
    finding that has none of its own.
    """

    severity: Severity
    summary: str
    hint: str = ""


RULES: Final[Mapping[str, Rule]] = {
    # Reading and building
    "settings": Rule(ERROR, "gitops.yaml can be read."),
    "yaml": Rule(ERROR, "Files are YAML: syntax, no duplicate keys, within the limits."),
    "build": Rule(ERROR, "The environment's overlay can be built."),
    "build-warning": Rule(WARNING, "The build had nothing to tolerate."),
    # Any object
    "missing-type": Rule(
        ERROR,
        "Every object has an apiVersion and a kind.",
        "begin it as in: apiVersion: argoproj.io/v1alpha1 and kind: Workflow",
    ),
    "missing-name": Rule(
        ERROR,
        "Every object that is synced has a name.",
        "give it metadata.name (for runs metadata.generateName does, too)",
    ),
    "unknown-kind": Rule(ERROR, "apiVersion and kind name something that exists."),
    "duplicate-object": Rule(ERROR, "No two objects have the same kind, namespace and name."),
    "invalid-name": Rule(
        ERROR,
        "Names are what Kubernetes accepts for their kind.",
        "write it in lower-case letters, digits and '-'",
    ),
    "name-too-long": Rule(
        ERROR,
        "Names leave room for what is made from them.",
        "write a shorter one",
    ),
    "invalid-label": Rule(
        ERROR,
        "Labels are what Kubernetes accepts.",
        "letters, digits, '-', '_' and '.', 63 at most, a letter or digit at both ends",
    ),
    "unknown-field": Rule(
        ERROR,
        "Every field exists in the kind's schema.",
        "take it away, or put it where it belongs",
    ),
    "missing-field": Rule(
        ERROR,
        "Every required field is there.",
        "add it",
    ),
    "wrong-type": Rule(
        ERROR,
        "Every value has the type its field takes.",
        "write it as the field takes it",
    ),
    "scalar-for-text": Rule(WARNING, "Numbers and booleans that are meant as texts are in quotes."),
    "value-not-allowed": Rule(
        ERROR,
        "Values of closed lists and ranges are inside them.",
        "write a value that is allowed there",
    ),
    # Workflow specs: templates
    "missing-templates": Rule(ERROR, "A workflow has templates, or refers to a WorkflowTemplate."),
    "templates-beside-ref": Rule(ERROR, "workflowTemplateRef stands without templates beside it."),
    "missing-entrypoint": Rule(ERROR, "A workflow that can run has an entrypoint."),
    "unknown-entrypoint": Rule(ERROR, "The entrypoint is one of the templates."),
    "no-template-type": Rule(
        ERROR,
        "Every template has a type.",
        "say in it what the template does",
    ),
    "several-template-types": Rule(ERROR, "Every template has one type only."),
    "template-invokes-template": Rule(ERROR, "Only steps and dag templates call others."),
    "misplaced-field": Rule(
        ERROR,
        "Fields stand only on the template types that know them.",
        "take it away, or put it where it belongs",
    ),
    "invalid-field-name": Rule(
        ERROR,
        "Templates, steps, tasks, parameters are named as Argo can.",
        "give it a name of letters, digits and '-', beginning with a letter",
    ),
    "duplicate-name": Rule(
        ERROR,
        "Names are unique where something is looked up by name.",
        "rename or remove one of the two",
    ),
    "missing-image": Rule(
        ERROR,
        "Every container and script has an image.",
        "add image: NAME:TAG",
    ),
    "reserved-container-name": Rule(ERROR, "No container takes a name that Argo uses itself."),
    "invalid-container-set": Rule(
        ERROR,
        "Container sets fit together.",
        "compare it with the example in Argo's documentation of container sets",
    ),
    "invalid-resource-template": Rule(
        ERROR,
        "Resource templates have an action and a manifest.",
        "give it an action and a manifest",
    ),
    "invalid-pod-resources": Rule(
        ERROR,
        "Pod-level resources are what a pod can have.",
        "give them to the container that needs them",
    ),
    "invalid-metric": Rule(
        ERROR,
        "Metrics are what Prometheus accepts.",
        "give it a name, a help text and one of gauge, counter, histogram",
    ),
    "invalid-duration": Rule(
        ERROR,
        "Durations and deadlines can be read.",
        "write it like 90s, 5m, 1h30m; deadlines in whole seconds",
    ),
    "invalid-output": Rule(
        ERROR,
        "Outputs say where their value comes from.",
        "give it one of value and valueFrom",
    ),
    # Workflow specs: calls
    "unknown-template": Rule(ERROR, "Every template that is called exists."),
    "unknown-workflow-template": Rule(ERROR, "Every WorkflowTemplate referred to is rendered."),
    "no-call": Rule(
        ERROR,
        "Every step, task and hook calls one template, in one way.",
        "keep one of template, templateRef and inline",
    ),
    "missing-argument": Rule(ERROR, "Every input without a default is supplied."),
    "unknown-argument": Rule(WARNING, "Every argument is an input of the template called."),
    "argument-without-value": Rule(
        ERROR,
        "Every argument has a value.",
        "give it a value or a default here, or -p NAME=VALUE when it is run",
    ),
    "value-not-in-enum": Rule(
        ERROR,
        "A parameter's value is one of its enum.",
        "write one of its enum, or add this value there",
    ),
    "invalid-loop": Rule(
        ERROR,
        "A step loops in one way.",
        "keep one of withItems, withParam and withSequence, and one of count and end",
    ),
    "hook-without-expression": Rule(ERROR, "Hooks other than exit have an expression."),
    # Workflow specs: DAGs
    "unknown-dependency": Rule(ERROR, "Every dependency is a task of the same DAG."),
    "dependency-cycle": Rule(
        ERROR,
        "No task depends on itself.",
        "take one of these dependencies away",
    ),
    "missing-dependency": Rule(ERROR, "A task depends on the tasks whose outputs it uses."),
    "invalid-depends": Rule(
        ERROR,
        "depends and dependencies are used as Argo can read them.",
        "write it with task names, &&, ||, ! and TASK.RESULT",
    ),
    "unknown-target": Rule(ERROR, "Every target of a DAG is one of its tasks."),
    # Workflow specs: texts
    "unknown-tag": Rule(
        ERROR,
        "Every template tag stands for something.",
        "look for the name where it is declared",
    ),
    "invalid-expression": Rule(
        ERROR,
        "Every expression can be parsed.",
        "the position in it is line:column",
    ),
    # References to other objects
    "unknown-config-map": Rule(ERROR, "Every ConfigMap referred to is rendered."),
    "unknown-key": Rule(ERROR, "Every key referred to is in the ConfigMap or Secret rendered."),
    # CronWorkflows
    "missing-schedule": Rule(ERROR, "A CronWorkflow has a schedule."),
    "invalid-schedule": Rule(
        ERROR,
        "Every schedule can be read.",
        "write five fields, as in '30 2 * * *', or @daily",
    ),
    "invalid-timezone": Rule(ERROR, "The time zone exists."),
    "unknown-cron": Rule(ERROR, "Every cron that another runs after is rendered."),
    "cron-cycle": Rule(
        ERROR,
        "No cron runs after itself.",
        "take one of these away",
    ),
}
"""By name, in the order of the documentation."""
