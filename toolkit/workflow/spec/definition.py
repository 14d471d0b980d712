"""What is fixed when a workflow is submitted: the merged spec, templates, global variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.resource.resource import Body
from toolkit.workflow.expressions import json_text
from toolkit.workflow.expressions.evaluate import Environment, parse
from toolkit.workflow.nodes import Row, parse_instant
from toolkit.workflow.spec.library import Library, template_reference
from toolkit.workflow.spec.merge import overlay, with_defaults
from toolkit.workflow.spec.repositories import reference_of, repository_of
from toolkit.workflow.spec.shape import TEMPLATE_OBJECT, WORKFLOW, misshapen
from toolkit.workflow.substitution.parameters import (
    ParameterError,
    all_text,
    config_map_value,
    text_of,
)
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import has_tags_within, substitute

DEFINITION: Final = "@definition"
"""The note's id."""

SCHEDULED_TIME: Final = "workflows.argoproj.io/scheduled-time"
_TEMPLATES: Final = frozenset({"templates", "templateDefaults"})
_PARAMETERS: Final = "workflow.parameters"
_STRFTIME: Final = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUvVwWxXyYzZ"
_UNIT: Final = "\x1f"
_STRFTIME_ALL: Final = _UNIT.join(f"%{char}" for char in _STRFTIME)
"""One call for all of them: forty cost as much as the rest of a submit."""


class DefinitionError(ExpressionError):
    """A workflow that cannot be run. ``phase`` is what the run ends in."""

    def __init__(self, message: str, *, phase: str = "Error") -> None:
        super().__init__(message)
        self.phase = phase


class TemplateError(ExpressionError):
    """A template cannot be found."""


class Definition:
    """The definition's row, indexed. Immutable."""

    __slots__ = (
        "_fixed",
        "_merged",
        "config_maps",
        "global_values",
        "metadata",
        "repository",
        "row",
        "spec",
        "templates",
    )

    def __init__(self, row: Row) -> None:
        self.row = row
        self.spec: Row = row["spec"]
        self.metadata: Row = row["metadata"]
        self.repository: Row = row.get("repository") or {}
        self.templates: dict[str, dict[str, Row]] = row["templates"]
        self.config_maps: dict[str, dict[str, str]] = row["configMaps"]
        self.global_values = Values(row["globals"])
        self._merged: dict[int, Row] = {}  # stored templates over templateDefaults, by identity
        self._fixed: dict[int, bool] = {}  # of stored templates, by identity

    @property
    def is_empty(self) -> bool:
        """A spec that could not be read: there is nothing to run."""
        return not self.row["scope"]

    def resolve(self, holder: Row, scope: str) -> tuple[Row, str]:
        """The template that a step, task or hook names, and the scope in which its own names are
        looked up. Raises TemplateError.
        """
        template, inner = self.declared(holder, scope)
        if holder.get("inline"):
            return self._with_defaults(template), inner
        return self._stored(template), inner

    def declared(self, holder: Row, scope: str) -> tuple[Row, str]:
        """The same as it is written, without templateDefaults."""
        if holder.get("inline"):
            return holder["inline"], scope
        reference = holder.get("templateRef")
        if reference:
            return self._referred(reference)
        name = str(holder.get("template") or "")
        if not name:
            raise TemplateError("template name is required")
        found = self.templates.get(scope, {}).get(name)
        if found is None:
            raise TemplateError(f"template name '{name}' undefined")
        return found, scope

    def is_fixed(self, template: Row) -> bool:
        """Whether a template that :meth:`resolve` gave is known to have no tags: there is nothing
        to put into it.
        """
        return self._fixed.get(id(template), False)

    def _stored(self, template: Row) -> Row:
        stored = self._over_defaults(template)
        if id(stored) not in self._fixed:
            self._fixed[id(stored)] = not has_tags_within(stored)
        return stored

    def _over_defaults(self, template: Row) -> Row:
        if not self.spec.get("templateDefaults"):
            return template
        if id(template) not in self._merged:
            self._merged[id(template)] = self._with_defaults(template)
        return self._merged[id(template)]

    def _referred(self, reference: Row) -> tuple[Row, str]:
        scope = scope_of(reference)
        name = str(reference.get("template") or "")
        templates = self.templates.get(scope)
        found = (templates or {}).get(name)
        if found is None:
            raise TemplateError(f"template reference {reference.get('name')}.{name} not found")
        return found, scope

    def _with_defaults(self, template: Row) -> Row:
        return with_defaults(template, self.spec.get("templateDefaults"))


