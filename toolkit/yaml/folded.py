"""What kustomize makes of a folded text (``>``).

kustomize writes every resource out and reads it again before it prints it, and go-yaml (version
3) writes a folded text so that it reads back changed: a break before a more indented line is
doubled; and where the text begins with a blank, single breaks become spaces. We read what it
prints, so that the same files give the same bytes.
"""

from __future__ import annotations

import re

_RUNS = re.compile(r"\n+|[^\n]+")
_NO_BLOCK = re.compile("[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]| \n| \\Z")
_BLANKS = (" ", "\t")


def rewritten(text: str) -> str:
    """The value of a folded scalar whose value was ``text``, after kustomize's round trip."""
    if "\n" not in text or _NO_BLOCK.search(text):
        return text  # written in another style, which keeps it
    doubles = text.lstrip("\n")[:1] not in ("", *_BLANKS)
    runs = _RUNS.findall(text)
    return "".join(
        _breaks(run, runs[index - 1] if index else "", runs[index + 1 : index + 2], doubles)
        if run[0] == "\n"
        else run
        for index, run in enumerate(runs)
    )


def _breaks(run: str, before: str, after: list[str], doubles: bool) -> str:  # noqa: FBT001
    """What a run of breaks reads back as."""
    is_plain = bool(before) and before[0] not in _BLANKS
    written = len(run) + (is_plain and doubles)
    if not after:
        return run if len(run) == 1 else "\n" * written
    if not is_plain or after[0][0] in _BLANKS:
        return "\n" * written
    return " " if written == 1 else "\n" * (written - 1)
