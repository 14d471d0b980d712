"""gitops validate: everything wrong with environments and manifests, in several forms."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from toolkit import __version__
from toolkit.errors import FindingsError

if TYPE_CHECKING:
    from toolkit.report.findings import TargetFindings
    from toolkit.validate import Finding

EXIT_FINDINGS = FindingsError.exit_code


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "sarif", "junit", "github"]),
    default="text",
    show_default=True,
    help="The form of the findings on stdout.",
)
@click.option("--strict", is_flag=True, help="Warnings count: exit 4 for them, too.")
@click.option(
    "--env",
    "environment",
    metavar="ENV",
    help="The environment that single manifests are checked against.",
)
def validate(targets: tuple[str, ...], output: str, strict: bool, environment: str | None) -> int:
    """Find everything wrong with environments and manifests.

    TARGET is an environment, a folder with a kustomization, a manifest or folder of manifests,
    or - for standard input. Without one: all environments of gitops.yaml, and every file of
    workflows/.

    Ends with 4 where there is an error. docs/rules.md explains each rule.

    \b
    Example:
      gitops validate
      gitops validate production --strict
      gitops validate workflows/backfill.yaml --env staging
      gitops validate -o sarif > findings.sarif
    """
    from toolkit.wiring.validation import check_targets, is_refused
    from toolkit.wiring.workspace import find_workspace

    groups = check_targets(find_workspace(), targets, environment=environment)
    findings = _once(groups)
    text = _FORMS[output](groups, findings, strict)
    if text:
        print(text)
    if output == "text":
        _print_summary(groups, findings)
    return EXIT_FINDINGS if is_refused(findings, is_strict=strict) else 0


def _once(groups: Sequence[TargetFindings]) -> list[Finding]:
    """What several environments share is said once."""
    seen: dict[object, Finding] = {}
    for group in groups:
        for finding in group.findings:
            seen.setdefault((finding.rule, finding.location, finding.message), finding)
    return list(seen.values())


def _print_summary(groups: Sequence[TargetFindings], findings: Sequence[Finding]) -> None:
    from toolkit.report.findings import summary_of

    names = ", ".join(group.target for group in groups)
    print(f"{summary_of(findings)} in {names}", file=sys.stderr)


def _text(_: Sequence[TargetFindings], findings: Sequence[Finding], __: bool) -> str:
    from toolkit.cli.output import is_coloured
    from toolkit.report.findings import format_findings

    return format_findings(findings, coloured=is_coloured(sys.stdout))


def _json(groups: Sequence[TargetFindings], _: Sequence[Finding], __: bool) -> str:
    from toolkit.report.findings import findings_document

    return json.dumps(findings_document(groups), indent=2, ensure_ascii=False)


def _sarif(_: Sequence[TargetFindings], findings: Sequence[Finding], __: bool) -> str:
    from toolkit.report.sarif import sarif_document

    document = sarif_document(findings, tool_version=__version__)
    return json.dumps(document, indent=2, ensure_ascii=False)


def _junit(groups: Sequence[TargetFindings], _: Sequence[Finding], strict: bool) -> str:
    from toolkit.report.junit import junit_document

    return junit_document(groups, is_strict=strict)


def _github(_: Sequence[TargetFindings], findings: Sequence[Finding], __: bool) -> str:
    from toolkit.report.github import github_commands

    return github_commands(findings)


_FORMS: dict[str, Callable[[Sequence[TargetFindings], Sequence[Finding], bool], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
}
