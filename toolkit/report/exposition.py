"""Metrics as text, in Prometheus' exposition format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: ``suffix`` is ``_bucket``, ``_sum`` or ``_count`` of a histogram, else ""."""

    labels: Labels
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name. ``kind``: counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...] = field(default=())


def gauge(name: str, help: str, values: Mapping[Labels, float]) -> Family:
    """A family of gauges, by labels."""
    samples = tuple(Sample(labels, value) for labels, value in sorted(values.items()))
    return Family(name, "gauge", help, samples)


def exposition(families: Iterable[Family]) -> str:
    """The text, families by name; those of one name are one, as the format wants it."""
    lines: list[str] = []
    by_name: dict[str, list[Family]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    for name, found in sorted(by_name.items()):
        lines.append(f"# HELP {name} {_escaped(found[0].help)}")
        lines.append(f"# TYPE {name} {found[0].kind}")
        lines += [_line(name, sample) for family in found for sample in family.samples]
    return "\n".join(lines) + "\n"


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{_quoted(value)}"' for key, value in sample.labels)
    return f"{name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {number(sample.value)}"


def number(value: float) -> str:
    """As Go writes it where that is an integer; else the shortest text that reads back the same."""
    return f"{value:.0f}" if float(value).is_integer() else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
