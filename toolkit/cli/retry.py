"""``gitops retry``: let a failed workflow go on from where it failed."""

from __future__ import annotations

from collections.abc import Callable

import click

from toolkit.cli.choosing import Choice, choice_options
from toolkit.cli.submitting import Following, follow_options, go_on, submitting
from toolkit.cli.workflows import Place, change, env_option, name_of, now, output_option
from toolkit.resource.resource import Body


@click.command()
@choice_options
@env_option
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="A new value.")
@click.option("--restart-successful", is_flag=True, help="With --node: also what succeeded.")
@click.option(
    "--node", "--node-field-selector", default="", metavar="SELECTOR",
    help="Nodes like displayName=load.",
)  # fmt: skip
@follow_options
@output_option
def retry(
    *,
    choice: Choice,
    env: str | None,
    parameter: tuple[str, ...],
    restart_successful: bool,
    node: str,
    following: Following,
    output: str,
) -> int:
    """Run the failed steps of workflows again; what succeeded stays.

    With other parameters, loops and groups of steps with a failed one in them run again as a whole.

    \b
    Example:
      gitops retry daily-sales-1700000000 --wait
      gitops retry daily-sales-1700000000 -p day=2024-05-02
      gitops retry -l workflows.argoproj.io/phase=Failed
      gitops retry @latest --restart-successful --node displayName=load
    """
    from toolkit.workflow import verbs
    from toolkit.workflow.submission.submission import parse_pairs, refuse_unknown

    values = parse_pairs(parameter)

    def edit(body: Body) -> tuple[Body, tuple[str, ...]]:
        refuse_unknown(body, values)
        return verbs.retry(
            body,
            now=now(),
            restart_successful=restart_successful,
            node_field_selector=node,
            parameters=parameter,
        )

    with submitting(env, waits=following.waits) as place:
        retried = [_retry(place, name_of(body), edit) for body in choice.of(place)]
        return max((go_on(place, body, output, following) for body in retried), default=0)


def _retry(
    place: Place, name: str, retried: Callable[[Body], tuple[Body, tuple[str, ...]]]
) -> Body:
    from toolkit.errors import NotFoundError
    from toolkit.resource.cluster import ObjectRef
    from toolkit.resource.identity import GroupVersionKind
    from toolkit.workflow.submission.submission import WORKFLOW

    obsolete: tuple[str, ...] = ()

    def edit(body: Body) -> Body:
        nonlocal obsolete
        changed, obsolete = retried(body)
        return changed

    body = change(place, WORKFLOW, name, edit)
    for pod in obsolete:
        try:
            place.cluster.delete(ObjectRef(GroupVersionKind("", "v1", "Pod"), place.namespace, pod))
        except NotFoundError:
            continue  # its retention was over
    print(f"workflow/{name_of(body)} retried")
    return body
