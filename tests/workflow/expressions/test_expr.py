"""expr-lang: every operator and function in tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import ExpressionError
from toolkit.workflow.expressions import Environment, evaluate_bool, json_text, parse

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "a": 5,
    "name": "flow",
    "items": [1, 2, 3],
    "people": [{"name": "Ann", "age": 41}, {"name": "Bob", "age": 30}],
    "steps": {"flip-coin": {"outputs": {"result": "heads"}}, "gone": {"outputs": {}}},
    "started": NOW - timedelta(minutes=90),
    "nothing": None,
}


def value_of(text: str) -> Any:
    return parse(text).evaluate(Environment.of(VALUES, NOW))


OPERATORS = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("7 / 2", 3.5),
    ("-7 % 3", -1),
    ("2 ** 3", 8.0),
    ("2 ^ 3 ^ 2", 512.0),
    ("-2 ** 2", -4.0),
    ("0x1F + 1_000", 1031),
    ("1.5e1", 15.0),
    ("1..3", [1, 2, 3]),
    ("'a' + \"b\" + `c`", "abc"),
    (r"'\n\t\x41é'", "\n\tAé"),
    ("1 == 1.0", True),
    ("a == name", False),
    ("started == 1", False),
    ("[1, {'k': 2}] == [1, {k: 2}]", True),
    ("1 < 2 and not (2 <= 1) && 'a' < 'b'", True),
    ("false or true || false", True),
    ("!true", False),
    ("2 in items", True),
    ("4 not in items", True),
    ("'name' in people[0]", True),
    ("name contains 'lo'", True),
    ("name startsWith 'fl' && name endsWith 'ow'", True),
    ("name matches '^f.*w$'", True),
    ("name not contains 'x'", True),
    ("a > 3 ? 'big' : 'small'", "big"),
    ("if a > 9 { 1 } else if a > 4 { 2 } else { 3 }", 2),
    ("nothing ?? 'other'", "other"),
    ("steps.gone.outputs.result ?? 'none'", "none"),
    ("nothing?.deep?.deeper", None),
    ("nothing.deep ?? 1", 1),
    ("steps['flip-coin'].outputs.result", "heads"),
    ("people[0].name + people[-1]['name']", "AnnBob"),
    ("items[1:]", [2, 3]),
    ("items[:2]", [1, 2]),
    ("name[1:3]", "lo"),
    ("let x = 2; let y = x * a; y + 1", 11),
    ("{a: 1, 'b-c': 2}['b-c']", 2),
    ("[1, 2, 3,][2]", 3),
    ("items | map(# * 2) | sum()", 12),
    ("name | upper() | trimSuffix('W')", "FLO"),
    ("1 // a comment\n + 1", 2),
]

FUNCTIONS = [
    ("all(items, {# > 0})", True),
    ("any(items, # > 2)", True),
    ("one(items, {# == 2})", True),
    ("none(items, {# > 5})", True),
    ("filter(people, {.age > 35})[0].name", "Ann"),
    ("map(people, .name)", ["Ann", "Bob"]),
    ("map(items, {#index})", [0, 1, 2]),
    ("count(items, # > 1)", 2),
    ("find(items, # > 1)", 2),
    ("findIndex(items, # > 1)", 1),
    ("findLast(items, # < 3)", 2),
    ("findLastIndex(items, # < 3)", 1),
    ("groupBy(items, # % 2 == 0 ? 'even' : 'odd')", {"odd": [1, 3], "even": [2]}),
    ("sortBy(people, .age)[0].name", "Bob"),
    ("reduce(items, #acc + #, 10)", 16),
    ("reduce(items, #acc + #)", 6),
    ("sum(people, .age)", 71),
    ("len('añb') + len(items) + len({a: 1})", 7),
    ("max(1, 5, 3) - min([4, 2])", 3),
    ("mean(1, 2, 6)", 3.0),
    ("median([1, 5, 3])", 3.0),
    ("abs(-2) + ceil(1.2) + floor(1.8) + round(2.5)", 8.0),
    ("int('12') + int(1.9)", 13),
    ("float('1.5')", 1.5),
    ("asInt('7') * asFloat('0.5')", 3.5),
    ("string(5) + string(true) + string(1.0)", "5true1"),
    ("type(1) + type('') + type([]) + type({}) + type(nil)", "intstringarraymapnil"),
    ("toJSON({b: 1, a: [1]})", '{\n  "a": [\n    1\n  ],\n  "b": 1\n}'),
    ("toJson({b: 1.0, a: 'é<'})", '{"a":"é\\u003c","b":1}'),
    ("fromJSON('{\"a\": [1]}').a[0]", 1),
    ("toBase64('hi') + fromBase64('aGk=')", "aGk=hi"),
    ("upper('a') + lower('B') + trim('  c ')", "Abc"),
    ("trimPrefix('pre-x', 'pre-') + trim('--y--', '-')", "xy"),
    ("split('a,b,c', ',', 2)", ["a", "b,c"]),
    ("splitAfter('a,b', ',')", ["a,", "b"]),
    ("join(['a', 'b'], '-')", "a-b"),
    ("replace('aaa', 'a', 'b', 2)", "bba"),
    ("repeat('ab', 2)", "abab"),
    ("indexOf('abcb', 'b') + lastIndexOf('abcb', 'b')", 4),
    ("hasPrefix('ab', 'a') && hasSuffix('ab', 'b')", True),
    ("keys({b: 1, a: 2})", ["a", "b"]),
    ("values({b: 1, a: 2})", [2, 1]),
    ("toPairs({a: 1})", [["a", 1]]),
    ("fromPairs([['a', 1]])", {"a": 1}),
    ("concat([1], [2])", [1, 2]),
    ("flatten([1, [2, [3]]])", [1, 2, 3]),
    ("uniq([1, 1.0, 2])", [1, 2]),
    ("reverse(items)", [3, 2, 1]),
    ("sort([3, 1, 2], 'desc')", [3, 2, 1]),
    ("first(items) + last(items)", 4),
    ("first([])", None),
    ("take(items, 2)", [1, 2]),
    ("get({a: 1}, 'b') ?? get(items, 0)", 1),
    ("bitand(6, 3) + bitor(6, 1) + bitxor(5, 1) + bitshl(1, 3)", 21),
    ("(now() - started).Minutes()", 90.0),
    ("(now() - started).Seconds() > duration('1h').Seconds()", True),
    ("date('2026-01-02').Year() + date('02/01/2026', '02/01/2006').Day()", 2028),
    ("now().Format('2006-01-02T15:04:05Z07:00')", "2026-03-04T05:06:07Z"),
    ("now().AddDate(0, 1, 0).Month()", 4),
    ("jsonpath('{\"a\": {\"b\": [1, 2]}}', '$.a.b[1]')", 2),
    ("jsonpath('[{\"n\": 1}, {\"n\": 2}]', '$[?(@.n>1)].n')", [2]),
]

SPRIG = [
    ("sprig.upper('a') + sprig.title('ab cd')", "AAb Cd"),
    ("sprig.replace('a', 'b', 'aa')", "bb"),
    ("sprig.trunc(3, 'abcdef') + sprig.trunc(-2, 'abcdef')", "abcef"),
    ("sprig.add(1, 2, 3) + sprig.sub(5, 2) + sprig.mul(2, 3) + sprig.div(7, 2)", 18),
    ("sprig.min(3, 1, 2) + sprig.max(3, 1, 2) + sprig.mod(7, 4)", 7),
    ("sprig.int('12') + sprig.atoi('3')", 15),
    ("sprig.ternary('y', 'n', true)", "y"),
    ("sprig.default('d', '') + sprig.coalesce('', 'c')", "dc"),
    ("sprig.b64enc('hi') + sprig.b64dec('aGk=')", "aGk=hi"),
    ("sprig.sha256sum('a')[0:8]", "ca978112"),
    ("sprig.date('2006', '2026-05-06T00:00:00Z')", "2026"),
    ("sprig.dateInZone('15:04', '2026-05-06T00:00:00Z', 'Europe/Berlin')", "02:00"),
    ("sprig.htmlDateInZone('2026-05-06T23:00:00Z', 'Europe/Berlin')", "2026-05-07"),
    ("sprig.list(1, 2)", [1, 2]),
    ("sprig.dict('a', 1)", {"a": 1}),
    ("sprig.join('-', ['a', 'b'])", "a-b"),
    ("sprig.splitList(',', 'a,b')", ["a", "b"]),
    ("sprig.regexReplaceAll('a(x*)b', '-ab-axxb-', '${1}W')", "-W-xxW-"),
    ("sprig.regexMatch('^a', 'abc')", True),
    ("sprig.until(3)", [0, 1, 2]),
    ("sprig.has(2, [1, 2])", True),
    ("sprig.uniq([1, 1])", [1]),
    ("sprig.snakecase('FirstName') + sprig.kebabcase('FirstName')", "first_namefirst-name"),
    ("sprig.fromJson('[1]')[0]", 1),
    ("sprig.toString(1.5) + sprig.quote('a')", '1.5"a"'),
    ("sprig.dig('a', 'b', 'none', {a: {b: 1}})", 1),
    ("sprig.empty('') && !sprig.empty('x')", True),
    ("sprig.indent(2, 'a\\nb')", "  a\n  b"),
]

BROKEN = [
    ("1 +", "unexpected token"),
    ("(1", "unexpected token"),
    ("'open", "literal not terminated"),
    ("a §", "unrecognized character"),
    ("unknown", "unknown name unknown"),
    ("1 + 'a'", "mismatched types int and string"),
    ("1 < 'a'", "mismatched types"),
    ("nothing.deep", "cannot fetch deep from <nil>"),
    ("items[7]", "index out of range"),
    ("asInt('x')", "invalid operation: int(x)"),
    ("a ? 1 : 2", "used as condition"),
    ("5 % 0", "divide by zero"),
    ("sprig.randAlpha(3)", "sprig.randAlpha is not supported"),
    ("jsonpath('{}', '$.a')", "key not found"),
    ("name()", "is not a function"),
    ("(" * 300 + "1" + ")" * 300, "nested too deeply"),
]


@pytest.mark.parametrize(("text", "expected"), OPERATORS)
def test_operators(text: str, expected: Any) -> None:
    assert value_of(text) == expected
    assert type(value_of(text)) is type(expected)


@pytest.mark.parametrize(("text", "expected"), FUNCTIONS)
def test_functions(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(("text", "expected"), SPRIG)
def test_sprig_functions(text: str, expected: Any) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_expressions_say_why(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value_of(text)
    assert message in caught.value.message


def test_an_expression_names_the_paths_it_needs() -> None:
    needs = parse("steps['a-b'].outputs.result == x.y && (p.q ?? 'd') == len(z)").needs
    assert set(needs) >= {"steps.a-b.outputs.result", "x.y", "p", "z"}
    assert "p.q" not in needs
    assert "len" not in needs


def test_a_result_that_is_no_bool_is_refused_with_argos_text() -> None:
    with pytest.raises(ExpressionError, match="unable to cast expression result 'flow' to bool"):
        evaluate_bool("name", Environment.of(VALUES))


@given(st.text(max_size=40))
def test_any_text_parses_or_raises_our_error(text: str) -> None:
    try:
        parse(text).evaluate(Environment.of(VALUES, NOW))
    except ExpressionError:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_written_is_json_read(value: Any) -> None:
    environment = Environment.of({"v": value})
    assert parse("fromJSON(toJson(v))").evaluate(environment) == value
    assert json_text(value) == parse("toJson(v)").evaluate(environment)
