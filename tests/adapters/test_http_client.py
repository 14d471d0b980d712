from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.adapters.loopback import Loopback, serving
from toolkit.adapters.http_client import HttpCalls
from toolkit.workflow.ports import HttpFailure, HttpRequest
from toolkit.workflow.templates.http_template import HttpResponse


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving() as loopback:
        yield loopback


def response(request: HttpRequest) -> HttpResponse:
    said = HttpCalls().send("u-1", request)
    assert isinstance(said, HttpResponse), said
    return said


def failure(request: HttpRequest) -> HttpFailure:
    said = HttpCalls().send("u-1", request)
    assert isinstance(said, HttpFailure), said
    return said


def test_a_request_arrives_as_it_was_written(server: Loopback) -> None:
    headers = (("X-Run", "7"), ("x-run", "8"), ("Host", "api.example"))
    said = response(HttpRequest("POST", f"{server.url}/a b?q=1", headers, b"sent"))
    (asked,) = server.asked
    assert (said.status, said.body) == (200, "POST sent")
    assert (asked.method, asked.path, asked.body) == ("POST", "/a%20b?q=1", b"sent")
    assert [value for name, value in asked.headers if name.lower() == "x-run"] == ["7", "8"]
    assert asked.header("host") == "api.example"


def test_what_is_packed_is_unpacked(server: Loopback) -> None:
    said = response(HttpRequest("GET", f"{server.url}/gzip"))
    assert said.body == "GET "
    assert "Content-Encoding" not in said.headers


@pytest.mark.parametrize(
    ("status", "method", "body"),
    [(301, "GET", b""), (302, "GET", b""), (303, "GET", b""), (307, "POST", b"x"),
     (308, "POST", b"x")],
)  # fmt: skip
def test_redirects_are_followed_as_go_follows_them(
    server: Loopback, status: int, method: str, body: bytes
) -> None:
    response(HttpRequest("POST", f"{server.url}/to/{status}/there", (), b"x"))
    assert (server.asked[1].method, server.asked[1].body) == (method, body)


def test_redirects_without_end_are_given_up(server: Loopback) -> None:
    said = failure(HttpRequest("GET", f"{server.url}/to/302/" + "to/302/" * 12))
    assert said.message.endswith("stopped after 10 redirects")
    assert len(server.asked) == 11


def test_another_host_gets_no_credentials(server: Loopback) -> None:
    with serving() as other:
        there = other.url.replace("127.0.0.1", "localhost")
        headers = (("Authorization", "Bearer t"), ("X-Run", "7"))
        response(HttpRequest("GET", f"{server.url}/to/302//{there.partition('//')[2]}", headers))
        (asked,) = other.asked
    assert asked.header("authorization") is None
    assert asked.header("x-run") == "7"


def test_a_name_and_password_in_the_url_are_basic_authentication(server: Loopback) -> None:
    url = server.url.replace("//", "//ann:p%40ss@")
    assert response(HttpRequest("GET", f"{url}/hello")).body == "Basic YW5uOnBAc3M="


def test_nobody_listening_is_said_in_gos_words() -> None:
    said = failure(HttpRequest("GET", "http://ann:secret@127.0.0.1:9/x"))
    assert said.message == (
        'Get "http://ann:xxxxx@127.0.0.1:9/x": dial tcp 127.0.0.1:9: connect: connection refused'
    )
    assert said.is_transient
    assert said.is_refused


@pytest.mark.parametrize(
    ("method", "url", "message"),
    [
        ("GET", "ftp://a", 'unsupported protocol scheme "ftp"'),
        ("GET", "", 'unsupported protocol scheme ""'),
        ("GET", "http:///x", "no Host in request URL"),
        ("G T", "http://127.0.0.1:9/", 'invalid method "G T"'),
        ("GET", "http://[::1", "Invalid IPv6 URL"),
    ],
)
def test_a_request_that_cannot_be_made_is_no_transient_failure(
    method: str, url: str, message: str
) -> None:
    said = failure(HttpRequest(method, url))
    assert message in said.message
    assert not said.is_transient


def test_a_deadline_ends_a_server_that_does_not_answer(server: Loopback) -> None:
    said = failure(HttpRequest("GET", f"{server.url}/slow", timeout_s=0.05))
    assert said.message.endswith("context deadline exceeded")
    assert said.is_transient


def test_a_call_can_be_given_up(server: Loopback) -> None:
    calls, said = HttpCalls(), []
    request = HttpRequest("GET", f"{server.url}/slow")
    thread = threading.Thread(target=lambda: said.append(calls.send("u-1", request)))
    thread.start()
    while not server.asked:
        thread.join(0.01)
    calls.abort("u-1")
    thread.join(20)
    assert said == [HttpFailure(f'Get "{server.url}/slow": stopped', is_transient=True)]


def test_a_body_without_bounds_is_refused(server: Loopback) -> None:
    assert "larger than 1 MiB" in failure(HttpRequest("GET", f"{server.url}/large")).message


def test_a_secret_that_is_echoed_is_masked(server: Loopback) -> None:
    headers = (("Authorization", "Bearer hush-hush"),)
    request = HttpRequest("GET", f"{server.url}/hello", headers, secrets=frozenset({"hush-hush"}))
    assert response(request).body == "Bearer ***"
