"""The agent: each call is made at most once, whatever happens around it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.controllers.bench import Bench
from tests.controllers.conftest import secret
from toolkit.adapters.clock import VirtualClock
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.adapters.memory.artifacts import MemoryArtifacts
from toolkit.adapters.memory.http import MemoryClaims, MemoryHttp, ok
from toolkit.controllers.calls.agent import Agent, AgentAnswer
from toolkit.controllers.calls.plugin_host import PluginHost
from toolkit.controllers.calls.resource_actions import Owner
from toolkit.workflow.commands import CallHttp, CallPlugin
from toolkit.workflow.events import ContainerErrored, TaskAnswered
from toolkit.workflow.ports import HttpFailure, HttpRequest
from toolkit.workflow.templates.http_template import HttpResponse
from toolkit.workflow.templates.plugin_template import Plugin

OWNER = Owner("data", "wf", "uid-wf")
HOOK = {"name": "Authorization", "valueFrom": {"secretKeyRef": {"name": "hook", "key": "token"}}}
ASK = CallHttp("uid-wf-1", "n", "wf", "t", "http://api/rows")
ENDED = ("Succeeded", "Failed", "Error")
TELL = CallPlugin("uid-wf-1", "n", "wf", "t", {"plugin": {"slack": {}}})


class Desk:
    """An agent over a scripted server, with two plugins that somebody serves."""

    def __init__(self, cluster: EmbeddedCluster, clock: VirtualClock) -> None:
        self.http = MemoryHttp()
        self.claims = MemoryClaims()
        self.cluster = cluster
        served = (Plugin("a", {}, url="http://a"), Plugin("b", {}, url="http://b/"))
        executor: Any = None  # no plugin here is a container
        plugins = PluginHost(executor, self.http, clock, served=served)
        self.agent = Agent(
            "staging",
            cluster,
            http=self.http,
            claims=self.claims,
            plugins=plugins,
            artifacts=MemoryArtifacts(),
            clock=clock,
        )

    def answer(self, call: CallHttp | CallPlugin) -> AgentAnswer:
        return self.agent.answer(call, OWNER)

    def task(self, call: CallHttp | CallPlugin) -> TaskAnswered:
        answer = self.answer(call)
        assert isinstance(answer, TaskAnswered), answer
        return answer


@pytest.fixture
def desk(cluster: EmbeddedCluster, clock: VirtualClock) -> Desk:
    return Desk(cluster, clock)


def replying(*replies: Any) -> Any:
    """A plugin server that gives these replies, the last for ever."""
    left = list(replies)

    def server(_: HttpRequest) -> HttpResponse | HttpFailure:
        reply = left.pop(0) if len(left) > 1 else left[0]
        return reply if isinstance(reply, HttpResponse | HttpFailure) else said(reply)

    return server


def said(reply: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(reply))


def test_a_call_that_was_claimed_before_is_not_made_again(desk: Desk) -> None:
    desk.claims.take(ASK.id)
    answer = desk.answer(ASK)
    assert isinstance(answer, ContainerErrored)
    assert answer.message == "interrupted"
    assert desk.http.sent == []


def test_a_header_comes_from_its_secret(desk: Desk) -> None:
    desk.cluster.create(secret("hook", {"token": "hush-hush"}))
    desk.task(CallHttp("uid-wf-1", "n", "wf", "t", "http://api", headers=(HOOK,)))
    (sent,) = desk.http.sent
    assert sent.headers == (("Authorization", "hush-hush"),)
    assert sent.secrets == {"hush-hush"}


def test_a_missing_secret_fails_the_node_and_sends_nothing(desk: Desk) -> None:
    answer = desk.task(CallHttp("uid-wf-1", "n", "wf", "t", "http://api", headers=(HOOK,)))
    assert (answer.phase, answer.message) == ("Failed", 'secret "hook" not found')
    assert desk.http.sent == []


def test_no_connection_fails_the_node_and_counts_as_transient(desk: Desk) -> None:
    desk.http.server = replying(HttpFailure("connection refused", is_transient=True))
    answer = desk.task(ASK)
    assert (answer.phase, answer.message, answer.is_transient) == (
        "Failed", "connection refused", True,
    )  # fmt: skip


def test_the_first_plugin_that_knows_the_template_answers_it(desk: Desk) -> None:
    node = {"phase": "Succeeded", "message": "sent"}
    desk.http.server = replying({}, {"node": node})
    answer = desk.task(TELL)
    assert (answer.phase, answer.message) == ("Succeeded", "sent")
    urls = [sent.url for sent in desk.http.sent]
    assert urls == ["http://a/api/v1/template.execute", "http://b/api/v1/template.execute"]


def test_a_template_that_no_plugin_knows_fails(desk: Desk) -> None:
    desk.http.server = replying({})
    answer = desk.task(TELL)
    assert answer.message == "no plugin executed the template (plugins: a, b)"
    assert answer.phase == "Failed"


def test_a_plugin_without_the_method_is_not_asked_again_by_the_same_workflow(desk: Desk) -> None:
    desk.http.server = replying(said("", 404), {}, {})
    desk.task(TELL)
    desk.task(CallPlugin("uid-wf-2", "n", "wf", "t", {"plugin": {"slack": {}}}))
    assert [sent.url[:8] for sent in desk.http.sent] == ["http://a", "http://b", "http://b"]


def test_an_error_of_a_plugin_is_final(desk: Desk) -> None:
    desk.http.server = replying(HttpResponse(500, {}, "broken\n"))
    answer = desk.task(TELL)
    assert (answer.phase, answer.message) == ("Failed", "500: broken")
    assert len(desk.http.sent) == 1


def test_a_plugin_that_cannot_answer_now_is_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.controllers.calls.agent._BACKOFF_S", (0.001,) * 4)
    node = {"node": {"phase": "Succeeded"}}
    desk.http.server = replying(HttpResponse(503, {}, ""), HttpResponse(429, {}, ""), node)
    assert desk.task(TELL).phase == "Succeeded"


def test_a_plugin_that_can_never_answer_is_given_up_after_five_times(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.controllers.calls.agent._BACKOFF_S", (0.001,) * 4)
    desk.http.server = replying(HttpResponse(503, {}, "busy"))
    answer = desk.task(TELL)
    assert (answer.phase, answer.message, answer.is_transient) == ("Failed", "503: busy", True)
    assert len(desk.http.sent) == 5


# Through the controller

HTTP = {"entrypoint": "m", "templates": [{"name": "m", "http": {"url": "http://api"}}]}


@pytest.fixture
def bench(cluster: EmbeddedCluster, clock: VirtualClock) -> Iterator[Bench]:
    bench = Bench(cluster, clock)
    yield bench
    bench.http.close()


def node_of(bench: Bench) -> Any:
    (node,) = (bench.workflow().get("status") or {"nodes": {"": {}}})["nodes"].values()
    return node


def test_a_response_is_the_result_of_its_node(bench: Bench) -> None:
    bench.http.server = replying(HttpResponse(200, {}, "three rows"))
    bench.submit(**HTTP)
    bench.until(lambda: bench.phase() == "Succeeded")
    node = node_of(bench)
    assert (node["type"], node["outputs"]["result"]) == ("HTTP", "three rows")
    assert bench.claims.taken == set()


def test_a_call_under_way_in_a_crash_is_interrupted(bench: Bench) -> None:
    bench.http.server = lambda _: None
    bench.submit(**HTTP)
    bench.until(lambda: bool(bench.http.sent))
    bench.http.server = ok
    bench.boot()
    bench.until(lambda: bench.phase() in ENDED)
    node = node_of(bench)
    assert (node["phase"], node["message"]) == ("Error", "interrupted")
    assert len(bench.http.sent) == 1


def test_an_interrupted_call_is_made_anew_where_its_retry_policy_says_so(bench: Bench) -> None:
    bench.http.server = lambda _: None
    template = {**HTTP["templates"][0], "retryStrategy": {"limit": 1, "retryPolicy": "OnError"}}  # type: ignore[dict-item]
    bench.submit(entrypoint="m", templates=[template])
    bench.until(lambda: bool(bench.http.sent))
    bench.http.server = ok
    bench.boot()
    bench.until(lambda: bench.phase() in ENDED)
    assert bench.phase() == "Succeeded"
    assert len(bench.http.sent) == 2


def test_a_stopped_call_fails_at_once(bench: Bench) -> None:
    bench.http.server = lambda _: None
    bench.submit(**HTTP)
    bench.edit(lambda body: body["spec"].update(shutdown="Stop"))
    bench.until(lambda: bench.phase() == "Failed")
    node = node_of(bench)
    assert node["message"] == "Stopped with strategy 'Stop'"


def test_a_plugin_is_asked_again_when_it_said_so(bench: Bench) -> None:
    running = {"node": {"phase": "Running", "message": "loading"}, "requeue": "1m"}
    bench.http.server = replying(running, {"node": {"phase": "Succeeded"}})
    bench.served.append(Plugin("slack", {}, url="http://slack"))
    bench.boot()
    bench.submit(entrypoint="m", templates=[{"name": "m", "plugin": {"slack": {}}}])
    bench.until(lambda: bench.claims.taken == set() and bool(bench.http.sent))
    bench.advance(30)
    assert (node_of(bench)["phase"], node_of(bench)["message"]) == ("Running", "loading")
    bench.advance(31)
    bench.until(lambda: bench.phase() == "Succeeded")
    assert len(bench.http.sent) == 2