def scope_of(reference: Row) -> str:
    """``namespaced/<name>`` or ``cluster/<name>``, as in Argo's ``templateScope``."""
    kind = "cluster" if reference.get("clusterScope") else "namespaced"
    return f"{kind}/{reference.get('name')}"


def local_scope(workflow_name: str) -> str:
    """The scope of a workflow's own templates; of one that is made of a WorkflowTemplate, "" is
    its name, as in Argo.
    """
    return f"local/{workflow_name}"


def define(workflow: Body, library: Library, now: datetime) -> Row:
    """The definition's row. Raises DefinitionError with a message for people."""
    for text in (*misshapen(workflow, WORKFLOW), *_misshapen_templates(library)):
        raise DefinitionError(f"invalid spec: {text}", phase="Failed")
    metadata = workflow.get("metadata") or {}
    given, scope = _merged_spec(workflow, library)
    spec = dict(given)
    parameters = _with_values(spec, library)
    values = _global_values(metadata, spec, parameters, now)
    spec, labels = _substituted(spec, values, now)
    name = "" if spec.get("workflowTemplateRef") else str(metadata.get("name"))
    templates = _stored_templates(library)
    templates[local_scope(name)] = {
        str(template.get("name")): template for template in spec.pop("templates", None) or ()
    }
    return {
        "spec": spec,
        "given": _changed_by(given, spec),
        "scope": scope or local_scope(name),
        "templates": templates,
        "configMaps": {name: dict(data) for name, data in library.config_maps.items()},
        "globals": values,
        "repository": _repository(spec, library),
        "repositoryRef": reference_of(spec, library),
        "metadata": {"labels": labels, "annotations": _annotations(spec)},
    }


def redefine(row: Row, overrides: Mapping[str, str], now: datetime) -> Row:
    """The definition's row with other parameters, as if it had been submitted with them: they come
    first, and nothing but name and value is left of what they override. Raises DefinitionError.
    """
    given = given_spec(row)
    arguments: Row = given.get("arguments") or {}
    others = [one for one in arguments.get("parameters") or () if one.get("name") not in overrides]
    wanted = [{"name": name, "value": value} for name, value in overrides.items()]
    given["arguments"] = {**arguments, "parameters": [*wanted, *others]}
    spec = dict(given)
    parameters = _with_values(spec, Library(config_maps=row["configMaps"]))
    values = {k: v for k, v in row["globals"].items() if not k.startswith(_PARAMETERS)}
    values |= _parameter_values(parameters)
    spec, labels = _substituted(spec, values, now)
    return {
        **row,
        "spec": spec,
        "given": _changed_by(given, spec),
        "globals": values,
        "metadata": {"labels": labels, "annotations": _annotations(spec)},
    }


def given_spec(row: Row) -> Row:
    """The spec, without its templates, as it was given: nothing put in for its tags."""
    return {**row["spec"], **(row.get("given") or {})}


def _changed_by(given: Row, spec: Row) -> Row:
    return {
        key: value
        for key, value in given.items()
        if key not in _TEMPLATES and spec.get(key) != value
    }


def _misshapen_templates(library: Library) -> Iterator[str]:
    for (kind, name), body in library.templates.items():
        yield from misshapen(body, TEMPLATE_OBJECT, f"{kind} {name}")


def _repository(spec: Row, library: Library) -> Row:
    try:
        return repository_of(spec, library)
    except ExpressionError as error:
        raise DefinitionError(error.message) from error


