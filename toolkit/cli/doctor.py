"""``gitops doctor``: what this machine allows."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print.",
)  # fmt: skip
def doctor(output: str) -> int:
    """Look at what the toolkit builds on: Python, git, namespaces, cgroups, container engines,
    kubectl, disk, clock, the state folder. Ends with 1 where something essential is broken.

    \b
    Example:
      gitops doctor
      gitops doctor -o json
    """
    import json

    from toolkit.errors import UsageError
    from toolkit.report.diagnosis import Verdict, document_of_checks, format_checks
    from toolkit.wiring.diagnosis import diagnose
    from toolkit.wiring.workspace import find_workspace

    try:
        workspace = find_workspace()
    except UsageError:
        workspace = None
    checks = tuple(diagnose(workspace))
    if output == "json":
        print(json.dumps(document_of_checks(checks), indent=2, ensure_ascii=False))
    else:
        print(format_checks(checks))
    return 1 if any(check.verdict is Verdict.BROKEN for check in checks) else 0
