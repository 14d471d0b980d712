"""The expressions in use upstream all parse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from toolkit.workflow.expressions import parse
from toolkit.workflow.expressions.when import parse_when
from toolkit.workflow.spec.depends import graph_of

NO_EXPRESSIONS = {"!", "...", "... ?? ...", ">-", "|", "BASE", "PATCH"}
TAG = re.compile(r"\{\{[^{}]*\}\}")


def unquoted(text: str) -> str:
    """As YAML reads it: the list holds the source text, quotes and comments included."""
    text = text.replace('\\"', '"') if text[:1] not in "\"'" else text
    if text[:1] in "\"'":
        return str(yaml.safe_load(text))
    return text


def without_tags(text: str) -> str:
    while TAG.search(text):
        text = TAG.sub("1", text)
    return text


def test_every_expression_parses(corpus: Path) -> None:
    texts = json.loads((corpus / "expressions.json").read_text())
    texts = [text.replace("”", "''") for text in texts if text not in NO_EXPRESSIONS]
    assert len(texts) > 90
    for text in texts:
        parse(without_tags(unquoted(text)))


def test_every_when_parses(corpus: Path) -> None:
    texts = json.loads((corpus / "when_depends.json").read_text())["when"]
    kept = [without_tags(unquoted(text)) for text in texts if text not in NO_EXPRESSIONS]
    assert len(kept) > 30
    for text in filter(None, kept):
        parse_when(text)


def test_every_depends_parses(corpus: Path) -> None:
    texts = json.loads((corpus / "when_depends.json").read_text())["depends"]
    for text in (unquoted(text) for text in texts if "%" not in text):
        names = set(re.findall(r"[A-Za-z0-9][-A-Za-z0-9]*", re.sub(r"\.[A-Z]\w+", "", text)))
        tasks = [{"name": name} for name in sorted(names)]
        graph = graph_of({"tasks": [*tasks, {"name": "last-one", "depends": text}]})
        assert set(graph.dependencies["last-one"]) == names
