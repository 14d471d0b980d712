r"""Patterns as Go reads them. The expectations were taken from Go's regexp."""

from __future__ import annotations

import pytest

from toolkit.kustomize.golang.regexp import GoRegexpError, go_regexp


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("web", "my-web-1", "web"),
        ("^(?:(?i)WEB)$", "web", "web"),
        ("a(?i)b|c", "C", "C"),
        ("(?i:a)b", "AB", None),
        ("a(?-i)b", "ab", "ab"),
        ("a$", "a\n", None),
        ("(?m)a$", "a\nb", "a"),
        ("a.b", "a\nb", None),
        ("(?s)a.b", "a\nb", "a\nb"),
        (r"\d", "٣", None),
        (r"\w+", "aé", "a"),
        (r"\pL+", "éa1", "éa"),
        (r"\PL", "é1", "1"),
        (r"\p{^Lu}", "Aa", "a"),
        ("[[:alpha:]]+", "ab1", "ab"),
        ("[[:^digit:]]", "1a", "a"),
        ("[]a]+", "]a", "]a"),
        ("[a-]+", "-a", "-a"),
        ("[&&--]", "-", "-"),
        (r"\Qa.b\E+", "a.bb", "a.bb"),
        (r"\x41\x{42}\103", "ABC", "ABC"),
        (r"a\z", "a", "a"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("a{2}", "aaa", "aa"),
        ("(?U)a+", "aaa", "a"),
        ("(?U)a+?", "aaa", "aaa"),
        ("^*a", "a", "a"),
        ("(?P<x>a)(?<y>b)", "ab", "ab"),
        ("(?i)k", "\u212a", "\u212a"),
    ],
)
def test_a_pattern_finds_what_go_finds(pattern: str, text: str, found: str | None) -> None:
    match = go_regexp(pattern).search(text)
    assert (match and match[0]) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?>a)",
        "(?#a)",
        "(?P=x)",
        r"\1",
        r"\Z",
        r"\C",
        r"\é",
        "a**",
        "a*+",
        "*a",
        "{2}",
        "a{1001}",
        "a{2,1}",
        "(",
        ")",
        "[a",
        "[b-a]",
        r"[\d-a",
        "[[:nope:]]",
        r"\p{Nope}",
        "(?P<x>a)(?P<x>b)",
        "\\",
    ],
)
def test_what_go_refuses_is_refused(pattern: str) -> None:
    with pytest.raises(GoRegexpError):
        go_regexp(pattern)
