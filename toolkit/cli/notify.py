"""``gitops notify``: what the image casavo/slack-notifier runs, and ways to try it."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

_OUTPUT = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print."
)


@click.group()
def notify() -> None:
    """Tell Slack how a workflow ended.

    \b
    Example:
      gitops notify preview --status Failed     what a message looks like
      gitops notify captured                    messages kept instead of sent
    """


@notify.command("slack")
def slack() -> None:
    """Post the message that the environment variables describe.

    This is the command of the notifier's image: the WorkflowTemplate slack-notifier sets the
    variables, the Secret slack-hook gives SLACK_HOOK_URL.

    \b
    Variables:
      SLACK_HOOK_URL                     the incoming webhook (a secret)
      CHANNEL TITLE ICON TEXT            what to say, and where
      WF_NAME WF_NAMESPACE WF_STATUS     the workflow
      FAILURES                           {{workflow.failures}}, in any form
      LOG_URL                            a log's URL with {namespace}, {workflow}, {pod}

    \b
    Example:
      TITLE='Hello' SLACK_HOOK_URL=https://… gitops notify slack
    """
    from toolkit.adapters.slack import deliver
    from toolkit.errors import OperationError
    from toolkit.report.slack import read_notification, slack_payload

    url = os.environ.get("SLACK_HOOK_URL", "").strip()
    if not url:
        raise OperationError(
            "SLACK_HOOK_URL is not set",
            hints=["it comes from a Secret: gitops secret set ENV slack-hook SLACK_HOOK_URL"],
        )
    notification = read_notification(os.environ)
    deliver(slack_payload(notification), url)
    print(f"delivered: {notification.title} {notification.status}".rstrip())


@notify.command("preview")
@click.option("--channel", default="#data-pipelines", show_default=True)
@click.option("--title", default="Daily sales", show_default=True)
@click.option("--icon", default=":gear:", show_default=True)
@click.option("--status", default="Succeeded", show_default=True)
@click.option("--text", default="", help="More to say, under the title.")
@click.option("--failures", default=None, help="Argo's list of failures; made up for a failure.")
@_OUTPUT
def preview(
    channel: str,
    title: str,
    icon: str,
    status: str,
    text: str,
    failures: str | None,
    output: str,
) -> None:
    """Show the message without sending it. `-o json` is what Slack would get.

    \b
    Example:
      gitops notify preview --status Failed -o json
    """
    from toolkit.report.slack import read_notification, slack_payload

    example = _EXAMPLE_FAILURES if status in {"Failed", "Error"} else "[]"
    variables = {
        "CHANNEL": channel,
        "TITLE": title,
        "ICON": icon,
        "WF_STATUS": status,
        "TEXT": text,
        "WF_NAME": "daily-sales-1714541400",
        "WF_NAMESPACE": "data-staging",
        "FAILURES": example if failures is None else failures,
        "LOG_URL": "https://logs.example.com/{namespace}/{workflow}/{pod}",
    }
    _print_message(slack_payload(read_notification(variables)), output)


@notify.command("test")
@click.option("--env", "environment_name", default=None, help="The environment; else the default.")
def test(environment_name: str | None) -> None:
    """Send a test message the way the environment's workflows do.

    Its destination is the Secret slack-hook of the environment.

    \b
    Example:
      gitops notify test --env production
    """
    from toolkit.adapters.slack import deliver
    from toolkit.report.slack import Notification, slack_payload
    from toolkit.wiring.clusters import open_cluster
    from toolkit.wiring.webhook import webhook_of
    from toolkit.wiring.workspace import find_workspace

    workspace = find_workspace()
    environment = workspace.settings().environment(environment_name)
    with open_cluster(workspace, environment, write=False) as cluster:
        url = webhook_of(cluster, environment.namespace)
    notification = Notification(
        title="A test by gitops",
        icon=":wave:",
        text=f"Messages of {environment.name} arrive here.",
        namespace=environment.namespace,
    )
    deliver(slack_payload(notification), url, capture=str(workspace.captured))
    is_kept = url.startswith("capture:")
    print("kept, not sent: gitops notify captured" if is_kept else "delivered")


@notify.command("captured")
@click.option("-n", "--last", type=click.IntRange(min=1), default=10, show_default=True)
@_OUTPUT
def captured(last: int, output: str) -> None:
    """Show messages of the embedded engine that were kept instead of sent.

    They are kept as long as no destination is set: gitops secret set ENV slack-hook SLACK_HOOK_URL.

    \b
    Example:
      gitops notify captured -n 1
    """
    from toolkit.adapters.slack import captured as captured_in
    from toolkit.wiring.workspace import find_workspace

    messages = captured_in(find_workspace().captured)[-last:]
    if output == "json":
        print(json.dumps(messages, indent=2))
        return
    if not messages:
        print("no message was captured", file=sys.stderr)
    for message in messages:
        print(f"{message['at'][:19].replace('T', ' ')} UTC")
        _print_message(message["payload"], output)
        print()


_EXAMPLE_FAILURES = json.dumps(
    [
        {
            "displayName": f"load({attempt})",
            "message": "main: Error (exit code 1)",
            "phase": "Failed",
            "podName": f"daily-sales-1714541400-load-{attempt}",
        }
        for attempt in range(4)
    ]
)


def _print_message(payload: dict[str, Any], output: str) -> None:
    from toolkit.cli.output import is_coloured
    from toolkit.report.slack import format_message

    if output == "json":
        print(json.dumps(payload, indent=2, ensure_ascii=False))
    else:
        print(format_message(payload, coloured=is_coloured(sys.stdout)))
