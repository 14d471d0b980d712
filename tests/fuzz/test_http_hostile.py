"""Malformed bodies, patches, selectors, paths and requests, against the real server."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

CONFIGS = "/api/v1/namespaces/data/configmaps"
CRONS = "/apis/argoproj.io/v1alpha1/namespaces/data/cronworkflows"
COLLECTIONS = (
    *(CONFIGS, CRONS, "/api/v1/namespaces", "/api/v1/namespaces/data/secrets"),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
)
MEDIA = (
    "application/json",
    "application/yaml",
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
)
NASTY = (
    b"",
    b"null",
    b"[]",
    b"1e999",
    b"NaN",
    b"\xff\xfe",
    b'{"metadata":' * 400 + b"{}" + b"}" * 400,
    *(b'{"spec":' + b'{"x":' * deep + b"{}" + b"}" * deep + b"}" for deep in (100, 900, 1_020)),
    *(b'{"spec":' + b"[" * deep + b"]" * deep + b"}" for deep in (100, 900, 1_020)),
    b"{spec: " + b"{a: " * 900 + b"}" * 901,
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"a: &a [*a, *a]",
    b"a: &a {b: *a}\n<<: *a",
    b"&a [" + b"*a," * 10 + b"]",
    b"!!python/object/apply:os.system [id]",
    b"k8s\x00\xff\xff\xff\xff\xff",
    b"k8s\x00\x0a\x0b\x0a\x02v1\x12\x05Event\x12\x00",
    b'{"metadata":{"name":"x","labels":{"a":null}}}',
    b'{"metadata":{"name":"x","name":"y"}}',
    b'{"metadata":{"name":"\\ud800"}}',
    b'{"metadata":{"name":"x"},"data":{"a":"\\u0000"}}',
    b'{"metadata":{"name":"x","managedFields":[{"fieldsV1":{"f:":{"k:{":{}}}}]}}',
    b'[{"op":"add","path":"/metadata/labels/~2","value":1}]',
    b'[{"op":"copy","from":"/metadata","path":"/data/x"}]',
    b"[" + b'{"op":"copy","from":"","path":"/spec"},' * 40 + b'{"op":"remove","path":"/spec"}]',
    b'[{"op":"test","path":"/metadata/name","value":' + b"[" * 300 + b"]" * 300 + b"}]",
    b'{"$patch":"delete"}',
    b'{"spec":{"$setElementOrder/schedules":[1]}}',
)

contents = st.sampled_from(NASTY) | st.binary(max_size=40) | st.text(max_size=40).map(str.encode)
selectors = st.sampled_from(
    ["a in (", "a notin ()", "!", "a==b=c", "metadata.name=", "a" * 5_000, "a,,b", "\x00", "é=ü"]
) | st.text(max_size=12)
numbers = st.sampled_from(["-1", "1e3", "9" * 30, "٣", "0x1", "", "0", "1"]) | st.text(max_size=3)
queries = st.fixed_dictionaries(
    {},
    optional={
        "labelSelector": selectors,
        "fieldSelector": selectors,
        "limit": numbers,
        "continue": numbers | st.text(max_size=12),
        "resourceVersion": numbers,
        "resourceVersionMatch": numbers,
        "timeoutSeconds": st.just("1"),
        "includeObject": numbers,
        "dryRun": numbers,
        "fieldManager": numbers,
        "fieldValidation": numbers,
        "propagationPolicy": numbers,
        "pretty": numbers,
    },
)
few = settings(
    max_examples=80,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def with_query(path: str, query: dict[str, str]) -> str:
    return path + "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())


@pytest.fixture(autouse=True)
def there(target: Any) -> None:
    """Objects to patch; they may be there already."""
    target.ask("POST", f"/clusters/fuzz{CONFIGS}", b'{"metadata":{"name":"there"},"data":{}}')
    target.ask("POST", f"/clusters/fuzz{CRONS}", b'{"metadata":{"name":"there"},"spec":{}}')


def test_any_content_of_any_type(target: Any, check: Any) -> None:
    @few
    @given(
        st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
        st.sampled_from(COLLECTIONS),
        st.sampled_from(["", "/there", "/there/status"]),
        st.sampled_from(MEDIA),
        contents,
    )
    def ask(method: str, path: str, name: str, media: str, content: bytes) -> None:
        headers = {"Content-Type": media, "User-Agent": "fuzz"}
        check.answer(*target.ask(method, f"/clusters/fuzz{path}{name}", content, headers))

    ask()
    check.store(target)


@pytest.mark.parametrize("media", MEDIA)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_each_nasty_content(target: Any, check: Any, method: str, media: str) -> None:
    for collection in (CONFIGS, CRONS):
        path = f"/clusters/fuzz{collection}" + ("/there" if method == "PATCH" else "")
        for content in NASTY:
            check.answer(*target.ask(method, path, content, {"Content-Type": media}))
    check.store(target)


def test_any_query(target: Any, check: Any) -> None:
    @few
    @given(st.sampled_from(["GET", "DELETE"]), st.sampled_from(COLLECTIONS[:2]), queries)
    def ask(method: str, path: str, query: dict[str, str]) -> None:
        check.answer(*target.ask(method, with_query(f"/clusters/fuzz{path}", query)))

    ask()
    check.store(target)


def test_any_watch(target: Any) -> None:
    """A watch that begins is 200; each of its lines is an event."""

    @settings(few, max_examples=8)
    @given(queries)
    def ask(query: dict[str, str]) -> None:
        asked = {**query, "watch": "1", "timeoutSeconds": "1"}
        status, content = target.ask("GET", with_query(f"/clusters/fuzz{CONFIGS}", asked))
        assert status < 500
        if status == 200:
            types = {json.loads(line)["type"] for line in content.splitlines()}
            assert types <= {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"}

    ask()


def test_any_path(target: Any, check: Any) -> None:
    words = (
        *("api", "apis", "v1", "namespaces", "data", "pods", "log", "status", "openapi", "v3"),
        *("argoproj.io", "workflows", "clusters", "fuzz", "..", "%2e%2e", "%00", "%", "%2F", "%ff"),
    )
    part = st.sampled_from(words) | st.text(max_size=4).map(lambda text: quote(text, safe=""))

    @few
    @given(
        st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]),
        st.sampled_from(["/clusters/fuzz/", "/clusters/", "/", "/api/v1/workflows/"]),
        st.lists(part, max_size=8),
    )
    def ask(method: str, start: str, parts: list[str]) -> None:
        status, _ = target.ask(method, start + "/".join(parts), headers={"Connection": "close"})
        target.connection.close()
        assert status < 500

    ask()


def test_any_accept_and_other_header(target: Any, check: Any) -> None:
    texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    names = st.sampled_from(
        ["Accept", "User-Agent", "Impersonate-User", "If-None-Match", "Range", "Accept-Encoding"]
    )

    @few
    @given(st.sampled_from(["/version", "/apis", CONFIGS]), st.dictionaries(names, texts))
    def ask(path: str, headers: dict[str, str]) -> None:
        check.answer(*target.ask("GET", f"/clusters/fuzz{path}", headers=headers))

    ask()


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET /version HTTP/1.1\r\n\r\n",
        b"GET \x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET http://evil.example/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(target: Any, text: bytes) -> None:
    context = ssl.create_default_context(cafile=str(target.serving.authority_file))
    address = ("127.0.0.1", target.serving.port)
    with (
        socket.create_connection(address, timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        head = b""
        with suppress(ConnectionError, ssl.SSLError):  # it may hang up before all is said
            secure.sendall(text)
            head = secure.recv(100)
    assert head == b"" or 400 <= int(head.split()[1]) < 500
    assert target.ask("GET", "/healthz")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
        {"Authorization": "Bearer é"},
        {"Cookie": "token=wrong", "Authorization": "Digest x"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "0"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
    ],
)
def test_strangers_see_nothing_but_health(target: Any, headers: dict[str, str]) -> None:
    documents = ["/version", "/api", "/apis", "/openapi/v3", CONFIGS, f"{CONFIGS}/there"]
    paths = ["/", "/metrics", "/ui", "/api/v1/workflows/data", "/api/v1/info", "/../version"]
    for path in [*(f"/clusters/fuzz{each}" for each in documents), *paths]:
        for method in ("GET", "POST", "DELETE"):
            status, content = target.ask(method, path, b"{}", headers)
            assert status in (401, 403), (method, path, status)
            assert b"items" not in content
