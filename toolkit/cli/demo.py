"""``gitops demo``: the whole pipeline, once, with what happened."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.adapters.sink import Sink
    from toolkit.cli.workflows import Place
    from toolkit.repository.settings import Environment
    from toolkit.resource.resource import Body
    from toolkit.wiring.workspace import Workspace

_CRON = "hello-cron"
_FAILING = "workflows/fire-drill.yaml"
_MESSAGE_TIMEOUT_S = 10.0


@click.command()
def demo() -> None:
    """Run the whole pipeline once on this repository, and show what happened.

    Builds, validates, publishes and syncs every environment, runs a cron and a workflow that
    fails on purpose, and shows the messages they send. Everything stays on this machine: the
    embedded cluster, a deploy repository in .gitops/, and a webhook that listens here.

    \b
    Example:
      gitops init pipelines && cd pipelines && gitops demo
    """
    from toolkit.cli.output import is_coloured
    from toolkit.cli.submitting import submitting
    from toolkit.report.demo import format_next
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    settings = workspace.settings()
    environments = tuple(settings.environments.values())
    _refuse_beside_another(workspace)
    _refuse_elsewhere(workspace, environments)
    steps = _Steps(coloured=is_coloured(sys.stdout))
    _validate(steps, workspace)
    _publish(steps, workspace, environments)
    _sync(steps, workspace, environments)
    _show_crons(steps, workspace, environments)
    with submitting(settings.default_environment, waits=True) as place:
        _run_both(steps, place)
    print(f"\n{format_next(_program(), coloured=steps.coloured)}")


def _program() -> str:
    """How gitops is called here: by name, or by its path where it is not on PATH."""
    from os.path import relpath
    from shutil import which

    called = sys.argv[0]
    return relpath(called) if called.endswith("/gitops") and not which("gitops") else "gitops"


class _Steps:
    """Numbers the headings."""

    def __init__(self, *, coloured: bool) -> None:
        self.coloured = coloured
        self._number = 0

    def begin(self, title: str, explanation: str) -> None:
        from toolkit.report.demo import format_heading

        self._number += 1
        print(format_heading(self._number, title, explanation, coloured=self.coloured))
        sys.stdout.flush()


def _refuse_beside_another(workspace: Workspace) -> None:
    """The demo brings its own engine, and syncs environments that another may not serve."""
    from toolkit.errors import RefusedError
    from toolkit.wiring.clusters import running_server

    server = running_server(workspace)
    if server is not None:
        raise RefusedError(
            f"a `gitops up` is running here (process {server.pid})",
            hints=["stop it with Ctrl-C where it runs, then try again"],
        )


def _refuse_elsewhere(workspace: Workspace, environments: Sequence[Environment]) -> None:
    """The demo publishes and syncs: it must not do that to anybody's real environment."""
    from pathlib import Path

    from toolkit.errors import RefusedError
    from toolkit.wiring.delivery import deploy_url

    for environment in environments:
        is_local = Path(deploy_url(workspace, environment)).is_relative_to(workspace.state)
        if not (environment.destination.is_embedded and is_local):
            raise RefusedError(
                f"{environment.name} is not on this machine alone; the demo leaves it alone",
                hints=["try it on a new repository: gitops init DIR && cd DIR && gitops demo"],
            )


def _validate(steps: _Steps, workspace: Workspace) -> None:
    from toolkit.errors import FindingsError
    from toolkit.wiring.validation import check_targets, is_refused

    steps.begin(
        "Build and validate",
        "Base manifests and overlays become each environment's objects; all of them are checked.",
    )
    groups = check_targets(workspace, ())
    findings = [finding for group in groups for finding in group.findings]
    if is_refused(findings):
        shared = {(each.rule, each.location, each.message): each for each in findings}
        raise FindingsError("the repository has errors: the demo ends here", [*shared.values()])
    print(f"nothing wrong in {', '.join(group.target for group in groups)}")


def _publish(steps: _Steps, workspace: Workspace, environments: Sequence[Environment]) -> None:
    from toolkit.report.demo import format_publications
    from toolkit.wiring.publishing import open_origin, publish_all

    steps.begin(
        "Publish",
        "What was rendered is committed to the deploy repository, a branch an environment.",
    )
    with open_origin(workspace, allow_dirty=True) as origin:
        publications = publish_all(workspace, environments, origin, told=lambda _: None)
    if origin.provenance.is_dirty:
        print("(your changes are not committed yet: published as they are, and marked so)")
    print(format_publications(publications))


