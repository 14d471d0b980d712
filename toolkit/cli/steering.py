"""The verbs that steer workflows: one edit of the Workflow object each."""

from __future__ import annotations

import sys
from collections.abc import Callable

from toolkit.cli.workflows import Place, change, find, name_of, opened
from toolkit.resource.resource import Body


def steer(
    names: tuple[str, ...],
    env: str | None,
    edit: Callable[[Body], Body],
    done: str,
    *,
    dry_run: bool,
) -> None:
    """Applies ``edit`` to each workflow. ``done`` says what happened: ``stopped``."""
    from toolkit.workflow.submission.submission import WORKFLOW

    with opened(env, write=not dry_run) as place:
        for name in names:
            if dry_run:
                body = find(place, WORKFLOW, name)
                edit(body)
                print(f"workflow/{name_of(body)} would be {done}")
            else:
                body = change(place, WORKFLOW, name, edit)
                print(f"workflow/{name_of(body)} {done}")
        if not dry_run:
            note_without_engine(place)


def refuse_finished(body: Body, verb: str) -> Body:
    """The body, or a refusal: what has ended cannot be steered."""
    from toolkit.errors import RefusedError
    from toolkit.workflow.submission.submission import is_finished

    if is_finished(body):
        phase = body["status"]["phase"]
        raise RefusedError(
            f"workflow {name_of(body)} has ended ({phase}): nothing to {verb}",
            hints=("run it again: gitops retry (failed steps only), gitops resubmit (all)",),
        )
    return body


def note_without_engine(place: Place) -> None:
    """Says when the wish will be seen, where no engine is running."""
    from toolkit.cli.engine import has_engine

    if not has_engine(place.workspace, place.environment):
        print("no engine is running: it takes effect with the next `gitops up`", file=sys.stderr)
