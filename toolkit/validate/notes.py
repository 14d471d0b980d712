"""Findings as the rules write them down, before anybody looks up where they stand in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.resource.field_path import FieldPath
from toolkit.validate.finding import Severity
from toolkit.validate.rules import RULES


@dataclass(frozen=True, slots=True)
class Note:
    """``is_key``: the name of the field is wrong, not its value. ``part``: the piece of a longer
    text that is wrong, as it stands there.
    """

    rule: str
    severity: Severity
    path: FieldPath
    message: str
    hint: str = ""
    is_key: bool = False
    part: str = ""


class Notes:
    """Collects the notes on one object. Writing the same thing twice counts once."""

    def __init__(self) -> None:
        self._notes: dict[Note, None] = {}

    def add(
        self,
        rule: str,
        path: FieldPath,
        message: str,
        hint: str = "",
        *,
        is_key: bool = False,
        part: str = "",
    ) -> None:
        """Writes down one finding; the rule's table gives its severity, and a hint where there is
        none.
        """
        known = RULES[rule]
        hint = hint or known.hint
        self._notes[Note(rule, known.severity, path, message, hint, is_key, part)] = None

    def __iter__(self) -> Iterator[Note]:
        return iter(self._notes)
