"""HTTP servers and Artifactory: GET to load, PUT to save. Neither lists nor deletes, as in Argo."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlencode, urljoin, urlsplit

from toolkit.adapters.artifacts.drivers import Credentials, Fields
from toolkit.errors import ExecutionError

_TIMEOUT_S: Final = 60
_MOST_BYTES: Final = 1 << 30
_CHUNK_BYTES: Final = 1 << 20


def http_driver(fields: Fields, credentials: Credentials) -> WebDriver:
    """Argo's HTTPArtifact: headers, and basicAuth, clientCert or oauth2."""
    auth: Fields = fields.get("auth") or {}
    headers = [
        (str(header.get("name")), str(header.get("value") or ""))
        for header in fields.get("headers") or ()
    ]
    headers += _basic(auth.get("basicAuth") or {}, credentials)
    context = _client_certificate(auth.get("clientCert") or {}, credentials)
    oauth2: Fields = auth.get("oauth2") or {}
    token = _oauth2_token(oauth2, credentials) if oauth2.get("tokenURLSecret") else ""
    if token:
        headers.append(("Authorization", f"Bearer {token}"))
    return WebDriver(str(fields.get("url") or ""), tuple(headers), context)


def artifactory_driver(fields: Fields, credentials: Credentials) -> WebDriver:
    """Argo's ArtifactoryArtifact."""
    return WebDriver(str(fields.get("url") or ""), tuple(_basic(fields, credentials)), None)


class WebDriver:
    """One URL."""

    def __init__(
        self, url: str, headers: tuple[tuple[str, str], ...], context: ssl.SSLContext | None
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ExecutionError(f"{url!r} is no HTTP address")
        parts = urlsplit(url)
        if parts.username is not None:
            headers = (*headers, *_pair(unquote(parts.username), unquote(parts.password or "")))
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._headers = headers
        self._opener = _opener(context)

    def load(self, target: Path) -> bool:
        try:
            with (
                self._opener(self._request("GET"), timeout=_TIMEOUT_S) as answer,
                target.open("wb") as file,
            ):
                while chunk := answer.read(_CHUNK_BYTES):
                    file.write(chunk)
                    if file.tell() > _MOST_BYTES:
                        raise ExecutionError(f"{self._shown()}: larger than 1 GiB")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return False
            raise ExecutionError(f"{self._shown()}: {error.code} {error.reason}") from error
        except (urllib.error.URLError, OSError) as error:
            raise ExecutionError(f"{self._shown()}: {error}") from error
        return True

    def save(self, source: Path) -> None:
        if source.is_dir():
            raise ExecutionError(f"{self._shown()}: a folder is not one file: archive it")
        try:
            self._put(self._url, source)
        except urllib.error.HTTPError as error:
            error.close()
            raise ExecutionError(f"{self._shown()}: {error.code} {error.reason}") from error
        except (urllib.error.URLError, OSError) as error:
            raise ExecutionError(f"{self._shown()}: {error}") from error

    def delete(self) -> None:
        raise ExecutionError(f"{self._shown()}: artifacts of HTTP servers cannot be deleted")

    def keys(self) -> list[str]:
        raise ExecutionError(f"{self._shown()}: artifacts of HTTP servers cannot be listed")

    def _put(self, url: str, source: Path, redirects: int = 5) -> None:
        """WebHDFS answers with where the file goes (307): the body is sent there."""
        with source.open("rb") as body:
            request = self._request("PUT", url)
            request.data = body
            request.add_header("Content-Length", str(source.stat().st_size))
            try:
                self._opener(request, timeout=_TIMEOUT_S).close()
            except urllib.error.HTTPError as error:
                location = error.headers.get("Location")
                if error.code not in {307, 308} or not location or not redirects:
                    raise
                error.close()
                self._put(urljoin(request.full_url, location), source, redirects - 1)

    def _request(self, method: str, url: str = "") -> urllib.request.Request:
        request = urllib.request.Request(url or self._url, method=method)  # noqa: S310 - HTTP
        is_ours = urlsplit(request.full_url).hostname == urlsplit(self._url).hostname
        for name, value in self._headers:
            if is_ours or name.lower() != "authorization":
                request.add_header(name, value)
        return request

    def _shown(self) -> str:
        """The address without what may be a secret in it."""
        return urlsplit(self._url)._replace(query="", fragment="").geturl()


def _opener(context: ssl.SSLContext | None) -> Callable[..., Any]:
    handlers = [urllib.request.HTTPSHandler(context=context)] if context else []
    opened: Callable[..., Any] = urllib.request.build_opener(*handlers).open
    return opened


def _basic(fields: Fields, credentials: Credentials) -> list[tuple[str, str]]:
    username = credentials.get(fields, "usernameSecret")
    password = credentials.get(fields, "passwordSecret")
    if not (username or password):
        return []
    return _pair(username, password)


def _pair(username: str, password: str) -> list[tuple[str, str]]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return [("Authorization", f"Basic {pair}")]


def _client_certificate(fields: Fields, credentials: Credentials) -> ssl.SSLContext | None:
    certificate = credentials.get(fields, "clientCertSecret")
    key = credentials.get(fields, "clientKeySecret")
    if not certificate:
        return None
    context = ssl.create_default_context()
    with tempfile.TemporaryDirectory(prefix="certificate-") as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_text(f"{key}\n{certificate}\n")
        try:
            context.load_cert_chain(path)
        except ssl.SSLError as error:
            raise ExecutionError("the client certificate and its key do not fit") from error
    return context


def _oauth2_token(fields: Fields, credentials: Credentials) -> str:
    """The client credentials grant of OAuth 2."""
    form: dict[str, str] = {"grant_type": "client_credentials"}
    if fields.get("scopes"):
        form["scope"] = " ".join(map(str, fields["scopes"]))
    for parameter in fields.get("endpointParams") or ():
        form[str(parameter.get("key"))] = str(parameter.get("value") or "")
    client = {
        "usernameSecret": fields.get("clientIDSecret"),
        "passwordSecret": fields.get("clientSecretSecret"),
    }
    url = credentials.get(fields, "tokenURLSecret").strip()
    if not url.startswith(("http://", "https://")):
        raise ExecutionError("the token URL of oauth2 is no HTTP address")
    request = urllib.request.Request(url, urlencode(form).encode())  # noqa: S310 - HTTP
    for name, value in _basic(client, credentials):
        request.add_header(name, value)
    return _token_of(request)


def _token_of(request: urllib.request.Request) -> str:
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - HTTP
            said: Mapping[str, object] = json.load(answer)
    except (OSError, ValueError) as error:
        raise ExecutionError(f"no token from the oauth2 server: {error}") from error
    token = said.get("access_token") if isinstance(said, dict) else None
    if not token:
        raise ExecutionError("no token from the oauth2 server: its answer has none")
    return str(token)
