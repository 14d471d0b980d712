"""Outputs: of pods, as variables of later steps, of loops together, of steps and dag templates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolkit.errors import ExpressionError
from toolkit.workflow.events import ContainerEnded, ResourceAnswered
from toolkit.workflow.expressions import json_text, parse
from toolkit.workflow.expressions.values import go_text
from toolkit.workflow.nodes import OMITTED, RETRY, SKIPPED, SUCCEEDED, Node, Row
from toolkit.workflow.outputs.artifacts import is_placed, with_sub_path
from toolkit.workflow.pods.containers import has_output_container
from toolkit.workflow.step.draft import Draft
from toolkit.workflow.substitution.parameters import text_of
from toolkit.workflow.substitution.scope import MISSING, Scope
from toolkit.workflow.substitution.substitute import SubstitutionError, replace

# Of a pod


def of_container(node: Node, event: ContainerEnded) -> str:
    """Put a container's outputs into its node; the message of what is missing, else ""."""
    found: Row = {}
    problems: list[str] = []
    if event.result is not None:
        found["result"] = event.result
    declared = node.engine.get("outputs") or {}
    parameters = [
        filled
        for parameter in declared.get("parameters") or ()
        if (filled := _file_parameter(parameter, event, problems)) is not None
    ]
    if parameters:
        found["parameters"] = parameters
    saved = event.artifacts or {}
    artifacts = []
    for artifact in declared.get("artifacts") or ():
        if artifact["name"] in saved:
            place = {} if is_placed(artifact) else {"s3": {"key": saved[artifact["name"]]}}
            artifacts.append({**artifact, **place})
        elif artifact.get("path") and not artifact.get("optional"):
            problems.append(
                f"failed to save output artifact {artifact['name']}: "
                f"{artifact['path']}: no such file or directory"
            )
    if artifacts:
        found["artifacts"] = artifacts
    if has_output_container(node):
        found["exitCode"] = str(event.exit_code)
    node.status["outputs"] = found
    return "; ".join(problems)


def _file_parameter(parameter: Row, event: ContainerEnded, problems: list[str]) -> Row | None:
    source = parameter.get("valueFrom") or {}
    name = str(parameter["name"])
    if "value" in parameter and not source:
        return {**parameter, "value": text_of(parameter["value"])}
    value = event.outputs.get(name)
    if value is None and source.get("default") is not None:
        value = text_of(source["default"])
    if value is None:
        problems.append(
            f"failed to save output parameter {name}: "
            f"{source.get('path')}: no such file or directory"
        )
        return None
    return {**parameter, "value": value}


def of_resource(node: Node, event: ResourceAnswered) -> str:
    """Put a resource call's outputs into its node; the message of what is missing, else ""."""
    parameters = []
    for parameter in (node.engine.get("outputs") or {}).get("parameters") or ():
        name = str(parameter["name"])
        default = (parameter.get("valueFrom") or {}).get("default")
        value = event.outputs.get(name, None if default is None else text_of(default))
        if value is None:
            return f"failed to get output parameter {name} of the resource"
        parameters.append({**parameter, "value": value})
    if parameters:
        node.status["outputs"] = {"parameters": parameters}
    return ""


def export(draft: Draft, node: Node) -> None:
    """Outputs with a ``globalName`` become the workflow's."""
    for kind in ("parameters", "artifacts"):
        for entry in (node.outputs or {}).get(kind) or ():
            if entry.get("globalName"):
                _export(draft, kind, entry)


def _export(draft: Draft, kind: str, entry: Row) -> None:
    dropped = {"globalName", "path", "valueFrom"}
    kept = {key: value for key, value in entry.items() if key not in dropped}
    kept["name"] = entry["globalName"]
    outputs = dict(draft.row.get("outputs") or {})
    others = [known for known in outputs.get(kind) or () if known["name"] != kept["name"]]
    outputs[kind] = [*others, kept]
    draft.edit_run()["outputs"] = outputs


