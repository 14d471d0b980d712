"""What to change in an operation of a JSON patch that does not apply. Loaded only for an error."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from toolkit.kustomize.hints.nearest import did_you_mean, listed

_FIELDS = ("op", "path", "value", "from")


def unknown_operation(operation: dict[str, Any], known: tuple[str, ...]) -> list[str]:
    """For an ``op`` that is none of ``known``, or not given."""
    op = operation.get("op")
    if op is None:
        return _misspelt(operation, "op") or [f"add `op:`, one of {', '.join(known)}"]
    return did_you_mean(str(op), known) or ["use replace for what is there, add for what is new"]


def missing_field(operation: dict[str, Any], field: str) -> list[str]:
    """For an operation without a field that it needs."""
    examples = {
        "path": "add `path:`, such as /metadata/labels/app",
        "from": f"add `from:`, the path to {operation.get('op')} from",
        "value": "add `value:`; to take a field away, use remove",
    }
    return _misspelt(operation, field) or [examples[field]]


def without_slash(path: str) -> list[str]:
    """For a path that does not start with a slash."""
    if not path:
        return ["name a field, such as /metadata/labels"]
    words = path.replace(".", "/") if "/" not in path else path
    return [f"start it with a slash: /{words.strip('/')}"]


def missing_value(operation: dict[str, Any], body: Any, path: str) -> list[str]:
    """For a ``path`` that leads to nothing in ``body``."""
    if not path.startswith("/"):
        return without_slash(path)
    words = path.split("/")[1:]
    node, reached = body, 0
    for word in words:
        found = _child(node, word)
        if found is None:
            break
        node, reached = found, reached + 1
    escaped = _key_with_slashes(node, words[reached:])
    if escaped:
        return [f"write a slash within a key as ~1: /{'/'.join([*words[:reached], escaped])}"]
    known = list(map(str, node)) if isinstance(node, dict) else []
    word = words[reached] if reached < len(words) else ""
    near = did_you_mean(word.replace("~1", "/").replace("~0", "~"), known)
    if near:
        return near
    if reached + 1 < len(words) and operation.get("op") == "add":
        return [f"add /{'/'.join(words[: reached + 1])} first, with a map as its value"]
    if operation.get("op") == "replace" and reached + 1 == len(words):
        return ["use add for what is not there yet"]
    return [f"correct the path: there are {listed(known)}"] if known else ["correct the path"]


def out_of_range(operation: dict[str, Any], path: str, count: int) -> list[str]:
    """For a position behind the last of ``count`` items."""
    above = path.rpartition("/")[0]
    if operation.get("op") == "add":
        return [f"write {above}/- to add at the end"]
    if not count:
        return [f"add an item first: add {above}/-"]
    return [f"count from 0: the last is {above}/{count - 1}"]


def no_position(operation: dict[str, Any], path: str, items: list[Any]) -> list[str]:
    """For a word where a list has positions."""
    above, _, word = path.rpartition("/")
    names = [str(item.get("name", "")) if isinstance(item, dict) else "" for item in items]
    near = get_close_matches(word, [name for name in names if name], n=1, cutoff=0.8)
    if near:
        return [f"write the position of {near[0]!r}: {above}/{names.index(near[0])}"]
    if operation.get("op") == "add":
        return [f"write a position from 0, or {above}/- to add at the end"]
    return [f"write a position from 0 to {len(items) - 1}"] if items else ["correct the path"]


def failed_test(body: Any, present: Any) -> list[str]:
    """For a test that found ``present``, which is shown where it can be no secret."""
    is_secret = isinstance(body, dict) and body.get("kind") == "Secret"
    if present is None:
        return ["correct the path, which leads to nothing, or drop the test"]
    if is_secret or isinstance(present, dict | list) or len(str(present)) > 60:
        return ["test for the value that is there, or drop the test"]
    text = str(present).lower() if isinstance(present, bool) else repr(present)
    return [f"test for {text}, which is there, or drop the test"]


def _misspelt(operation: dict[str, Any], field: str) -> list[str]:
    others = [str(name) for name in operation if name not in _FIELDS]
    near = get_close_matches(field, others, n=1, cutoff=0.5)
    return [f"write {field!r} instead of {near[0]!r}"] if near else []


def _child(node: Any, word: str) -> Any:
    if isinstance(node, dict):
        return node.get(word.replace("~1", "/").replace("~0", "~"))
    if (
        isinstance(node, list)
        and word.lstrip("-").isdigit()
        and -len(node) <= int(word) < len(node)
    ):
        return node[int(word)]
    return None


def _key_with_slashes(node: Any, words: list[str]) -> str:
    """The words that together are one key of ``node``, escaped."""
    for count in range(len(words), 1, -1):
        if isinstance(node, dict) and "/".join(words[:count]) in node:
            return "~1".join(words[:count])
    # a key that is new: prefixes of labels and annotations have dots
    if len(words) == 2 and "." in words[0]:
        return "~1".join(words)
    return ""
