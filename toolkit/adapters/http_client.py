"""The HttpClient port over sockets, with the rules of Go's ``net/http``, which Argo's agent is.

Up to ten redirects are followed (303, and 301 and 302 of anything but GET and HEAD, become GET
without a body; another host gets no credentials); gzip is undone; proxies are taken from the
environment. A call can be given up at any moment: its socket is shut down under it.
"""

from __future__ import annotations

import base64
import gzip
import io
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import toolkit
from toolkit.adapters.masking import Mask
from toolkit.workflow.ports import HttpFailure, HttpRequest
from toolkit.workflow.templates.http_template import HttpResponse as Response
from toolkit.workflow.templates.http_template import canonical

_CONNECT_S: Final = 30.0
_MOST_REDIRECTS: Final = 10
_MOST_BYTES: Final = 1 << 20
_SAFE: Final = "/%:=&?~#+!$,;'@()*[]"
_BECOME_GET: Final = frozenset({301, 302, 303})
_REPEATED: Final = frozenset({307, 308})
_CREDENTIALS: Final = frozenset({"authorization", "www-authenticate", "cookie", "cookie2"})
_OURS: Final = frozenset({"host", "content-length"})


class HttpCalls:
    """Calls under way, by id. Thread-safe; ``send`` blocks its thread."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._lock = threading.Lock()

    def send(self, call_id: str, request: HttpRequest) -> Response | HttpFailure:
        call = _Call()
        with self._lock:
            self._calls[call_id] = call
        try:
            with call.limited_to(request.timeout_s):
                return _masked(_followed(call, request), Mask(request.secrets))
        except (OSError, HTTPException, ValueError, EOFError, zlib.error) as error:
            failure = _failure(call, request, error)
            return replace(failure, message=Mask(request.secrets).text(failure.message))
        finally:
            with self._lock:
                self._calls.pop(call_id, None)

    def abort(self, call_id: str) -> None:
        with self._lock:
            call = self._calls.get(call_id)
        if call is not None:
            call.give_up("stopped")


class _Call:
    """The socket of the moment, and why the call was given up."""

    def __init__(self) -> None:
        self.reason = ""
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def holds(self, connected: socket.socket | None) -> None:
        """Raises TimeoutError where the call was given up meanwhile."""
        with self._lock:
            self._socket = connected
            if self.reason:
                raise TimeoutError(self.reason)

    def give_up(self, reason: str) -> None:
        with self._lock:
            self.reason = self.reason or reason
            if self._socket is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # under TLS too

    @contextmanager
    def limited_to(self, seconds: float | None) -> Iterator[None]:
        """The whole call, its body included, takes no longer."""
        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds, self.give_up, ("context deadline exceeded",))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _RefusedError(ValueError):
    """A request that cannot be made, or a redirect that cannot be followed."""


def _masked(response: Response, mask: Mask) -> Response:
    """A server may well say again what it was told."""
    if not mask:
        return response
    headers = {name: tuple(map(mask.text, values)) for name, values in response.headers.items()}
    return Response(response.status, headers, mask.text(response.body))


def _followed(call: _Call, request: HttpRequest) -> Response:
    for _ in range(_MOST_REDIRECTS + 1):
        status, headers, body = _exchange(call, request)
        following = _redirected(request, status, headers)
        if following is None:
            return Response(status, headers, body.decode("utf-8", "replace"))
        request = following
    raise _RefusedError(f"stopped after {_MOST_REDIRECTS} redirects")


def _exchange(
    call: _Call, request: HttpRequest
) -> tuple[int, Mapping[str, tuple[str, ...]], bytes]:
    if not request.method.isidentifier():
        raise _RefusedError(f'net/http: invalid method "{request.method}"')
    url = urlsplit(request.url)
    connection, target = _connection(url, request, _CONNECT_S)
    try:
        connection.connect()
        connected: socket.socket = connection.sock
        connected.settimeout(None)
        call.holds(connected)
        _write(connection, url, target, request)
        answer = connection.getresponse()
        headers = _headers(answer)
        return answer.status, headers, _body(answer, headers, request)
    finally:
        with suppress(TimeoutError):
            call.holds(None)
        connection.close()


def _connection(
    url: SplitResult, request: HttpRequest, timeout_s: float
) -> tuple[HTTPConnection, str]:
    """A connection, and what to ask it for: a proxy wants the whole URL."""
    if url.scheme not in {"http", "https"}:
        raise _RefusedError(f'unsupported protocol scheme "{url.scheme}"')
    if not url.hostname:
        raise _RefusedError("http: no Host in request URL")
    path = quote(url.path or "/", safe=_SAFE)
    target = f"{path}?{quote(url.query, safe=_SAFE)}" if url.query else path
    proxy = "" if proxy_bypass(url.hostname) else getproxies().get(url.scheme, "")
    via = urlsplit(proxy if "//" in proxy else f"//{proxy}") if proxy else url
    host, port = via.hostname or "", via.port
    if url.scheme == "http":
        whole = f"http://{url.netloc.rpartition('@')[2]}{target}"
        return HTTPConnection(host, port, timeout=timeout_s), whole if proxy else target
    connection = HTTPSConnection(host, port, timeout=timeout_s, context=_tls(verify=request.verify))
    if proxy:
        connection.set_tunnel(url.hostname, url.port or 443)
    return connection, target


def _tls(*, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _write(connection: HTTPConnection, url: SplitResult, target: str, request: HttpRequest) -> None:
    given = {name.lower(): value for name, value in request.headers}
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", given.get("host") or url.netloc.rpartition("@")[2])
    if "user-agent" not in given:
        connection.putheader("User-Agent", f"gitops-toolkit/{toolkit.__version__}")
    if "accept-encoding" not in given:
        connection.putheader("Accept-Encoding", "gzip")
    if url.username is not None and "authorization" not in given:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        connection.putheader("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    for name, value in request.headers:
        if name.lower() not in _OURS:
            connection.putheader(name, value.encode())
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)


def _headers(answer: HTTPResponse) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in answer.getheaders():
        key = canonical(name)
        headers[key] = (*headers.get(key, ()), value)
    return headers


def _body(answer: HTTPResponse, headers: dict[str, tuple[str, ...]], request: HttpRequest) -> bytes:
    body = answer.read(_MOST_BYTES + 1)
    asked = any(name.lower() == "accept-encoding" for name, _ in request.headers)
    if headers.get("Content-Encoding") == ("gzip",) and not asked and body:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as unpacked:
            body = unpacked.read(_MOST_BYTES + 1)
        headers.pop("Content-Encoding")
        headers.pop("Content-Length", None)
    if len(body) > _MOST_BYTES:
        raise _RefusedError(f"the response's body is larger than {_MOST_BYTES >> 20} MiB")
    return body


def _redirected(
    request: HttpRequest, status: int, headers: Mapping[str, tuple[str, ...]]
) -> HttpRequest | None:
    location = headers.get("Location", ("",))[0]
    if status not in _BECOME_GET | _REPEATED or (status in _REPEATED and not location):
        return None
    if not location:
        raise _RefusedError(f"{status} response missing Location header")
    url = urljoin(request.url, location)
    dropped = {"host"}
    if not _is_within(urlsplit(url).hostname, urlsplit(request.url).hostname):
        dropped |= _CREDENTIALS
    kept = tuple((name, value) for name, value in request.headers if name.lower() not in dropped)
    request = replace(request, url=url, headers=kept)
    if status in _REPEATED or request.method in {"GET", "HEAD"}:
        return request
    return replace(request, method="GET", body=b"")


def _is_within(host: str | None, other: str | None) -> bool:
    """The same host, or one below it."""
    return host is not None and (host == other or host.endswith(f".{other}"))


def _failure(call: _Call, request: HttpRequest, error: Exception) -> HttpFailure:
    """In Go's words, as people know them from Argo."""
    verb = request.method.capitalize()
    about = f'{verb} "{_without_password(request.url)}": '
    if call.reason:
        return HttpFailure(about + call.reason, is_transient=True)
    if isinstance(error, ValueError):  # it cannot be made
        return HttpFailure(about + str(error))
    is_refused = isinstance(error, ConnectionRefusedError)
    reason = about + _reason(request, error)
    return HttpFailure(reason, is_transient=_is_transient(error), is_refused=is_refused)


def _reason(request: HttpRequest, error: Exception) -> str:
    url = urlsplit(request.url)
    match error:
        case ConnectionRefusedError():
            port = url.port or (443 if url.scheme == "https" else 80)
            return f"dial tcp {url.hostname}:{port}: connect: connection refused"
        case socket.gaierror():
            return f"dial tcp: lookup {url.hostname}: no such host"
        case ssl.SSLCertVerificationError():
            return f"tls: failed to verify certificate: {error.verify_message}"
        case TimeoutError():
            return f"dial tcp {url.hostname}: i/o timeout"
        case ConnectionResetError():
            return "connection reset by peer"
        case HTTPException() if not str(error):
            return "EOF"
        case _:
            return str(error)


def _is_transient(error: Exception) -> bool:
    return isinstance(error, OSError | HTTPException) and not isinstance(
        error, ssl.SSLCertVerificationError
    )


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":xxxxx@", 1)
