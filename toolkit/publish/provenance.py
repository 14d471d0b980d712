"""Where a deploy commit comes from, as trailers of its message.

Git reads a trailer as one line ``Key: value`` of the last paragraph. A value is therefore one line
whatever the source's author wrote: otherwise a commit subject could forge a trailer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit.kustomize.sources.remote_url import without_credentials

SOURCE_REPOSITORY = "Source-Repository"
SOURCE_COMMIT = "Source-Commit"
SOURCE_AUTHOR = "Source-Author"
SOURCE_SUBJECT = "Source-Subject"
SOURCE_DIRTY = "Source-Dirty"
SOURCE_REMOTE = "Source-Remote"
ENVIRONMENT = "Environment"
TREE_DIGEST = "Tree-Digest"
TOOLKIT_VERSION = "Toolkit-Version"
ROLLBACK_TO = "Rollback-To"

_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): ?(.*)\Z")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+")
_LONGEST_VALUE = 1000


@dataclass(frozen=True, slots=True)
class Provenance:
    """The source of a rendered tree. ``commit`` is "" where the source has no commit yet.
    ``remotes``: what it took from elsewhere, each an address and the commit that was used.
    """

    repository: str = ""
    commit: str = ""
    author: str = ""
    subject: str = ""
    is_dirty: bool = False
    remotes: tuple[str, ...] = ()


def publish_message(
    provenance: Provenance, *, environment: str, digest: str, counts: str, version: str
) -> str:
    """A deploy commit's message; ``counts`` is the summary of its changes."""
    short = provenance.commit[:12] or "a working tree"
    title = f"Publish {environment}: {counts} (from {short})"
    trailers = _trailers(provenance, environment, digest, version)
    return _message(title, trailers, provenance.remotes)


def rollback_message(
    provenance: Provenance, *, environment: str, digest: str, revision: str, version: str
) -> str:
    """The message of a rollback: the provenance of the tree that stands here again."""
    trailers = _trailers(provenance, environment, digest, version) | {ROLLBACK_TO: revision}
    title = f"Roll {environment} back to {revision[:12]}"
    return _message(title, trailers, provenance.remotes)


def parse_trailers(message: str) -> Mapping[str, str]:
    """Key → value of the last paragraph; empty where that is no block of trailers."""
    return dict(_last_paragraph(message))


def parse_provenance(message: str) -> Provenance:
    """The inverse of the messages written here; empty fields where a trailer is missing."""
    trailers = parse_trailers(message)
    return Provenance(
        repository=trailers.get(SOURCE_REPOSITORY, ""),
        commit=trailers.get(SOURCE_COMMIT, ""),
        author=trailers.get(SOURCE_AUTHOR, ""),
        subject=trailers.get(SOURCE_SUBJECT, ""),
        is_dirty=trailers.get(SOURCE_DIRTY) == "true",
        remotes=tuple(value for key, value in _last_paragraph(message) if key == SOURCE_REMOTE),
    )


def _last_paragraph(message: str) -> list[tuple[str, str]]:
    paragraphs = message.strip().split("\n\n")
    if len(paragraphs) < 2:
        return []
    matches = [_TRAILER.match(line) for line in paragraphs[-1].split("\n")]
    return [(match[1], match[2]) for match in matches if match]


def one_line(text: str) -> str:
    """Any run of white space, line ends and control characters becomes one space."""
    return _BREAKS.sub(" ", text).strip()[:_LONGEST_VALUE]


def _trailers(
    provenance: Provenance, environment: str, digest: str, version: str
) -> dict[str, str]:
    trailers = {
        ENVIRONMENT: environment,
        SOURCE_REPOSITORY: without_credentials(provenance.repository),
        SOURCE_COMMIT: provenance.commit,
        SOURCE_AUTHOR: provenance.author,
        SOURCE_SUBJECT: provenance.subject,
        SOURCE_DIRTY: "true" if provenance.is_dirty else "",
        TREE_DIGEST: f"sha256:{digest}",
        TOOLKIT_VERSION: version,
    }
    return {key: value for key, value in trailers.items() if value}


def _message(title: str, trailers: Mapping[str, str], remotes: Iterable[str]) -> str:
    pairs = [*trailers.items(), *((SOURCE_REMOTE, each) for each in remotes)]
    lines = [f"{key}: {one_line(value)}" for key, value in pairs]
    return f"{one_line(title)}\n\n" + "\n".join(lines) + "\n"
