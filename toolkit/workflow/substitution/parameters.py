"""Parameters: from arguments to inputs, from every source, as strings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import json_text, struct_list_text
from toolkit.workflow.expressions.values import float_text
from toolkit.workflow.nodes import Row
from toolkit.workflow.substitution.scope import Scope, Values
from toolkit.workflow.substitution.substitute import Strictness, is_pure_reference, substitute

ABSENT_OPTIONAL: Final = "\0argo.absent-optional\0"
"""Stands for an argument that is nothing but a reference to a skipped node's output: the input's
own default takes its place.
"""

ConfigMaps = Mapping[str, Mapping[str, str]]


class ParameterError(ExpressionError):
    """An input has no value, or not a permitted one."""


def text_of(value: Any) -> str:
    """A parameter's value as the string it is in Argo, whatever its YAML type."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return float_text(value)
        case int():
            return str(value)
        case _:
            return json_text(value)


def whole(value: Any) -> int:
    """A whole number, perhaps written as text. Raises ParameterError."""
    try:
        return int(text_of(value))
    except ValueError as error:
        said = f"value '{text_of(value)}' cannot be resolved to an int"
        raise ParameterError(said) from error


def find(parameters: Any, name: str) -> Row | None:
    """The parameter or artifact of that name in a list, None where there is none."""
    for entry in parameters or ():
        if entry.get("name") == name:
            return entry  # type: ignore[no-any-return]
    return None


def inputs_of(template: Row, arguments: Row, scope: Scope, config_maps: ConfigMaps) -> Row:
    """The template's inputs with the values that the arguments, defaults and ConfigMaps give.

    Raises ParameterError with Argo's texts.
    """
    declared = template.get("inputs") or {}
    inputs: Row = {}
    if declared.get("parameters"):
        inputs["parameters"] = [
            _input_parameter(entry, arguments, scope, config_maps)
            for entry in declared["parameters"]
        ]
    if declared.get("artifacts"):
        inputs["artifacts"] = [_input_artifact(entry, arguments) for entry in declared["artifacts"]]
    return inputs


def _input_parameter(declared: Row, arguments: Row, scope: Scope, config_maps: ConfigMaps) -> Row:
    name = str(declared["name"])
    parameter = {key: value for key, value in declared.items() if value is not None}
    if "default" in parameter:
        parameter["value"] = text_of(parameter["default"])
    elif "value" in parameter:
        parameter["value"] = text_of(parameter["value"])
    argument = find(arguments.get("parameters"), name)
    if argument is not None and argument.get("value") == ABSENT_OPTIONAL:
        if "value" not in parameter and "valueFrom" not in parameter:
            raise ParameterError(
                f"inputs.parameters.{name}: argument references an absent optional "
                "(skipped/omitted node output with no default)"
            )
    elif argument is not None:
        _overwrite(parameter, argument)
    if (parameter.get("valueFrom") or {}).get("configMapKeyRef"):
        parameter["value"] = config_map_value(parameter, scope, config_maps)
        parameter.pop("valueFrom")
    if "value" not in parameter:
        raise ParameterError(f"inputs.parameters.{name} was not supplied")
    return parameter


def _overwrite(parameter: Row, argument: Row) -> None:
    if argument.get("value") is not None:
        parameter["value"] = text_of(argument["value"])
        parameter.pop("valueFrom", None)
    else:
        parameter.pop("value", None)
        parameter.pop("valueFrom", None)
        if argument.get("valueFrom"):
            parameter["valueFrom"] = argument["valueFrom"]


_DETECTABLE: Final = (
    "Please make sure it has the label workflows.argoproj.io/configmap-type: Parameter to be "
    "detectable by the controller"
)


_FROM_CONFIG_MAP: Final = "unable to retrieve inputs.parameters.{parameter} from ConfigMap"


