"""A workflow's end as a Slack message. Pure: environment variables in, a payload out.

The variables are the parameters of the WorkflowTemplate ``slack-notifier``: CHANNEL, TITLE, ICON,
WF_STATUS, WF_NAME, WF_NAMESPACE, FAILURES, TEXT, and LOG_URL or GITOPS_LOG_LINK, the URL template
of a step's log. Any of them may be absent or hold any text.

Slack's limits hold for every payload: 3,000 characters a section, 150 a header, 50 blocks, and
:data:`BUDGET` characters in all, because Slack refuses messages of about 10,000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from toolkit.report.failures import Failure, read_failures

BUDGET = 8_000
_HEADER_LIMIT = 150
_SECTION_LIMIT = 3_000
_NAME_LIMIT = 200
_LINK_LIMIT = 1_000
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_COLOURS = {"Succeeded": "#18be52", "Failed": "#E96D76", "Error": "#E96D76"}
_OTHER_COLOUR = "#0DADEA"
_TERMINAL = {"#18be52": "32", "#E96D76": "31"}
_LINK = re.compile(r"<(https?://[^|>]*)\|([^>]*)>")
_STATUS = re.compile(r"\*(\w+)\*")

# (failures shown, characters of each message, characters of the text): the first that fits wins.
_FITS = ((10, 1_000, 2_900), (8, 400, 1_500), (5, 200, 800), (2, 150, 300), (0, 0, 150))


@dataclass(frozen=True, slots=True)
class Notification:
    """What there is to say. ``log_link`` is a URL template, or "" for no links."""

    channel: str = ""
    title: str = ""
    icon: str = ""
    status: str = ""
    text: str = ""
    workflow: str = ""
    namespace: str = ""
    log_link: str = ""
    failures: tuple[Failure, ...] = ()


Payload = dict[str, Any]


def read_notification(environment: Mapping[str, str]) -> Notification:
    """From the notifier's environment variables. Never fails."""
    value = {name: _clean(text) for name, text in environment.items()}
    workflow = value.get("WF_NAME", "").strip()
    return Notification(
        channel=value.get("CHANNEL", "").strip(),
        title=value.get("TITLE", "").strip() or workflow or "Workflow",
        icon=value.get("ICON", "").strip(),
        status=value.get("WF_STATUS", "").strip(),
        text=value.get("TEXT", "").strip(),
        workflow=workflow,
        namespace=value.get("WF_NAMESPACE", "").strip(),
        log_link=(value.get("LOG_URL", "") or value.get("GITOPS_LOG_LINK", "")).strip(),
        failures=read_failures(value.get("FAILURES", "")),
    )


def slack_payload(notification: Notification) -> Payload:
    """The body for an incoming webhook, within Slack's limits.

    ``text`` is what a phone shows; the blocks are what the channel shows. Apps' own webhooks
    ignore ``channel`` and ``icon_emoji``: their destination is fixed in Slack.
    """
    for shown, message_limit, text_limit in _FITS:
        payload = _payload(notification, shown, message_limit, text_limit)
        if len(json.dumps(payload, ensure_ascii=False)) <= BUDGET:
            break
    return payload


def format_message(payload: Mapping[str, Any], *, coloured: bool = False) -> str:
    """A payload as a person reads it in a terminal: where it goes, who sends it, what it says."""
    lines = [
        _field("channel", payload.get("channel") or "the webhook's own"),
        _field("icon", payload.get("icon_emoji") or payload.get("icon_url") or "the webhook's own"),
        _field("title", _titles(payload)),
        _field("status", _shown_status(payload)),
        _field("text", _unescaped(str(payload.get("text", "")))),
    ]
    for attachment in payload.get("attachments", ()):
        bar = _bar(str(attachment.get("color", "")), coloured=coloured)
        for block in attachment.get("blocks", ()):
            text = _unescaped(str(block.get("text", {}).get("text", "")))
            lines += [f"{bar} {line}" for line in text.split("\n")]
    return "\n".join(lines)


def _field(name: str, value: object) -> str:
    return f"{name:<8} {value}"


def _shown_status(payload: Mapping[str, Any]) -> str:
    """The workflow's status, which a message begins with; "none" for a plain one."""
    blocks = (block for each in payload.get("attachments", ()) for block in each.get("blocks", ()))
    nothing: Mapping[str, Any] = {}
    first = next(blocks, nothing)
    status = _STATUS.match(str(first.get("text", {}).get("text", "")))
    return status[1] if status else "none"


