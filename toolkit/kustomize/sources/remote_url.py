"""Addresses of what is elsewhere, read as kustomize reads them.

::

    parse_remote("https://github.com/org/repo//base?ref=v1")
      → RemoteUrl(repository="https://github.com/org/repo", path="base", ref="v1")

The rules are those of kustomize 5.8.1. They are generous: any two path segments after a host make
a repository.
"""

from __future__ import annotations

import re
from posixpath import normpath
from urllib.parse import unquote_plus, urlsplit, urlunsplit

TIMEOUT_S = 27.0
"""How long one command of git may take, unless the address says ``timeout=``."""

_SCHEMES = ("ssh://", "https://", "http://", "file://")
_FILE = "file://"
_FORCED = "git::"
_AZURE = "_git/"
_SUFFIX = ".git"
_GITHUB = ("github.com/", "github.com:")
_USER = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_SECONDS = re.compile(r"\+?\d+")
_DURATION = re.compile(r"\+?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECRET = re.compile(
    r"([?&][\w-]*(?:token|secret|password|passwd|signature|sig|key|auth)\w*=)[^&\s\"']+",
    re.IGNORECASE,
)
_WEB_USER = re.compile(r"(https?://)[^/@\s]+@", re.IGNORECASE)
_PASSWORD = re.compile(r"((?:ssh://)?\b[\w.-]+):[^/@:\s]+@")


class NotRemoteError(ValueError):
    """The text is no address of a repository; says why, as kustomize does."""


class RemoteUrl:
    """A folder of a repository elsewhere.

    ``raw``: as it was written. ``host`` and ``location`` together are the ``repository``, what
    ``git fetch`` is given. ``path``: the folder, "" for the root. ``ref``: a branch, tag or
    commit, "" for the default branch. ``submodules``: whether these belong to it.
    """

    __slots__ = ("host", "location", "path", "raw", "ref", "submodules", "timeout_s")

    def __init__(
        self,
        raw: str,
        host: str,
        location: str,
        path: str = "",
        *,
        ref: str = "",
        timeout_s: float = TIMEOUT_S,
        submodules: bool = True,
    ) -> None:
        self.raw = raw
        self.host = host
        self.location = location
        self.path = path
        self.ref = ref
        self.timeout_s = timeout_s
        self.submodules = submodules

    @property
    def repository(self) -> str:
        return self.host + self.location

    @property
    def shown(self) -> str:
        """The repository without credentials: for messages, names and notes."""
        return without_credentials(self.repository)

    @property
    def folder(self) -> str:
        """``path``, normalised."""
        path = normpath(self.path) if self.path else ""
        return "" if path == "." else path

    @property
    def is_local(self) -> bool:
        return self.host == _FILE

    @property
    def is_surely_repository(self) -> bool:
        """True where the address cannot be that of a file."""
        is_github_root = self.host == "https://github.com/" and not self.path
        return self.location.endswith(_SUFFIX) or _AZURE in self.location or is_github_root


def parse_remote(text: str) -> RemoteUrl:
    """Raises NotRemoteError for what names no repository: it may be a path, or a file's URL."""
    if text.startswith("/"):
        raise NotRemoteError("uri looks like abs path")
    address, _, query = text.partition("?")
    ref, timeout_s, submodules = _parse_query(query)
    host, rest = _split_host(address)
    location, path = _split_path(rest, takes_all=host.startswith(_FILE))
    return RemoteUrl(
        text, host, location, path, ref=ref, timeout_s=timeout_s, submodules=submodules
    )


def is_web_file(name: str) -> bool:
    """True for what may be read over HTTP, wherever a kustomization names a file."""
    return (
        _WEB.match(name) is not None
        and _UNPRINTABLE.search(name) is None
        and _BAD_ESCAPE.search(name.partition("?")[0]) is None
    )


def is_full_commit(ref: str) -> bool:
    """True for the whole id of a commit, which names the same files for ever."""
    return _FULL_COMMIT.fullmatch(ref) is not None


