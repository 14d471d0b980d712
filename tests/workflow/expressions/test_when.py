"""govaluate's language, as ``when`` uses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions.when import evaluate_when
from toolkit.workflow.substitution.substitute import SubstitutionError
from toolkit.workflow.substitution.when import should_execute

TRUTHS = [
    ("", True),
    ("true", True),
    ("1 == 1", True),
    ("heads == heads", True),
    ("heads == tails", False),
    ("'a b' != \"a b\"", False),
    ("True == False", False),
    ("5 > 3 && 2 <= 2", True),
    ("5 < 3 || !(1 == 2)", True),
    ("0.5 == .5", True),
    ("0x10 == 16", True),
    ("1 == '1'", False),
    ("abc < abd", True),
    ("Succeeded =~ 'Succ.*'", True),
    ("heads !~ tai", True),
    ("2 in (1, 2, 3)", True),
    ("x in (a, b)", False),
    ("1 + 2 * 3 == 7", True),
    ("2 ** 3 == 8 && 7 % 4 == 3", True),
    ("-1 < 0", True),
    ("(1 == 1) == true", True),
    ("1 > 2 ? false : true", True),
    ("[any name] == 'any name'", True),
    ("6 & 3 == 2", True),
    ("'2026-03-04' > '2026-03-03'", True),
    ("'2026-03-04' == '2026-03-04T00:00:00Z'", True),
    ("true ? 1 > 0 : false", True),
    ("10 - 3 - 2 == 5", True),
    ("1 / 0 > 1", True),
]

BROKEN = [
    ("a.b == 'a.b'", "Unable to access unexported field 'b' in token 'a.b'"),
    ("a.B == 'a.B'", "No parameter 'a' found."),
    ("x in (x)", "Value 'x' cannot be used with the comparator 'in', it is not a number"),
    ("!flag", "Cannot transition token types from PREFIX [!] to STRING [flag]"),
    ("1==-1", "Invalid token: '==-'"),
    ("1.2.3 == x", "Unable to parse numeric value '1.2.3' to float64"),
    ("f(1)", "Undefined function f"),
    ("1 in 1", "cannot be used with the comparator 'in'"),
    ("1 =", "Invalid 'when' expression"),
    ("{{x}} == 1", "hint: try wrapping the affected expression in quotes"),
    ("'open", "Unclosed string literal"),
    ("1 +", "Unexpected end of expression"),
    ("(1 == 1", "Unbalanced parenthesis"),
    ("heads", "Expected boolean evaluation for 'heads'. Got heads"),
    ("3", "Expected boolean evaluation"),
    ("a < 1", "cannot be used with the comparator '<', it is not a number"),
    ("yes && true", "cannot be used with the logical operator '&&', it is not a bool"),
    ("my-step == x", "cannot be used with the modifier '-', it is not a number"),
    ("a =~ '('", "Unable to compile regexp pattern"),
]


@pytest.mark.parametrize(("text", "expected"), TRUTHS)
def test_when(text: str, *, expected: bool) -> None:
    assert should_execute(text) is expected


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_when(text: str, message: str) -> None:
    with pytest.raises(SubstitutionError) as caught:
        should_execute(text)
    assert message in caught.value.message


@given(st.text(max_size=30))
def test_any_text_evaluates_or_raises_our_error(text: str) -> None:
    try:
        evaluate_when(text)
    except ExpressionError:
        return