def _sync(steps: _Steps, workspace: Workspace, environments: Sequence[Environment]) -> None:
    from toolkit.report.demo import format_syncs
    from toolkit.wiring.delivery import sync_now

    steps.begin(
        "Sync",
        "The reconciler brings each environment's cluster to its branch: compare, guard, apply.",
    )
    print(format_syncs([sync_now(workspace, environment) for environment in environments]))


def _show_crons(steps: _Steps, workspace: Workspace, environments: Sequence[Environment]) -> None:
    from toolkit.report.demo import format_crons
    from toolkit.wiring.clusters import open_cluster
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    steps.begin(
        "Crons",
        "The same crons everywhere; one patch in crons/staging suspends them all there.",
    )
    crons = {}
    for environment in environments:
        with open_cluster(workspace, environment, write=False) as cluster:
            crons[environment.name] = cluster.list(CRON_WORKFLOW, environment.namespace).items
    print(format_crons(crons, coloured=steps.coloured))


def _run_both(steps: _Steps, place: Place) -> None:
    from toolkit.adapters.sink import Sink
    from toolkit.wiring.webhook import webhook_set_to

    with Sink() as sink, webhook_set_to(place.cluster, place.namespace, sink.url):
        _run_cron(steps, place, sink)
        _run_failing(steps, place, sink)


def _run_cron(steps: _Steps, place: Place, sink: Sink) -> None:
    from toolkit.cli.workflows import find, now
    from toolkit.errors import OperationError
    from toolkit.workflow import verbs
    from toolkit.workflow.submission.submission import CRON_WORKFLOW

    steps.begin(
        f"Run {_CRON} once in {place.environment.name}",
        "By hand, because it is suspended there. Its steps are processes of this machine.",
    )
    cron = find(place, CRON_WORKFLOW, _CRON)
    end = _run(steps, place, verbs.from_cron(cron, now()))
    if end["status"]["phase"] != "Succeeded":
        raise OperationError(f"{_CRON} did not succeed", hints=["gitops logs @latest"])
    _show_message(steps, sink)


def _run_failing(steps: _Steps, place: Place, sink: Sink) -> None:
    from toolkit.cli.workflows import read_documents
    from toolkit.report.demo import format_attempts
    from toolkit.wiring.submission import in_environment

    steps.begin(
        f"Run {_FAILING}, which fails on purpose",
        "A step is tried again after a growing wait; when it gives up, the message says why.",
    )
    documents = read_documents(str(place.workspace.root / _FAILING))
    bodies = in_environment(place.workspace, place.environment, [body for _, body in documents])
    end = _run(steps, place, bodies[0])
    print(f"\n{format_attempts(end)}.")
    _show_message(steps, sink)


def _run(steps: _Steps, place: Place, workflow: Body) -> Body:
    """Starts a workflow, follows it to its end, prints its tree."""
    from toolkit.cli.showing import follow, pods_of
    from toolkit.cli.workflows import name_of, now
    from toolkit.report.workflow_tree import format_tree
    from toolkit.workflow.submission.submission import WORKFLOW, Wishes, fit

    created = place.cluster.create(fit(workflow, place.namespace, Wishes()))
    states = follow(place.cluster, place.ref(WORKFLOW, name_of(created)))
    (end,) = deque(states, maxlen=1)
    print(format_tree(end, now=now(), pods=pods_of(end), coloured=steps.coloured))
    return end


def _show_message(steps: _Steps, sink: Sink) -> None:
    from toolkit.errors import OperationError
    from toolkit.report.slack import format_message

    try:
        payload: dict[str, Any] = sink.receive(timeout_s=_MESSAGE_TIMEOUT_S)
    except OperationError as error:
        raise OperationError(
            "the notifier sent no message", hints=["what it printed: gitops logs @latest"]
        ) from error
    print("\nThe message that Slack would get (received by a webhook on this machine):\n")
    print(format_message(payload, coloured=steps.coloured))