def without_credentials(url: str) -> str:
    """A URL that may be shown: user names stay only where they are part of an ssh address, and
    values that look like secrets are starred.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return without_secrets(url)
    if not parts.scheme or not parts.netloc or parts.scheme == "file":
        return without_secrets(url)
    host = parts.netloc.rpartition("@")[2]
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    keeps_user = bool(user) and parts.scheme.endswith("ssh")
    shown = parts._replace(netloc=f"{user}@{host}" if keeps_user else host)
    return _SECRET.sub(r"\1***", urlunsplit(shown))


def without_secrets(text: str) -> str:
    """A text whose URLs may be shown: a line of a file, or what git said."""
    text = _PASSWORD.sub(r"\1@", _WEB_USER.sub(r"\1", text))
    return _SECRET.sub(r"\1***", text)


def _split_host(address: str) -> tuple[str, str]:
    if address[: len(_FORCED)].lower() == _FORCED:
        address = address[len(_FORCED) :]
    lower = address.lower()
    scheme = next((each for each in _SCHEMES if lower.startswith(each)), "")
    rest = address[len(scheme) :]
    match = _USER.match(rest)
    user = match[0] if match else ""
    rest = rest[len(user) :]
    is_github = rest.lower().startswith(_GITHUB)
    is_scp = not scheme and (bool(user) or is_github)
    if not scheme and not is_scp:
        raise NotRemoteError("failed to parse scheme")
    if scheme == _FILE:
        return scheme, user + rest
    end = _end_of_host(rest, is_scp=is_scp)
    host, rest = (rest[: end + 1], rest[end + 1 :]) if end >= 0 else (rest, "")
    if is_github:
        if scheme == "ssh://" or user:
            return f"{user}github.com:", rest
        return "https://github.com/", rest
    if not host:
        raise NotRemoteError("failed to parse host segment")
    return scheme + user + host, rest


def _end_of_host(text: str, *, is_scp: bool) -> int:
    slash = text.find("/")
    if is_scp:
        colon = text.find(":")
        if slash == -1 or 0 < colon < slash:
            return colon
    return slash


def _split_path(rest: str, *, takes_all: bool) -> tuple[str, str]:
    location, path = _split_at_marker(rest) or _split_by_length(rest, takes_all=takes_all)
    if not location:
        raise NotRemoteError("failed to parse repo path segment")
    if normpath(path.removeprefix("/") or ".").split("/")[0] == "..":
        raise NotRemoteError("url path exits repo")
    return location, path.removeprefix("/")


def _split_at_marker(rest: str) -> tuple[str, str] | None:
    azure = rest.find(_AZURE)
    if azure >= 0:
        end = azure + len(_AZURE)
        name, _, path = rest[end:].partition("/")
        return rest[:end] + name, path
    double = rest.find("//")
    if double >= 0:
        return rest[:double], rest[double + 2 :]
    suffix = rest.find(_SUFFIX)
    if suffix >= 0:
        end = suffix + len(_SUFFIX)
        return rest[:end], rest[end:]
    return None


def _split_by_length(rest: str, *, takes_all: bool) -> tuple[str, str]:
    if takes_all:
        return rest, ""
    segments = rest.split("/")
    if len(segments) < 2:
        return "", ""
    return "/".join(segments[:2]), "/".join(segments[2:])


def _parse_query(query: str) -> tuple[str, float, bool]:
    """A query that cannot be read counts for nothing; so does a value that makes no sense."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        if ";" in pair or _BAD_ESCAPE.search(pair):
            return "", TIMEOUT_S, True
        key, _, value = pair.partition("=")
        values.setdefault(unquote_plus(key), unquote_plus(value))
    ref = values.get("ref") or values.get("version") or ""
    timeout_s = _seconds(values.get("timeout", "")) or TIMEOUT_S
    return ref, timeout_s, _BOOLEANS.get(values.get("submodules", ""), True)


def _seconds(text: str) -> float:
    if _SECONDS.fullmatch(text):
        return float(text)
    if not _DURATION.fullmatch(text):
        return 0.0
    return sum(float(number) * _UNITS_S[unit] for number, unit in _PART.findall(text))