def _merged_spec(workflow: Body, library: Library) -> tuple[Row, str]:
    spec: Row = workflow.get("spec") or {}
    reference = spec.get("workflowTemplateRef")
    if not reference:
        return dict(spec), ""
    wanted = template_reference(reference)
    body = library.templates.get((wanted.kind, wanted.name))
    if body is None:
        raise DefinitionError(f'{wanted.kind.lower()}.argoproj.io "{wanted.name}" not found')
    if spec.get("templates"):
        text = "Templates is invalid field in spec if workflow referred WorkflowTemplate reference"
        raise DefinitionError(f"invalid spec: {text}", phase="Failed")
    merged: Row = overlay(body.get("spec") or {}, spec)
    return merged, ""


def _stored_templates(library: Library) -> dict[str, dict[str, Row]]:
    stored: dict[str, dict[str, Row]] = {}
    for (kind, name), body in library.templates.items():
        reference = {"name": name, "clusterScope": kind.startswith("Cluster")}
        templates = (body.get("spec") or {}).get("templates") or ()
        stored[scope_of(reference)] = {
            str(template.get("name")): template for template in templates
        }
    return stored


def _with_values(spec: Row, library: Library) -> list[Row]:
    """The workflow's parameters with their values; ``spec`` gets them too."""
    arguments = spec.get("arguments") or {}
    parameters = [
        _with_value(parameter, library) for parameter in arguments.get("parameters") or ()
    ]
    if parameters:
        spec["arguments"] = {**arguments, "parameters": parameters}
    return parameters


_FROM_CONFIG_MAP: Final = "from configmap with name {name} and key {key}"


def _with_value(parameter: Row, library: Library) -> Row:
    name = str(parameter.get("name"))
    if parameter.get("value") is not None:
        valued = {**parameter, "value": text_of(parameter["value"])}
    elif (parameter.get("valueFrom") or {}).get("configMapKeyRef"):
        try:
            value = config_map_value(parameter, Scope(), library.config_maps, _FROM_CONFIG_MAP)
        except ExpressionError as error:
            text = f"failed to set global parameters: failed to set global parameter {name}"
            raise DefinitionError(f"{text} {error.message}", phase="Failed") from error
        valued = {**parameter, "value": value}
        valued.pop("valueFrom")
    elif (parameter.get("valueFrom") or {}).get("default") is not None:
        valued = {**parameter, "value": text_of(parameter["valueFrom"]["default"])}
    elif parameter.get("default") is not None:
        valued = {**parameter, "value": text_of(parameter["default"])}
    elif parameter.get("valueFrom") is None:
        where = f"spec.arguments.{name}"
        text = f"invalid spec: {where}.value or {where}.valueFrom is required"
        raise DefinitionError(text, phase="Failed")
    else:
        text = (
            f"either value or valueFrom must be specified in order to set global parameter {name}"
        )
        raise DefinitionError(text)
    allowed = [text_of(value) for value in parameter.get("enum") or ()]
    if allowed and valued["value"] not in allowed:
        where = f"spec.arguments.parameters.{name}"
        text = f"invalid spec: {where}.value should be present in {where}.enum list"
        raise DefinitionError(text, phase="Failed")
    return valued


def _global_values(
    metadata: Row, spec: Row, parameters: list[Row], now: datetime
) -> dict[str, str]:
    labels = {str(key): str(value) for key, value in (metadata.get("labels") or {}).items()}
    annotations = {
        str(key): str(value) for key, value in (metadata.get("annotations") or {}).items()
    }
    created = metadata.get("creationTimestamp")
    said = [json_text(part) for part in (annotations, labels)]
    values = {
        "workflow.name": str(metadata.get("name")),
        "workflow.namespace": str(metadata.get("namespace") or ""),
        "workflow.mainEntrypoint": str(spec.get("entrypoint") or ""),
        "workflow.serviceAccountName": str(spec.get("serviceAccountName") or ""),
        "workflow.uid": str(metadata.get("uid") or ""),
        **dict.fromkeys(("workflow.annotations", "workflow.annotations.json"), said[0]),
        **dict.fromkeys(("workflow.labels", "workflow.labels.json"), said[1]),
        **_creation(parse_instant(str(created)) if created else now),
        **_parameter_values(parameters),
    }
    if spec.get("priority") is not None:
        values["workflow.priority"] = str(spec["priority"])
    if SCHEDULED_TIME in annotations:
        values["workflow.scheduledTime"] = annotations[SCHEDULED_TIME]
    extra = spec.get("workflowMetadata") or {}
    labels.update(_strings(extra.get("labels")))
    annotations.update(_strings(extra.get("annotations")))
    values.update({f"workflow.labels.{key}": value for key, value in labels.items()})
    values.update({f"workflow.annotations.{key}": value for key, value in annotations.items()})
    for key in extra.get("labelsFrom") or {}:
        values.pop(f"workflow.labels.{key}", None)
    return values


