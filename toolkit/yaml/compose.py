"""YAML text to plain objects, from libyaml's events: all of YAML, with errors that point.

Aliases and merge keys are expanded by copying, so that no two places of a body share a value.
Duplicate keys are refused where the dialect says so.

This is a hot path: a plain word costs one call, to libyaml; positions are looked up only for an
error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from toolkit.errors import DuplicateKeyError, YamlError
from toolkit.source import Location
from toolkit.yaml.dialect import Dialect
from toolkit.yaml.events import events_of
from toolkit.yaml.limits import Limits
from toolkit.yaml.scalars import BLANK
from toolkit.yaml.tags import tagged_value
from toolkit.yaml.text import line_of


class _MergeKey(str):
    """Equal to itself only, so that no key of any text is mistaken for it."""

    __slots__ = ()
    __eq__ = object.__eq__
    __hash__ = object.__hash__


_MERGE: Final = _MergeKey("<<")
"""Stands in a mapping for a merge key until the mapping ends."""

_MERGE_TAG: Final = "tag:yaml.org,2002:merge"

_WRITE_OUT: Final = "write some of the values out, without aliases"


def compose(content: str, path: str, dialect: Dialect, limits: Limits) -> list[Any]:
    """The documents of a text. Raises YamlError."""
    try:
        documents = _Composer(content, path, dialect, limits).documents()
    except yaml.YAMLError as error:
        from toolkit.yaml.syntax_errors import explain

        raise explain(error, content, path) from None
    if "\\/" in content:
        _refuse_slash_escapes(content, path)
    return documents


def _refuse_slash_escapes(content: str, path: str) -> None:
    from toolkit.yaml.escapes import slash_escape

    index = slash_escape(content)
    if index is not None:
        line = content.count("\n", 0, index) + 1
        column = index - content.rfind("\n", 0, index)
        raise YamlError(
            "kustomize knows no escape \\/ in double quotes",
            location=Location(path, line, column),
            excerpt=line_of(content, line),
            hints=("write / as it is",),
        )


class _Composer:
    """One pass over one text. Nested calls follow nested nodes, at most ``limits.depth``."""

    def __init__(self, text: str, path: str, dialect: Dialect, limits: Limits) -> None:
        self._text = text
        self._path = path
        self._limits = limits
        self._dialect = dialect
        self._hints = dialect.hints
        self._plain_value = dialect.plain_value
        self._get_event: Callable[[], Any] = events_of(text.encode()).get_event
        self._anchors: dict[str, Any] = {}
        self._open: list[Any] = []
        self._copied = 0

    def documents(self) -> list[Any]:
        found: list[Any] = []
        while True:
            event = self._get_event()
            kind = event.__class__
            if kind is DocumentStartEvent:
                self._anchors.clear()
                found.append(self._node(self._get_event()))
            elif kind is StreamEndEvent:
                return found

    def _node(self, event: Any) -> Any:
        kind = event.__class__
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        if len(self._open) >= self._limits.depth:
            self._fail(
                event,
                f"nested deeper than {self._limits.depth} levels",
                "look for a '[' or '{' that is not closed",
            )
        body: Any = {} if kind is MappingStartEvent else []
        if event.anchor is not None:
            self._anchors[event.anchor] = body
        self._open.append(body)
        if kind is MappingStartEvent:
            self._fill_mapping(body, event)
        else:
            self._fill_sequence(body)
        self._open.pop()
        return body

    def _fill_mapping(self, body: dict[str, Any], start: Any) -> None:
        get_event, hints = self._get_event, self._hints
        makes_text = self._dialect.is_rewritten and start.flow_style
        while True:
            event = get_event()
            kind = event.__class__
            if kind is ScalarEvent and event.implicit[0] and event.anchor is None:
                key = event.value
                if key[:1] in hints or key[:1] == "<":
                    key = self._key(event)
            elif kind is MappingEndEvent:
                break
            else:
                key = self._key(event)
            if key in body and self._is_passed_over(event, start, key):
                continue
            event = get_event()
            if event.__class__ is not ScalarEvent or event.tag or event.anchor:
                body[key] = self._node(event)
                continue
            value = event.value
            style = event.style
            if (not style and value[:1] in hints) or style == ">":
                value = BLANK if makes_text and not value else self._scalar(event)
            body[key] = value
        if _MERGE in body:
            self._merge(body, body.pop(_MERGE), start)

    def _is_passed_over(self, event: Any, start: Any, key: str) -> bool:
        """Of a key that was there before: whether the dialect has no use for its value."""
        if not self._dialect.has_duplicates:
            self._refuse_duplicate(event, start, key)
        if self._dialect.keeps_first:
            self._node(self._get_event())
        return self._dialect.keeps_first

    def _fill_sequence(self, items: list[Any]) -> None:
        get_event, node = self._get_event, self._node
        while (event := get_event()).__class__ is not SequenceEndEvent:
            items.append(node(event))

    def _scalar(self, event: Any) -> Any:
        value = event.value
        if event.implicit[0]:
            if value[:1] in self._hints and not event.style:
                value = self._plain_value(value)
        elif event.tag is not None:
            value = self._tagged(event)
        elif event.style == ">" and self._dialect.is_rewritten:
            from toolkit.yaml.folded import rewritten  # its patterns take milliseconds

            value = rewritten(value)
        if value.__class__ is float and value - value != 0:
            self._fail(
                event,
                f"{event.value} is not a number that Kubernetes can carry",
                "put it in quotes to make it text",
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        return value

    def _tagged(self, event: Any) -> Any:
        try:
            return tagged_value(event.tag, event.value, self._plain_value)
        except ValueError as error:
            self._fail(event, str(error), "drop the tag to keep the text as it is")

    def _key(self, event: Any) -> str:
        """The text of a key. Merge keys give :data:`_MERGE`."""
        kind = event.__class__
        if kind is MappingStartEvent or kind is SequenceStartEvent:
            self._refuse_collection(event)
        if kind is ScalarEvent and event.value == "<<" and _is_merge(event):
            return _MERGE
        value = self._node(event)
        if value is None and not event.value and self._dialect.is_rewritten:
            return ""
        if value.__class__ is not str:
            return self._typed_key(event, value)
        if kind is ScalarEvent and event.implicit[0] and value != event.value:
            self._fail(event, "a key must be text; this one is a date", "put the key in quotes")
        return str(value)

    def _typed_key(self, event: Any, value: Any) -> str:
        from toolkit.yaml.typed_keys import as_json_key, describe

        if not self._dialect.has_typed_keys or value is None or _is_collection(value):
            what = describe(value)
            self._fail(event, f"a key must be text; this one is {what}", "put the key in quotes")
        return as_json_key(value)

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            self._fail(
                event,
                f"no anchor &{event.anchor} stands before this alias in this document",
                "set the anchor above, in this document; or put the text in quotes",
            )
        value = self._anchors[event.anchor]
        if any(value is open_body for open_body in self._open if _is_collection(value)):
            self._fail(
                event,
                f"the anchor &{event.anchor} would contain itself",
                "write the value out in the place of this alias",
            )
        return self._copy(value, event, len(self._open))

    def _copy(self, value: Any, event: Any, depth: int) -> Any:
        self._copied += 1
        if self._copied > self._limits.alias_nodes:
            limit = f"{self._limits.alias_nodes:,}"
            self._fail(event, f"aliases expand to more than {limit} values", _WRITE_OUT)
        if not _is_collection(value):
            return value
        if depth >= self._limits.depth:
            self._fail(
                event, f"nested deeper than {self._limits.depth} levels, by aliases", _WRITE_OUT
            )
        if value.__class__ is dict:
            return {key: self._copy(item, event, depth + 1) for key, item in value.items()}
        return [self._copy(item, event, depth + 1) for item in value]

    def _merge(self, body: dict[str, Any], merged: Any, start: Any) -> None:
        """Adds what ``<<`` names and the mapping itself does not; the first of a list wins."""
        sources = merged if merged.__class__ is list else [merged]
        for source in sources:
            if source.__class__ is not dict:
                self._fail(
                    start,
                    "a merge key (<<) takes a mapping, or a list of mappings",
                    "name an anchor of a mapping: <<: *base",
                )
            for key, value in source.items():
                if key not in body:
                    body[key] = self._copy(value, start, len(self._open))

    def _refuse_collection(self, event: Any) -> NoReturn:
        line = line_of(self._text, event.start_mark.line + 1) or ""
        if line[event.start_mark.column - 1 :].startswith("{{"):
            self._fail(
                event,
                "'{{' starts a mapping here, not a template tag",
                "put the whole value in quotes: '{{…}}'",
            )
        self._fail(
            event,
            "a key must be text, not a list or mapping",
            "put text that starts with '[' or '{' in quotes",
        )

    def _refuse_duplicate(self, event: Any, start: Any, key: str) -> NoReturn:
        from toolkit.yaml.positions import first_key

        first = first_key(self._text, start.start_mark.index, event)
        place = Location(self._path, first.line, first.column)
        self._fail(
            event,
            f"the key {str(key)!r} stands twice in this mapping; first at {place}",
            "keep one of the two",
            error=DuplicateKeyError,
        )

    def _fail(
        self, event: Any, message: str, hint: str = "", *, error: type[YamlError] = YamlError
    ) -> NoReturn:
        mark = event.start_mark
        raise error(
            message,
            location=Location(self._path, mark.line + 1, mark.column + 1),
            excerpt=line_of(self._text, mark.line + 1),
            hints=(hint,) if hint else (),
        )


def _is_merge(event: Any) -> bool:
    """``<<`` as it is, or by the tag that go-yaml itself writes before it."""
    return event.tag == _MERGE_TAG or (event.implicit[0] and not event.style)


def _is_collection(value: Any) -> bool:
    return value.__class__ is dict or value.__class__ is list