def config_map_value(
    parameter: Row, scope: Scope, config_maps: ConfigMaps, failure: str = _FROM_CONFIG_MAP
) -> str:
    """The value behind a parameter's ``valueFrom.configMapKeyRef``, or its default. ``failure``
    begins the message of the ParameterError that it raises.
    """
    source = parameter["valueFrom"]
    reference = substitute(source["configMapKeyRef"], scope, Strictness.ALL)
    name, key = str(reference.get("name", "")), str(reference.get("key", ""))
    content = config_maps.get(name)
    if content is not None and key in content:
        return content[key]
    if source.get("default") is not None:
        return text_of(source["default"])
    what = (
        f"ConfigMap '{name}' does not exist. {_DETECTABLE}"
        if content is None
        else (f"ConfigMap '{name}' does not have the key '{key}'")
    )
    if reference.get("optional"):
        return ""
    said = failure.format(parameter=parameter["name"], name=name, key=key)
    raise ParameterError(f"{said}: {what}")


def _input_artifact(declared: Row, arguments: Row) -> Row:
    name = str(declared["name"])
    argument = find(arguments.get("artifacts"), name)
    if argument is None:
        if not declared.get("optional") and not has_location(declared):
            raise ParameterError(f"inputs.artifacts.{name} was not supplied")
        return declared
    if not declared.get("optional") and not has_location(declared) and not has_location(argument):
        raise ParameterError(f"inputs.artifacts.{name} missing location information")
    kept: Row = {key: declared[key] for key in ("path", "mode", "recurseMode") if key in declared}
    return {**argument, "name": name, **kept}


_LOCATIONS: Final = (
    "artifactory", "azure", "gcs", "git", "hdfs", "http", "oss", "plugin", "raw", "s3", "stored",
)  # fmt: skip


def has_location(artifact: Row) -> bool:
    """Whether it says where its content is."""
    return any(artifact.get(key) is not None for key in _LOCATIONS)


_FIELDS: Final = ("name", "default", "value", "valueFrom", "globalName", "enum", "description")


def all_text(parameters: Iterable[Row]) -> str:
    """``inputs.parameters`` or ``workflow.parameters`` as a whole: JSON as Argo writes it."""
    return struct_list_text(
        {key: entry[key] for key in _FIELDS if key in entry} for entry in parameters
    )


class InputValues(Values):
    """A template's inputs; ``inputs.parameters`` as a whole becomes JSON only when it is used."""

    __slots__ = ("_parameters",)

    def __init__(self, values: dict[str, Any], parameters: list[Row]) -> None:
        super().__init__(values)
        self._parameters = parameters

    def get(self, key: str) -> Any:
        return all_text(self._parameters) if key == "inputs.parameters" else super().get(key)


def input_values(inputs: Row, template: Row) -> InputValues:
    """The variables ``inputs.…`` and ``outputs.….path`` of a template."""
    parameters = inputs.get("parameters") or []
    values: dict[str, Any] = {
        f"inputs.parameters.{entry['name']}": entry["value"] for entry in parameters
    }
    for artifact in inputs.get("artifacts") or ():
        if artifact.get("path"):
            values[f"inputs.artifacts.{artifact['name']}.path"] = artifact["path"]
    outputs = template.get("outputs") or {}
    for artifact in outputs.get("artifacts") or ():
        if artifact.get("path"):
            values[f"outputs.artifacts.{artifact['name']}.path"] = artifact["path"]
    for parameter in outputs.get("parameters") or ():
        if path := (parameter.get("valueFrom") or {}).get("path"):
            values[f"outputs.parameters.{parameter['name']}.path"] = path
    return InputValues(values, parameters)


def mark_absent_optionals(arguments: Row, scope: Scope) -> Row:
    """Arguments in which a pure reference to a skipped node's output is marked as absent."""
    parameters = arguments.get("parameters")
    if not parameters:
        return arguments
    marked = [
        {**entry, "value": ABSENT_OPTIONAL} if _is_absent(entry, scope) else entry
        for entry in parameters
    ]
    return {**arguments, "parameters": marked}


def _is_absent(parameter: Row, scope: Scope) -> bool:
    value = parameter.get("value")
    key = is_pure_reference(value) if isinstance(value, str) else ""
    return bool(key) and scope.get(key) is None
