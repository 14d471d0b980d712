"""Publications for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.publish.publication import Publication


def format_publication(publication: Publication) -> str:
    """One environment in a line: name, commit, what changed."""
    if publication.is_unchanged:
        what = "unchanged"
    elif publication.is_dry_run:
        what = f"would be published: {publication.changed}"
    else:
        what = str(publication.changed)
    return f"{publication.environment}  {publication.commit or '-'}  {what}"


def publications_document(publications: Sequence[Publication]) -> dict[str, Any]:
    """The publications as plain values, version 1."""
    return {"version": 1, "publications": [_document(each) for each in publications]}


def _document(publication: Publication) -> dict[str, Any]:
    changed = publication.changed
    return {
        "environment": publication.environment,
        "branch": publication.branch,
        "commit": publication.commit,
        "parent": publication.parent,
        "unchanged": publication.is_unchanged,
        "dryRun": publication.is_dry_run,
        "changed": {
            "added": changed.added,
            "updated": changed.updated,
            "removed": changed.removed,
        },
        "source": {
            "repository": publication.source.repository,
            "commit": publication.source.commit,
            "dirty": publication.source.is_dirty,
        },
    }
