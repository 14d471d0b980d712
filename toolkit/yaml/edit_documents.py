"""The documents of a text, as texts."""

from __future__ import annotations

import re
from itertools import pairwise

from yaml.events import DocumentStartEvent, StreamEndEvent

from toolkit.yaml.events import events_of

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def split_documents(text: str) -> list[str]:
    """Together they are the text. Each starts at the line of its ``---``; the first takes what
    stands before it. ``text`` must be YAML.
    """
    lines = _first_lines(text)
    if len(lines) < 2:
        return [text]
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    cuts = [0, *(starts[line] for line in lines[1:]), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _first_lines(text: str) -> list[int]:
    get_event = events_of(text.encode()).get_event
    lines: list[int] = []
    while not isinstance(event := get_event(), StreamEndEvent):
        if isinstance(event, DocumentStartEvent) and event.start_mark is not None:
            lines.append(event.start_mark.line)
    return lines
