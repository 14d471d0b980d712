"""The source of YAML events: libyaml where PyYAML was built with it, else PyYAML's own parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import yaml


class EventSource(Protocol):
    """Gives events until ``StreamEndEvent``. Raises ``yaml.YAMLError`` for broken text."""

    def get_event(self) -> Any: ...


class _PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's parser in Python, without its composer and constructor."""

    def __init__(self, stream: bytes) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def _parser() -> Callable[[bytes], EventSource]:
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]
    except ImportError:  # PyYAML without libyaml
        return _PureParser
    return CParser


_PARSER = _parser()


def events_of(text: bytes) -> EventSource:
    """Events of a stream of UTF-8 text. Reading the first may already raise."""
    return _PARSER(text)