# As variables


def node_values(draft: Draft, node: Node) -> dict[str, Any]:
    """What ``steps.<name>.`` or ``tasks.<name>.`` gives of one node; of a retry, its last
    attempt's.
    """
    node = last_attempt(draft, node) or node
    status = node.status
    values: dict[str, Any] = {
        "id": node.id,
        "startedAt": status["startedAt"],
        "status": node.phase,
    }
    if status.get("finishedAt"):
        values["finishedAt"] = status["finishedAt"]
    if status.get("podIP"):
        values["ip"] = status["podIP"]
    if status.get("hostNodeName"):
        values["hostNodeName"] = status["hostNodeName"]
    if node.outputs is not None:
        values.update(output_values(node.outputs))
    elif node.phase in {SKIPPED, OMITTED}:
        values.update(_skipped_values(draft, node))
    return values


def output_values(outputs: Row) -> dict[str, Any]:
    """The variables of a node's outputs."""
    values: dict[str, Any] = {}
    if outputs.get("result") is not None:
        values["outputs.result"] = outputs["result"]
    if outputs.get("exitCode") is not None:
        values["exitCode"] = outputs["exitCode"]
    for parameter in outputs.get("parameters") or ():
        if parameter.get("value") is not None:
            values[f"outputs.parameters.{parameter['name']}"] = parameter["value"]
    for artifact in outputs.get("artifacts") or ():
        values[f"outputs.artifacts.{artifact['name']}"] = artifact
    return values


def _skipped_values(draft: Draft, node: Node) -> dict[str, Any]:
    """A skipped node's declared outputs: the default, or None: an absent optional. Steps (not
    tasks) also give empty artifacts.
    """
    try:
        template, _ = draft.run.definition.resolve(
            node.engine["holder"], node.status["templateScope"]
        )
    except ExpressionError:
        return {}
    values: dict[str, Any] = {}
    declared = template.get("outputs") or {}
    for parameter in declared.get("parameters") or ():
        default = (parameter.get("valueFrom") or {}).get("default")
        key = f"outputs.parameters.{parameter['name']}"
        values[key] = None if default is None else text_of(default)
    if node.engine.get("prefix") == "steps":
        for artifact in declared.get("artifacts") or ():
            values[f"outputs.artifacts.{artifact['name']}"] = {}
    return values


def last_attempt(draft: Draft, node: Node) -> Node | None:
    """The newest attempt of a retry; None for other nodes."""
    if node.type != RETRY:
        return None
    for id in reversed(draft.children(node.id)):
        attempt = draft.node(id)
        if not attempt.is_hook:
            return attempt
    return None


def loop_values(items: Sequence[Node], base: dict[str, Any]) -> dict[str, Any]:
    """What a loop gives: its group's variables, and the outputs of all Succeeded items, by
    index, as JSON. Raises SubstitutionError where a result is not JSON.

    DEVIATION: of a memoized resubmit also what was taken over, which Argo leaves out.
    """
    values = dict(base)
    results: list[Any] = []
    parameter_maps: list[dict[str, str]] = []
    lists: dict[str, list[str]] = {}
    for node in sorted(items, key=lambda item: int(item.engine["index"])):
        has_succeeded = node.phase == SUCCEEDED or node.engine.get("memoized")
        if node.outputs is None or not has_succeeded:
            continue
        parameters = {
            entry["name"]: entry["value"] for entry in node.outputs.get("parameters") or ()
        }
        if parameters:
            parameter_maps.append(parameters)
        for name, value in parameters.items():
            lists.setdefault(name, []).append(value)
        if node.outputs.get("result") is not None:
            results.append(_json_result(node))
    values["outputs.result"] = json_text(results)
    values["outputs.parameters"] = json_text(parameter_maps)
    for name, texts in lists.items():
        values[f"outputs.parameters.{name}"] = json_text(_as_collections(texts))
    return values


