"""Whether a step runs: the truth of its ``when``."""

from __future__ import annotations

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import EvaluationError
from toolkit.workflow.expressions.when import evaluate_when
from toolkit.workflow.substitution.substitute import SubstitutionError


def should_execute(when: str) -> bool:
    """The truth of a substituted ``when``; "" is true. Raises SubstitutionError, Argo's texts."""
    if not when:
        return True
    try:
        result = evaluate_when(when)
    except EvaluationError as error:
        text = f"Failed to evaluate 'when' expresion '{when}': {error.message}"
        raise SubstitutionError(text) from error
    except ExpressionError as error:
        raise SubstitutionError(f"Invalid 'when' expression '{when}': {error.message}") from error
    if not isinstance(result, bool):
        raise SubstitutionError(f"Expected boolean evaluation for '{when}'. Got {result}")
    return result


def skip_message(when: str) -> str:
    """What a skipped node says."""
    return f"when '{when}' evaluated false"
