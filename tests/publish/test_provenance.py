from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.kustomize.sources.remote_url import without_credentials
from toolkit.publish.provenance import (
    Provenance,
    one_line,
    parse_provenance,
    parse_trailers,
    publish_message,
    rollback_message,
)

SOURCE = Provenance("https://example.com/x.git", "a" * 40, "Ada <ada@example.com>", "Edit", False)


def message(source: Provenance) -> str:
    return publish_message(
        source, environment="staging", digest="d" * 64, counts="1 updated", version="1.0"
    )


def test_a_message_has_a_title_and_trailers() -> None:
    assert message(SOURCE).splitlines() == [
        "Publish staging: 1 updated (from aaaaaaaaaaaa)",
        "",
        "Environment: staging",
        "Source-Repository: https://example.com/x.git",
        "Source-Commit: " + "a" * 40,
        "Source-Author: Ada <ada@example.com>",
        "Source-Subject: Edit",
        "Tree-Digest: sha256:" + "d" * 64,
        "Toolkit-Version: 1.0",
    ]


def test_provenance_reads_back() -> None:
    assert parse_provenance(message(SOURCE)) == SOURCE


def test_a_dirty_source_is_marked() -> None:
    dirty = Provenance("r", "a" * 40, "Ada <a@b>", "Edit", is_dirty=True)
    assert parse_trailers(message(dirty))["Source-Dirty"] == "true"


def test_a_rollback_names_its_revision_and_keeps_the_provenance() -> None:
    text = rollback_message(
        SOURCE, environment="staging", digest="d", revision="b" * 40, version="1"
    )
    assert parse_trailers(text)["Rollback-To"] == "b" * 40
    assert parse_provenance(text) == SOURCE


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n", "\x85", "\u2028", "\x0b", "\x00"])
def test_a_subject_cannot_forge_a_trailer(line_end: str) -> None:
    forged = Provenance("r", "a" * 40, "Ada <a@b>", f"Edit{line_end}Environment: production")
    assert parse_trailers(message(forged))["Environment"] == "staging"


@given(st.text(), st.text(), st.text())
def test_no_source_breaks_the_trailers(author: str, subject: str, repository: str) -> None:
    text = message(Provenance(repository, "a" * 40, author, subject))
    trailers = parse_trailers(text)
    assert trailers["Environment"] == "staging"
    assert trailers["Source-Commit"] == "a" * 40
    assert len(text.split("\n\n")) == 2


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ada:hunter2@example.com/x.git", "https://example.com/x.git"),
        ("https://token@example.com:8443/x.git", "https://example.com:8443/x.git"),
        ("ssh://git@example.com/x.git", "ssh://git@example.com/x.git"),
        ("ssh://git:pw@example.com/x.git", "ssh://git@example.com/x.git"),
        ("git@example.com:x/y.git", "git@example.com:x/y.git"),
        ("/srv/deploy.git", "/srv/deploy.git"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
