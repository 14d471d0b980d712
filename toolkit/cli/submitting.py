"""Starting workflows and following them: shared by run, resubmit and retry."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from toolkit.cli.workflows import Place, name_of, opened, print_object
from toolkit.resource.resource import Body


@dataclass(frozen=True, slots=True)
class Following:
    """How a verb goes on once its workflow is started."""

    wait: bool
    watch: bool
    log: bool

    @property
    def waits(self) -> bool:
        return self.wait or self.watch or self.log


def follow_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --wait, --watch and --log; the verb gets them as ``following``."""
    from functools import wraps

    @click.option("--wait", is_flag=True, help="Wait for the end.")
    @click.option("--watch", is_flag=True, help="Show the tree until the end.")
    @click.option("--log", is_flag=True, help="Print the steps' logs until the end.")
    @wraps(verb)
    def with_following(*arguments: Any, wait: bool, watch: bool, log: bool, **options: Any) -> Any:
        return verb(*arguments, following=Following(wait, watch, log), **options)

    return with_following


def submit_all(
    make: Callable[[Place], list[Body]],
    env: str | None,
    following: Following,
    output: str,
    *,
    dry_run: bool,
) -> int:
    """Creates the workflows that ``make`` gives, follows each; returns the exit code."""
    if dry_run:
        with opened(env) as place:
            for body in make(place):
                print_object(body, "yaml" if output == "text" else output)
        return 0
    with submitting(env, waits=following.waits) as place:
        created = [place.cluster.create(body) for body in make(place)]
        for body in created:
            _announce(body, output, following)
        return max((go_on(place, body, output, following) for body in created), default=0)


def go_on(place: Place, body: Body, output: str, following: Following) -> int:
    """Follows one workflow as asked; 1 where it was followed and did not succeed."""
    from toolkit.workflow.submission.submission import WORKFLOW

    if not following.waits:
        return 0
    ref = place.ref(WORKFLOW, name_of(body))
    end = _followed(place, ref, following)
    if output in ("json", "yaml"):
        print_object(end, output)
    elif output == "text" and not following.watch:
        from toolkit.cli.showing import print_workflow

        print_workflow(end)
    return 0 if (end.get("status") or {}).get("phase") == "Succeeded" else 1


@contextmanager
def submitting(env: str | None, *, waits: bool) -> Iterator[Place]:
    """A place where new work will be done: on Kubernetes, by the owner of the state, or (where
    the caller waits) by an engine that runs in this process meanwhile.

    Raises RefusedError where nothing would ever run it.
    """
    from toolkit.cli.engine import engine_here, has_engine
    from toolkit.errors import RefusedError
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environment = workspace.settings().environment(env)
    if has_engine(workspace, environment):
        with opened(env, write=True) as place:
            yield place
    elif waits:
        with engine_here(workspace, environment) as cluster:
            yield Place(workspace, environment, cluster)
    else:
        raise RefusedError(
            f"no engine is running for {environment.name}: nothing was started",
            hints=(f"start one: gitops up {environment.name}", "or run it here: --wait"),
        )


def _followed(place: Place, ref: Any, following: Following) -> Body:
    from toolkit.cli.showing import follow, show_until_ended
    from toolkit.cli.streaming import LogRequest, stream_logs

    if following.log:
        return stream_logs(place.cluster, ref, LogRequest())
    states = follow(place.cluster, ref)
    if following.watch:
        return show_until_ended(states)
    (end,) = deque(states, maxlen=1)
    return end


def _announce(body: Body, output: str, following: Following) -> None:
    if output == "name":
        print_object(body, output)
    elif output == "text":
        print(f"workflow/{name_of(body)} created")
    elif not following.waits:
        print_object(body, output)
    sys.stdout.flush()
