"""``gitops test``: tests of workflows, without running anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toolkit.report.workflow_tests import CaseResult, Covered

EXIT_FAILED = 1


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--coverage", is_flag=True, help="Show which templates and branches were met.")
@click.option("-k", "pattern", default="", metavar="TEXT", help="Only tests with TEXT in the name.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "junit", "json"]),
    default="text",
    show_default=True,
)
def test(paths: tuple[str, ...], coverage: bool, pattern: str, output: str) -> int:
    """Test workflows: steps are mocked, time is virtual, all else is the engine.

    PATH is a test file or a folder of them; without one: tests/workflows. Ends with 1 where a
    test fails. docs/testing-workflows.md shows how tests are written.

    \b
    Example:
      gitops test
      gitops test tests/workflows/daily-sales.yaml --coverage
      gitops test -o junit > workflows.xml
    """
    from toolkit.errors import UsageError
    from toolkit.report.workflow_tests import Covered
    from toolkit.wiring.workflow_tests import Environments, find_tests, run_case
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    files = find_tests(workspace, paths)
    cases = [case for file in files for case in file.cases if pattern in case.fields["name"]]
    if not cases:
        raise UsageError(f"no test has {pattern!r} in its name")
    environments = Environments(workspace)
    results = [run_case(case, environments) for case in cases]
    known = environments.coverage
    covered = Covered(known.templates, known.branches) if coverage else None
    sys.stdout.write(_written(output, results, covered))
    return 0 if all(result.has_passed for result in results) else EXIT_FAILED


def _written(output: str, results: Sequence[CaseResult], covered: Covered | None) -> str:
    import json

    from toolkit.report.workflow_tests import document_of_tests, format_tests, junit_of_tests

    if output == "junit":
        return junit_of_tests(results)
    if output == "json":
        document = document_of_tests(results, covered)
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return format_tests(results, covered)