def _parameter_values(parameters: list[Row]) -> dict[str, str]:
    text = all_text(parameters)
    return {
        **dict.fromkeys((_PARAMETERS, f"{_PARAMETERS}.json"), text),
        **{f"{_PARAMETERS}.{entry['name']}": entry["value"] for entry in parameters},
    }


def _strings(pairs: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): text_of(value) for key, value in (pairs or {}).items()}


def _creation(created: datetime) -> dict[str, str]:
    utc = created.astimezone(UTC)
    parts = utc.strftime(_STRFTIME_ALL).split(_UNIT)
    text = utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    key = "workflow.creationTimestamp"
    return {
        **{f"{key}.{char}": part for char, part in zip(_STRFTIME, parts, strict=True)},
        key: text,
        f"{key}.RFC3339": text,
        f"{key}.s": str(int(utc.timestamp())),
    }


def _substituted(spec: Row, values: dict[str, str], now: datetime) -> tuple[Row, dict[str, str]]:
    """The spec outside its templates with globals put in, and the labels of workflowMetadata."""
    scope = Scope(Values(values), now=now)
    templates, defaults = spec.get("templates"), spec.get("templateDefaults")
    outside = {key: spec[key] for key in spec if key not in _TEMPLATES}
    try:
        replaced: Row = dict(substitute(outside, scope))
        labels = _labels_from(replaced, scope)
    except ExpressionError as error:
        raise DefinitionError(error.message) from error
    for key, value in labels.items():
        values[f"workflow.labels.{key}"] = value
    given = _strings((replaced.get("workflowMetadata") or {}).get("labels"))
    for key, value in given.items():
        _check_label(value, f'"{key}"')
    labels = {**given, **labels}
    if templates is not None:
        replaced["templates"] = templates
    if defaults is not None:
        replaced["templateDefaults"] = defaults
    for parameter in (replaced.get("arguments") or {}).get("parameters") or ():
        values[f"workflow.parameters.{parameter['name']}"] = parameter["value"]
    return replaced, labels


_LABEL: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_MOST_OF_LABEL: Final = 63


def _check_label(value: str, where: str) -> None:
    """Raises DefinitionError, with Kubernetes' words, for what is no value of a label."""
    said = []
    if len(value) > _MOST_OF_LABEL:
        said.append(f"must be no more than {_MOST_OF_LABEL} characters")
    if not _LABEL.fullmatch(value):
        said.append(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', "
            "'_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  "
            f"or 'my_value',  or '12345', regex used for validation is '{_LABEL.pattern}')"
        )
    if said:
        text = f'invalid label value "{value}" for label {where}: {";".join(said)}'
        raise DefinitionError(text)


def _labels_from(spec: Row, scope: Scope) -> dict[str, str]:
    sources = (spec.get("workflowMetadata") or {}).get("labelsFrom") or {}
    labels: dict[str, str] = {}
    for key, source in sources.items():
        environment: Environment = scope.environment()
        value = parse(str(source.get("expression"))).evaluate(environment)
        if not isinstance(value, str):
            text = f'failed to evaluate label "{key}" expression "{source.get("expression")}"'
            raise ParameterError(f"{text}: it is no string")
        _check_label(value, f'"{key}" and expression "{source.get("expression")}"')
        labels[key] = value
    return labels


def _annotations(spec: Row) -> dict[str, str]:
    return _strings((spec.get("workflowMetadata") or {}).get("annotations"))
