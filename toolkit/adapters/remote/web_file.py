"""One file over HTTP, and the last one that a URL gave."""

from __future__ import annotations

import base64
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote, unquote, urlsplit

import toolkit
from toolkit.adapters.git.mirror import write_private
from toolkit.errors import BuildError
from toolkit.kustomize.ports import WebAnswer
from toolkit.kustomize.sources.remote_url import without_credentials

MOST_BYTES: Final = 16 << 20

_CHUNK_BYTES: Final = 1 << 16
_SAFE: Final = "/%:=&?~#+!$,;'@()*[]"


def get(url: str, *, timeout_s: float) -> WebAnswer:
    """What is there. Raises BuildError where nobody answers in time, or with too much."""
    shown = without_credentials(url)
    deadline = time.monotonic() + timeout_s
    try:
        with _OPENER.open(_request(url), timeout=timeout_s) as answer:
            return WebAnswer(str(answer.status), _body(answer, deadline))
    except urllib.error.HTTPError as error:
        error.close()
        return WebAnswer(f"{error.code} {error.reason}".strip(), None)
    except TimeoutError as error:
        raise BuildError(f"{shown}: no answer within {timeout_s:g} s") from error
    except urllib.error.URLError as error:
        why = getattr(error.reason, "strerror", None) or error.reason
        raise BuildError(f"{shown}: {why}", hints=["is the address right?"]) from error
    except (OSError, ValueError, HTTPException) as error:
        raise BuildError(f"{shown}: {error or type(error).__name__}") from error


def keep(path: Path, content: bytes) -> None:
    """For a build that is offline."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, content)


def kept(path: Path) -> tuple[bytes, datetime] | None:
    """The last content, and when it came."""
    try:
        return path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To other addresses of HTTP only; another host is not told the password."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not newurl.lower().startswith(("http://", "https://")):
            raise ValueError(f"it redirects to {without_credentials(newurl)}")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            request.headers.pop("Authorization", None)
        return request


_OPENER: Final = urllib.request.build_opener(_Redirects)


def _request(url: str) -> urllib.request.Request:
    parts = urlsplit(url.partition("#")[0])
    host = parts.netloc.rpartition("@")[2]
    plain = quote(parts._replace(netloc=host).geturl(), safe=_SAFE)
    request = urllib.request.Request(plain)  # noqa: S310 — the caller's: it is HTTP
    request.add_header("User-Agent", f"gitops-toolkit/{toolkit.__version__}")
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = base64.b64encode(pair.encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    return request


def _body(answer: IO[bytes], deadline: float) -> bytes:
    body = bytearray()
    while chunk := answer.read(_CHUNK_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(body)
