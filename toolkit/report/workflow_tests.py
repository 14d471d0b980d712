"""Results of workflow tests as text, JUnit XML and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as Xml

from toolkit.report.table import printable
from toolkit.source import Location

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What is not as expected; ``path`` in the test, "" where it could not be played."""

    location: Location
    path: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test; without ``mismatches`` it passed."""

    file: str
    name: str
    location: Location
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def has_passed(self) -> bool:
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class Covered:
    """Templates and branches by name: whether a test went there."""

    templates: Mapping[str, bool]
    branches: Mapping[str, bool]


def format_tests(results: Sequence[CaseResult], covered: Covered | None = None) -> str:
    """Failures with what was expected and found, then the sums."""
    lines: list[str] = []
    for result in results:
        lines.append(f"{'ok  ' if result.has_passed else 'FAIL'} {printable(result.name)}")
        for mismatch in result.mismatches:
            lines += _difference(mismatch)
    failed = sum(1 for result in results if not result.has_passed)
    many = "test" if len(results) == 1 else "tests"
    lines += ["", f"{len(results)} {many}, {failed} failed"]
    if covered is not None:
        lines += coverage_lines(covered)
    return "\n".join(lines) + "\n"


def _difference(mismatch: Mismatch) -> Iterator[str]:
    what = f": {mismatch.path}" if mismatch.path else ""
    yield f"  {mismatch.location}{what}"
    yield f"    expected: {printable(mismatch.expected)}"
    yield f"    found:    {printable(mismatch.found)}"


def coverage_lines(covered: Covered) -> Iterator[str]:
    """The shares that were covered, then what was not."""
    for kind, places in (("templates", covered.templates), ("branches", covered.branches)):
        went = sum(places.values())
        share = f" ({went / len(places):.0%})" if places else ""
        yield f"{kind}: {went} of {len(places)}{share}"
        yield from (f"  not covered: {printable(p)}" for p, was in places.items() if not was)


def document_of_tests(
    results: Sequence[CaseResult], covered: Covered | None = None
) -> dict[str, Any]:
    """The JSON shape, version 1."""
    document: dict[str, Any] = {
        "version": VERSION,
        "tests": [
            {
                "name": result.name,
                "file": result.file,
                "line": result.location.line,
                "passed": result.has_passed,
                "mismatches": [_mismatch(one) for one in result.mismatches],
            }
            for result in results
        ],
    }
    if covered is not None:
        document["coverage"] = {
            "templates": dict(covered.templates),
            "branches": dict(covered.branches),
        }
    return document


def _mismatch(one: Mismatch) -> dict[str, Any]:
    return {
        "path": one.path,
        "expected": one.expected,
        "found": one.found,
        "line": one.location.line,
        "column": one.location.column,
    }


def junit_of_tests(results: Sequence[CaseResult]) -> str:
    """A suite a file, a case a test."""
    root = Xml.Element("testsuites", name="gitops test")
    for file in dict.fromkeys(result.file for result in results):
        cases = [result for result in results if result.file == file]
        failed = sum(1 for result in cases if not result.has_passed)
        suite = Xml.SubElement(
            root, "testsuite", name=file, tests=str(len(cases)), failures=str(failed)
        )
        for result in cases:
            _case(suite, result)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: Xml.Element, result: CaseResult) -> None:
    case = Xml.SubElement(suite, "testcase", name=printable(result.name), classname=result.file)
    if not result.has_passed:
        first = result.mismatches[0]
        said = f"{first.path}: expected {first.expected}, found {first.found}"
        failure = Xml.SubElement(case, "failure", message=printable(said))
        failure.text = "\n".join(line for one in result.mismatches for line in _difference(one))
