"""Argo's two expression languages: expr-lang in ``{{=...}}``, ``expression`` and ``depends``;
govaluate's in ``when``.

Text becomes tokens, tokens an AST (a Pratt parser), the AST a tree of closures::

    parse("asInt(retries) + 1").evaluate(environment)

A parsed expression is immutable and free of state; parse once, evaluate often. Nothing here reads
a clock or draws random numbers: ``now()`` takes the time from the environment, and sprig's random
functions are refused by name.
"""

from toolkit.workflow.expressions.evaluate import Environment, Expression, evaluate_bool, parse
from toolkit.workflow.expressions.locate import EvaluationError
from toolkit.workflow.expressions.values import (
    json_text,
    struct_list_text,
)

__all__ = [
    "Environment",
    "EvaluationError",
    "Expression",
    "evaluate_bool",
    "json_text",
    "parse",
    "struct_list_text",
]
