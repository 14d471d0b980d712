"""Argo's streams: changes of workflows, events, and logs of steps.

A stream is lines of JSON, ``{"result": …}``; a client that accepts ``text/event-stream`` gets each
as a server-sent event. A failure is ``{"error": {code, message}}``, the last line.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, Final

import orjson

from toolkit.adapters.embedded import pod_address
from toolkit.adapters.http import asked
from toolkit.adapters.http.argo_ask import Ask
from toolkit.adapters.http.log_stream import LogOptions, encoded, log_options
from toolkit.adapters.http.watch_stream import WatchOptions, watch_lines
from toolkit.apiserver.field_choice import FieldChoice
from toolkit.apiserver.grpc_status import grpc_status
from toolkit.apiserver.logical_cluster import Request
from toolkit.apiserver.reading import ListOptions
from toolkit.apiserver.selectors import parse_selector
from toolkit.errors import BadRequestError, ClusterError, NotFoundError, ToolkitError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body
from toolkit.workflow.submission.submission import WORKFLOW, is_finished

Frame = Callable[[bytes], bytes]
_POD: Final = GroupVersionKind("", "v1", "Pod")
_EVENT: Final = GroupVersionKind("", "v1", "Event")
_WORKFLOW_LABEL: Final = "workflows.argoproj.io/workflow"
_LONGEST_PATTERN: Final = 256


def frame_of(accept: str) -> Frame:
    """How one JSON text stands in the stream."""
    if "text/event-stream" in accept:
        return lambda text: b"data: " + text + b"\n\n"
    return lambda text: text + b"\n"


async def workflow_events(ask: Ask, frame: Frame, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """Each change of the namespace's workflows that fit."""
    choice = FieldChoice.parse(ask.query.get("fields", ""), prefix="result.object.")
    chunks = watch_lines(
        ask.cluster, ask.request(WORKFLOW), _watch_options(ask), choice.of, stopping
    )
    async for line in _each_line(chunks):
        yield frame(_failure(line) or b'{"result":' + line.rstrip() + b"}")


