"""A kubectl session as text: files, commands, and what each says.

::

    @file NAME                 a file of the session, until @end
    $ get cm                   a command: its output follows, standard error behind standard output
    ! 1                        (first line) its exit code, where it is not 0
    = NAME                     (first line) its output is kept, and stands for {NAME} from then on
    $& NAME get cm -w          a command that runs on, once it has said the lines that follow
    $. NAME                    all it has said, once these are as many lines; then it is ended

A line is compared without trailing and repeated spaces; ``...`` stands for any lines, ``*`` in a
line for any text, ``<age>`` for an age.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_AGE = re.compile(r"(?<=\s)\d{1,3}(s|m(\d+s)?)(?= |$)")


@dataclass(slots=True)
class Step:
    """One command. ``mode``: "run", "start" or "end"."""

    line: int
    mode: str
    words: str
    name: str = ""
    code: int = 0
    keeps: str = ""
    expected: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Script:
    files: dict[str, str]
    steps: list[Step]


def parse(text: str) -> Script:
    script = Script({}, [])
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if line.startswith("@file "):
            script.files[line.split()[1]] = _until_end(lines)
        elif line.startswith("$"):
            script.steps.append(_step(number, line))
        elif line and not line.startswith("#"):
            _add(script.steps[-1], line)
    return script


def mismatch(expected: list[str], output: str) -> str | None:
    """What is wrong with an output, or None."""
    pattern = "".join(_pattern(line) for line in expected)
    text = "".join(f"{shown(line)}\n" for line in output.splitlines() if line.strip())
    return None if re.fullmatch(pattern, text) else text


def shown(line: str) -> str:
    return _AGE.sub("<age>", re.sub(r" {2,}|\t", " ", line)).strip()


def _until_end(lines: Iterator[tuple[int, str]]) -> str:
    found = []
    for _, line in lines:
        if line == "@end":
            break
        found.append(f"{line}\n")
    return "".join(found)


def _step(number: int, line: str) -> Step:
    mode = {"$ ": "run", "$&": "start", "$.": "end"}[line[:2]]
    rest = line[2:].strip()
    if mode == "run":
        return Step(number, mode, rest)
    name, _, words = rest.partition(" ")
    return Step(number, mode, words, name)


def _add(step: Step, line: str) -> None:
    if not step.expected and line.startswith("! "):
        step.code = int(line[2:])
    elif not step.expected and line.startswith("= "):
        step.keeps = line[2:]
    else:
        step.expected.append(line)


def _pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in shown(line).split("*")) + r"\n"