def _titles(payload: Mapping[str, Any]) -> str:
    headers = [block["text"]["text"] for block in payload.get("blocks", ()) if "text" in block]
    return " ".join(headers)


def _bar(colour: str, *, coloured: bool) -> str:
    code = _TERMINAL.get(colour, "36")
    return f"\x1b[{code}m┃\x1b[0m" if coloured else "|"


def _unescaped(text: str) -> str:
    linked = _LINK.sub(r"\2: \1", text)
    return linked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _payload(
    notification: Notification, shown: int, message_limit: int, text_limit: int
) -> Payload:
    body = [_status_line(notification)]
    if notification.text:
        body.append(_escaped(notification.text, text_limit))
    body += [_failure_line(f, notification, message_limit) for f in notification.failures[:shown]]
    hidden = len(notification.failures) - shown
    if hidden > 0:
        body.append(f"and {hidden} more")
    colour = _COLOURS.get(notification.status, _OTHER_COLOUR)
    payload: Payload = {
        **_sender(notification),
        "text": _summary(notification),
        "blocks": [_header(notification)],
    }
    sections = [_section(line) for line in body if line]
    if sections:
        payload["attachments"] = [{"color": colour, "blocks": sections}]
    return payload


def _sender(notification: Notification) -> Payload:
    sender: Payload = {}
    if notification.channel:
        sender["channel"] = notification.channel[:_NAME_LIMIT]
    if notification.icon.startswith(("https://", "http://")):
        sender["icon_url"] = notification.icon[:_NAME_LIMIT]
    elif notification.icon:
        sender["icon_emoji"] = notification.icon[:_NAME_LIMIT]
    return sender


def _summary(notification: Notification) -> str:
    title = _escaped(notification.title, _NAME_LIMIT)
    status = _escaped(notification.status, _NAME_LIMIT)
    return f"{title}: {status}" if status else title


def _status_line(notification: Notification) -> str:
    parts = []
    if notification.status:
        parts.append(f"*{_escaped(notification.status, _NAME_LIMIT)}*")
    if notification.workflow:
        parts.append(f"`{_escaped(notification.workflow, _NAME_LIMIT)}`")
    if notification.namespace:
        parts.append(f"in {_escaped(notification.namespace, _NAME_LIMIT)}")
    return " ".join(parts)


def _failure_line(failure: Failure, notification: Notification, limit: int) -> str:
    line = _escaped(failure.message, limit)
    if failure.step:
        line = f"*{_escaped(failure.step, _NAME_LIMIT)}*: {line}"
    if failure.attempts > 1:
        line += f" ({failure.attempts} attempts)"
    link = _log_link(failure, notification)
    return f"{line}\n{link}" if link else line


def _log_link(failure: Failure, notification: Notification) -> str:
    template = notification.log_link
    if not template or ("{pod}" in template and not failure.pod):
        return ""
    url = template
    for name, value in (
        ("{namespace}", notification.namespace),
        ("{workflow}", notification.workflow),
        ("{pod}", failure.pod),
    ):
        url = url.replace(name, quote(value, safe=""))
    if not url.startswith(("https://", "http://")):
        return f"log: {_escaped(url, _LINK_LIMIT)}"
    safe = url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E").replace("&", "&amp;")
    return f"<{safe}|log>" if len(safe) <= _LINK_LIMIT else ""


def _header(notification: Notification) -> Payload:
    text = notification.title
    if not notification.icon.startswith(("https://", "http://")):
        text = f"{notification.icon} {text}".strip()
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, _HEADER_LIMIT)}}


def _section(text: str) -> Payload:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _clean(text: str) -> str:
    """Text that JSON and Slack accept: no lone surrogates, hardly a control character."""
    valid = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in valid if c in "\n\t" or (ord(c) >= 32 and ord(c) != 127))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(text: str, limit: int) -> str:
    """``text`` with ``& < >`` escaped, at most ``limit`` characters, no escape cut in two."""
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    if len(escaped) <= limit:
        return escaped
    kept, length = [], 1
    for c in text:
        piece = _ESCAPES.get(c, c)
        length += len(piece)
        if length > limit:
            break
        kept.append(piece)
    return "".join(kept) + "…" if limit else ""