def _json_result(node: Node) -> Any:
    text = (node.outputs or {})["result"]
    try:
        return json.loads(text)
    except ValueError as error:
        raise SubstitutionError(
            f"outputs.result of {node.name} is not JSON, and a loop's results are gathered as a "
            f"JSON list: {error}"
        ) from error


def _as_collections(texts: list[str]) -> list[Any]:
    """The values as JSON where every one is a list or a map, else the texts."""
    parsed = []
    for text in texts:
        try:
            value = json.loads(text)
        except ValueError:
            return texts
        if not isinstance(value, list | dict):
            return texts
        parsed.append(value)
    return parsed


# Of a steps or dag template


def of_template(template: Row, scope: Scope) -> Row | None:
    """The outputs that a steps or dag template declares, from the scope of its nodes. Raises
    ExpressionError.
    """
    declared = template.get("outputs") or {}
    found: Row = {}
    if declared.get("parameters"):
        found["parameters"] = [
            _parameter_from_scope(parameter, scope) for parameter in declared["parameters"]
        ]
    if declared.get("artifacts"):
        resolved = [_artifact_from_scope(artifact, scope) for artifact in declared["artifacts"]]
        found["artifacts"] = [artifact for artifact in resolved if artifact is not None]
    return found or None


def _parameter_from_scope(parameter: Row, scope: Scope) -> Row:
    source = parameter.get("valueFrom")
    if not source:
        raise SubstitutionError("output parameters must have a valueFrom specified")
    default = source.get("default")
    try:
        value = _from_source(source, scope)
    except ExpressionError:
        if default is None:
            raise
        value = text_of(default)
    if value is None and default is not None:
        value = text_of(default)
    if value is None:
        raise SubstitutionError(
            f'output parameter "{parameter["name"]}": "{source.get("parameter")}" is an absent '
            "optional (skipped/omitted node output with no default)"
        )
    kept = {key: entry for key, entry in parameter.items() if key != "valueFrom"}
    return {**kept, "value": value if isinstance(value, str) else go_text(value)}


def _from_source(source: Row, scope: Scope) -> Any:
    if source.get("expression"):
        value = parse(str(source["expression"])).evaluate(scope.environment())
        if value is None:
            raise SubstitutionError(f'failed to evaluate expression "{source["expression"]}"')
        return value
    return _at(str(source.get("parameter") or ""), scope)


def _at(reference: str, scope: Scope) -> Any:
    key = reference.strip().removeprefix("{{").removesuffix("}}").strip()
    value = scope.get(key)
    if value is MISSING:
        raise SubstitutionError(f'Unable to resolve: "{key}"')
    return value


def _artifact_from_scope(artifact: Row, scope: Scope) -> Row | None:
    try:
        found = resolve_artifact(artifact, scope)
    except ExpressionError as error:
        if artifact.get("optional"):
            return None
        raise SubstitutionError(f"unable to resolve outputs from scope: {error.message}") from error
    if found is None:
        return None
    extra = {"globalName": artifact["globalName"]} if artifact.get("globalName") else {}
    return {**found, "name": artifact["name"], **extra}


def resolve_artifact(artifact: Row, scope: Scope) -> Row | None:
    """The artifact that ``from`` or ``fromExpression`` names, None where it has neither. Raises
    ExpressionError.
    """
    if artifact.get("fromExpression"):
        found = parse(str(artifact["fromExpression"])).evaluate(scope.environment())
    elif artifact.get("from"):
        found = _at(str(artifact["from"]), scope)
    else:
        return None
    if not isinstance(found, dict):
        raise SubstitutionError(f"Unable to resolve: {artifact.get('from')} is not an artifact")
    found = {key: value for key, value in found.items() if key != "globalName"}
    if artifact.get("subPath"):
        return with_sub_path(found, replace(str(artifact["subPath"]), scope))
    return found
