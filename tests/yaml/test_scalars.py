from __future__ import annotations

import pytest

from toolkit.yaml import RESOURCE, SETTINGS, load_all
from toolkit.yaml.scalars import reads_as_text

BOTH = [
    ("~", None),
    ("null", None),
    ("true", True),
    ("False", False),
    ("0777", 511),
    ("0o777", 511),
    ("-010", -8),
    ("08", 8.0),
    ("1_000", 1000),
    ("0x1F", 31),
    ("0b101", 5),
    ("0b12", "0b12"),
    ("+5", 5),
    ("-9223372036854775808", -(2**63)),
    ("18446744073709551615", 2**64 - 1),
    ("18446744073709551616", 1.8446744073709552e19),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("-.5", -0.5),
    ("1e400", "1e400"),
    (".", "."),
    ("+", "+"),
    ("12:30", "12:30"),
    ("1.2.3", "1.2.3"),
    ("5m", "5m"),
    ("tRue", "tRue"),
    ("2001-13-45", "2001-13-45"),
]


@pytest.mark.parametrize(("text", "value"), BOTH)
@pytest.mark.parametrize("dialect", [RESOURCE, SETTINGS])
def test_a_plain_scalar_is_what_go_yaml_makes_of_it(text, value, dialect):
    [body] = load_all(f"a: {text}\n", dialect=dialect)
    assert body["a"] == value
    assert type(body["a"]) is type(value)


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off", "y", "N"])
def test_old_booleans_are_text_in_resources_and_booleans_in_settings(word):
    assert load_all(f"a: {word}")[0]["a"] == word
    assert load_all(f"a: {word}", dialect=SETTINGS)[0]["a"] is (word.lower() in ("yes", "on", "y"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2001-12-14", "2001-12-14T00:00:00Z"),
        ("0000-02-29", "0000-02-29T00:00:00Z"),
        ("2001-1-4 1:2:3.50", "2001-01-04T01:02:03.5Z"),
        ("2001-12-14T21:59:43-05:00", "2001-12-14T21:59:43-05:00"),
        ("2001-12-14t21:59:43+00:00", "2001-12-14T21:59:43Z"),
        ("2001-02-30", "2001-02-30"),
        ("2001-12-14T24:00:00Z", "2001-12-14T24:00:00Z"),
    ],
)
def test_an_unquoted_date_becomes_rfc_3339_text_in_resources(text, value):
    assert load_all(f"a: {text}")[0]["a"] == value


def test_an_unquoted_date_stays_as_written_in_settings():
    assert load_all("a: 2001-12-14", dialect=SETTINGS)[0]["a"] == "2001-12-14"


@pytest.mark.parametrize("style", ["'{}'", '"{}"', "|-\n  {}", ">-\n  {}", "!!str {}"])
@pytest.mark.parametrize("text", ["5", "true", "null", "2001-12-14"])
def test_quotes_blocks_and_the_str_tag_make_text(style, text):
    assert load_all("a: " + style.format(text))[0]["a"] == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('!!int "5"', 5),
        ("!!float 5", 5.0),
        ("!!binary aGVsbG8=", "hello"),
        ("!custom thing", "thing"),
        ("!!bool 'true'", True),
        ("!!null ''", None),
    ],
)
def test_a_tag_chooses_the_type(text, value):
    found = load_all(f"a: {text}")[0]["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["yes", "5", "", "~", "1e3", "12:30", "2001-12-14", "0o7", ".5"])
def test_text_that_reads_back_as_something_else_is_known(text):
    assert not reads_as_text(text)


@pytest.mark.parametrize("text", ["a", "<<", "=", "inf", "NaN", "2001-13-45", "5m", "-", "1.2.3"])
def test_text_that_reads_back_as_itself_is_known(text):
    assert reads_as_text(text)
