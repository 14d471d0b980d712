"""Data templates: a list of artifact keys, transformed by expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.errors import ExpressionError
from toolkit.workflow.outputs.artifacts import Archive, key_of, place_of
from toolkit.workflow.commands import ListArtifacts
from toolkit.workflow.expressions import Environment, json_text, parse
from toolkit.workflow.nodes import Node, Row


def listing(
    command_id: str, node: Node, template: Row, pod: str, archive: Archive
) -> ListArtifacts:
    """What is asked for. Raises ExpressionError for a template without a source."""
    data: Row = template["data"]
    source = (data.get("source") or {}).get("artifactPaths")
    if not source:
        raise ExpressionError("no valid source is used for data template")
    return ListArtifacts(
        id=command_id,
        node_id=node.id,
        pod=pod,
        node_name=node.name,
        template=str(template.get("name", "")),
        location=place_of(source, archive),
        key=key_of(source),
        expressions=tuple(
            str(step["expression"])
            for step in data.get("transformation") or ()
            if step.get("expression")
        ),
    )


def transformed(keys: Sequence[str], expressions: Sequence[str]) -> str:
    """The result as JSON, each expression over ``data``, the result of the one before. Raises
    ExpressionError with Argo's words.
    """
    data: Any = list(keys)
    for number, expression in enumerate(expressions):
        try:
            data = parse(expression).evaluate(Environment.of({"data": data}))
        except ExpressionError as error:
            raise ExpressionError(
                "unable to process data transformation: "
                f"error processing data step {number}: {error.message}"
            ) from error
    return json_text(data)
