"""Random repositories broken as people break them: a line, a value, a name, a file. The same seed
gives the same files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import yaml

from tests.kustomize.random_repositories import Files, Repository

WRONG: tuple[Any, ...] = (
    *("text", "", "a/b", "../x", "no-such", "a.yaml", "{x}"),
    *(5, -1, 1.5, True, None, [], {}, ["x"], {"x": "y"}, [5], [{"a": 1}], [None], [[]]),
)
"""Put in the place of any value."""

LINES: tuple[tuple[str, str], ...] = (
    (r"^ +", "\t"),
    (r"^ ", ""),
    (r"^(?=\S)", " "),
    (r": (?=\S)", ":"),
    (r": (?=\S)", ': "'),
    (r": (?=\S)", ": ["),
    (r": (?=\S)", ": {"),
    (r": \S.*", ": *nope"),
    (r": \S.*", ": {{ value }}"),
    (r": \S.*", ": @x"),
    (r": \S.*", ": !!int x"),
    (r": \S.*", ': "\\\\q"'),
    (r"(: \S.*)", r"\1: x"),
    (r":", ""),
    (r"- (?=\S)", "-"),
    (r"- (?=\S)", ""),
    (r"^.*$", ""),
    (r"^.*$", "garbage here"),
    (r"^(.*)$", r"\1\n\1"),
)
"""A pattern in a line, and what takes its place."""

ENTRIES: tuple[dict[str, Any], ...] = (
    {"resources": ["nope.yaml"]},
    {"resources": [""]},
    {"resources": ["."]},
    {"resources": ["*.yaml"]},
    {"resources": ["kustomization.yaml"]},
    {"resources": ["../../../x.yaml"]},
    {"resources": ["https://example.com/org/repo//folder?ref=v1"]},
    {"components": ["nope"]},
    {"configurations": ["nope.yaml"]},
    {"crds": ["nope.yaml"]},
    {"openapi": {"path": "nope.json"}},
    {"openapi": {"version": "v1.0"}},
    {"openapi": {"version": "v1.0", "path": "a"}},
    {"transformers": ["nope.yaml"]},
    {"transformers": ["apiVersion: builtin\nkind: NoTransformer\nmetadata: {name: a}\n"]},
    {"validators": ["apiVersion: a/v1\nkind: Function\nmetadata: {name: a}\n"]},
    {"generators": ["apiVersion: builtin\nkind: SecretGenerator\nliterals: [a]\n"]},
    {"configMapGenerator": [{"name": "g", "literals": ["a"]}]},
    {"configMapGenerator": [{"name": "g", "literals": ["a=b", "a=c"]}]},
    {"configMapGenerator": [{"name": "g", "files": ["nope.txt"]}]},
    {"configMapGenerator": [{"name": "g", "envs": ["nope.env"]}]},
    {"configMapGenerator": [{"name": "g", "behavior": "merge"}]},
    {"configMapGenerator": [{"literals": ["a=b"]}]},
    {"images": [{"name": "*", "newTag": "1"}]},
    {"replicas": [{"name": "nope", "count": 2}]},
    {"labels": [{"pairs": {"a": "b"}, "fields": [{"path": "kind/a", "create": True}]}]},
    {"labels": [{"pairs": {"5": "b"}}]},
    {"sortOptions": {"order": "alphabet"}},
    {"vars": [{"name": "A", "objref": {"kind": "Nope", "name": "a", "apiVersion": "v1"}}]},
    {"helmCharts": [{"name": "a"}]},
    {"kind": "Deployment"},
    {"apiVersion": "v1"},
    {"patches": [{"path": "nope.yaml"}]},
    {"patches": [{"patch": "- {op: add, path: /a, value: b}"}]},
    {"patches": [{"patch": "kind: A\nmetadata: {name: nope}"}]},
    {"patches": [{"target": {"kind": "A"}}]},
    {"patchesJson6902": [{"target": {"kind": "A"}, "patch": "- {op: remove, path: /a}"}]},
    {"replacements": [{"targets": []}]},
    {"replacements": [{"sourceValue": "a", "targets": [{"fieldPaths": ["a"]}]}]},
    {"replacements": [{"source": {"kind": "Nope"}, "targets": [{"select": {}}]}]},
)
"""Added to a kustomization."""

OPERATIONS = (
    "{op: remove, path: /metadata/nope}",
    "{op: replace, path: metadata.name, value: a}",
    "{op: add, path: /metadata/nope/a, value: b}",
    "{op: add, path: /metadata/name/a, value: b}",
    "{op: test, path: /kind, value: Nope}",
    "{op: change, path: /kind, value: Nope}",
    "{op: replace, path: /kind}",
    "{op: remove, path: /metadata/name}",
)
"""Of a JSON patch for all objects."""

FIELD_PATHS = (
    "metadata.nope.a",
    "kind.a",
    "metadata.0",
    "metadata.*",
    "metadata.[a]",
    "kind.[a=(]",
)
"""Of a replacement in all objects."""


def broken(seed: int) -> Iterator[tuple[str, Files]]:
    """What was done to a repository of ``seed``, and its files after it."""
    random = Random(seed)
    files = Repository(seed).files
    for path, text in sorted(files.items()):
        if not path.endswith((".yaml", "Kustomization")):
            continue
        for pattern, instead in LINES:
            yield (
                f"{path}: {pattern} → {instead}",
                {**files, path: _line(random, text, pattern, instead)},
            )
        for _ in range(12):
            done, changed = _value(random, text)
            yield f"{path}: {done}", {**files, path: changed}
        for content in ("", "just text", "[1, 2]"):
            yield f"{path} is {content!r}", {**files, path: content}
        yield f"no {path}", {name: each for name, each in files.items() if name != path}
        if "kustomization" in path.lower():
            for added in _added():
                yield f"{path} with {added}", {**files, path: _with(text, added)}


def _added() -> Iterator[dict[str, Any]]:
    yield from ENTRIES
    for operation in OPERATIONS:
        yield {"patches": [{"target": {"kind": ".*"}, "patch": f"- {operation}"}]}
    for path in FIELD_PATHS:
        target = {"select": {"kind": ".*"}, "fieldPaths": [path]}
        yield {"replacements": [{"sourceValue": "a", "targets": [target]}]}


def _line(random: Random, text: str, pattern: str, instead: str) -> str:
    lines = text.split("\n")
    places = [index for index, line in enumerate(lines) if line and re.search(pattern, line)]
    if places:
        place = random.choice(places)
        lines[place] = re.sub(pattern, instead, lines[place], count=1)
    return "\n".join(lines)


def _value(random: Random, text: str) -> tuple[str, str]:
    """One value of another type, one misspelt name, or one that is gone."""
    documents = list(yaml.safe_load_all(text))
    parent, key = random.choice([place for each in documents for place in _places(each)])
    done = random.choice(("wrong", "misspelt", "gone"))
    if done == "wrong":
        parent[key] = deepcopy(random.choice(WRONG))
    elif done == "misspelt" and isinstance(parent, dict):
        parent[f"{str(key)[:-1]}x"] = parent.pop(key)
    else:
        del parent[key]
    return f"{key} {done}", yaml.safe_dump_all(documents, sort_keys=False)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(enumerate(node) if isinstance(node, list) else node.items()):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _with(text: str, added: dict[str, Any]) -> str:
    fields = yaml.safe_load(text)
    for name, value in added.items():
        present = fields.get(name)
        fields[name] = [*present, *value] if isinstance(present, list) else value
    return yaml.safe_dump(fields, sort_keys=False)