async def events(ask: Ask, frame: Frame, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """The namespace's events that fit, as they come."""
    chunks = watch_lines(ask.cluster, ask.request(_EVENT), _watch_options(ask), None, stopping)
    async for line in _each_line(chunks):
        result = orjson.dumps({"result": orjson.loads(line)["object"]})
        yield frame(_failure(line) or result)


async def _each_line(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        for line in chunk.splitlines():
            yield line


def _watch_options(ask: Ask) -> WatchOptions:
    query = {
        name.removeprefix("listOptions."): value
        for name, value in ask.query.items()
        if name.startswith("listOptions.")
    }
    return asked.watch_options(query)


def _failure(line: bytes) -> bytes | None:
    if not line.startswith(b'{"type":"ERROR"'):
        return None
    status = orjson.loads(line)["object"]
    error = ClusterError(str(status.get("message")))
    _, told = grpc_status(error)
    return orjson.dumps({"error": {**told, "http_code": status.get("code")}})


@dataclass(frozen=True, slots=True)
class LogRequest:
    """``pattern``: lines that it is found in."""

    workflow: str
    pods: Request
    options: ListOptions
    follow: bool
    lines: LogOptions
    container: str
    pattern: re.Pattern[str]


def log_request(ask: Ask) -> LogRequest:
    """Raises NotFoundError for an unknown workflow, BadRequestError for what is not supported."""
    body = ask.found(WORKFLOW)
    query = _log_options(ask.query)
    name = str(body["metadata"]["name"])
    labels = ",".join(
        text for text in (f"{_WORKFLOW_LABEL}={name}", ask.query.get("selector", "")) if text
    )
    pod = ask.path.get("pod_name") or ask.query.get("podName", "")
    selector = parse_selector(labels, f"metadata.name={pod}" if pod else "")
    return LogRequest(
        name,
        ask.request(_POD),
        ListOptions(selector),
        follow=asked.flag_set(query, "follow"),
        lines=log_options(query, ask.now()),
        container=query.get("container") or "main",
        pattern=_pattern(ask.query.get("grep", "")),
    )


def _log_options(query: Mapping[str, str]) -> dict[str, str]:
    """As Kubernetes has them. Hera writes a time in its parts, as protobuf does."""
    options = {
        name.removeprefix("logOptions."): value
        for name, value in query.items()
        if name.startswith("logOptions.")
    }
    seconds = options.get("sinceTime.seconds", "")
    if seconds:
        try:
            options["sinceTime"] = datetime.fromtimestamp(int(seconds), UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            raise BadRequestError(f"sinceTime.seconds is no time: {seconds!r}") from None
    return options


def _pattern(text: str) -> re.Pattern[str]:
    if len(text) > _LONGEST_PATTERN:
        raise BadRequestError(f"grep is longer than {_LONGEST_PATTERN} characters")
    try:
        return re.compile(text)
    except re.error as error:
        raise BadRequestError(f"grep {text!r} is no regular expression: {error}") from None


class LogReader:
    """The lines of a workflow's steps as JSON texts, ``{"result": {content, podName}}``.

    Followed, it comes to its end with the workflow; :meth:`leave` ends it at once.
    """

    def __init__(self, ask: Ask, wanted: LogRequest) -> None:
        self._ask = ask
        self._wanted = wanted
        self._news: SimpleQueue[bytes | str | None] = SimpleQueue()
        self._followed: set[str] = set()
        self._open = 0
        self._has_left = False
        self._is_woken = threading.Event()

    def leave(self) -> None:
        """From any thread."""
        self._has_left = True
        self._news.put(_WAKE)

    def texts(self) -> Iterator[bytes]:
        """To be read once, in a thread that may wait."""
        if not self._wanted.follow:
            for pod in self._pods():
                yield from self._texts_of(pod, self._lines(pod))
            return
        unsubscribe = self._ask.cluster.subscribe(self._wake)
        try:
            self._wake()
            yield from self._followed_texts()
        finally:
            unsubscribe()

    def _wake(self) -> None:
        """Commits come thick: one look answers all that came before it."""
        if not self._is_woken.is_set():
            self._is_woken.set()
            self._news.put(_WAKE)

    def _followed_texts(self) -> Iterator[bytes]:
        is_over = False
        while not (is_over and self._open == 0):
            news = self._news.get()
            if self._has_left:
                return
            if news is _ENDED:
                self._open -= 1
            elif isinstance(news, bytes):
                yield news
            else:
                self._is_woken.clear()
                is_over = self._is_over()
                self._follow_new_pods()

    def _is_over(self) -> bool:
        try:
            return is_finished(self._ask.found(WORKFLOW, self._wanted.workflow))
        except NotFoundError:
            return True

    def _follow_new_pods(self) -> None:
        for pod in self._pods():
            uid = str(pod["metadata"]["uid"])
            if uid in self._followed:
                continue
            lines = self._lines(pod)
            if lines is None:
                continue  # it begins: the next change of the pod finds its log
            self._followed.add(uid)
            self._open += 1
            threading.Thread(
                target=self._read, args=(pod, lines), name="argo-log", daemon=True
            ).start()

    def _read(self, pod: Body, lines: Iterator[str]) -> None:
        try:
            for text in self._texts_of(pod, lines):
                if self._has_left:
                    return
                self._news.put(text)
        finally:
            self._news.put(_ENDED)

    def _pods(self) -> list[Body]:
        """Those that have begun, the oldest first."""
        page = self._ask.cluster.list(self._wanted.pods, self._wanted.options)
        begun = [b for b in page.bodies() if (b.get("status") or {}).get("phase") != "Pending"]
        return sorted(begun, key=_start)

    def _lines(self, pod: Body) -> Iterator[str] | None:
        """None where no log is kept."""
        wanted, store = self._wanted, self._ask.log_store
        if store is None:
            return None
        try:
            return store.lines(
                pod_address(self._ask.cluster.name, pod),
                container=wanted.container,
                follow=wanted.follow,
                tail_lines=wanted.lines.tail_lines,
                timestamps=wanted.lines.needs_timestamps,
            )
        except ToolkitError:
            return None

    def _texts_of(self, pod: Body, lines: Iterator[str] | None) -> Iterator[bytes]:
        name = pod["metadata"]["name"]
        for content in encoded(lines or iter(()), self._wanted.lines):
            line = content.decode("utf-8", "replace").removesuffix("\n")
            if self._wanted.pattern.search(line):
                yield orjson.dumps({"result": {"content": line, "podName": name}})


_WAKE: Final = None
_ENDED: Final = "ended"


def _start(pod: Body) -> tuple[str, str]:
    status: Mapping[str, Any] = pod.get("status") or {}
    return str(status.get("startTime") or ""), str(pod["metadata"]["name"])
