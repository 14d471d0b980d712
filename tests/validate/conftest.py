"""Validates texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.resource.identity import ResourceId
from toolkit.resource.resource import Origin, Resource
from toolkit.validate import Document, validate, validate_documents
from toolkit.yaml.parse import load_all

CASES = Path(__file__).parent / "cases"
ZONES = frozenset({"UTC", "Europe/Berlin", "Europe/Paris", "Asia/Tokyo"})


def documents(text, path="case.yaml"):
    bodies = enumerate(load_all(text, path))
    return [Document(body, Origin(path, index)) for index, body in bodies if body is not None]


@pytest.fixture(scope="session")
def environment():
    return [each.body for each in documents((CASES / "around.yaml").read_text(encoding="utf-8"))]


@pytest.fixture
def findings_of(environment):
    """Findings of a text, as a file of workflows/ or (``synced``) as an environment."""

    def find(text, *, synced=False, is_submission=False, around=environment):
        sources = {"case.yaml": text}.get
        if synced:
            resources = [
                Resource(ResourceId.of(each.body), each.body, each.origin)
                for each in documents(text)
            ]
            return validate(resources, sources=sources, zones=ZONES)
        return validate_documents(
            documents(text),
            sources=sources,
            environment=around,
            zones=ZONES,
            is_submission=is_submission,
        )

    return find
