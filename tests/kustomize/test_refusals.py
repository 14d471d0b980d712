"""Every refusal says where, shows the line, and advises: over repositories broken at random."""

from __future__ import annotations

import pytest

from tests.kustomize.broken_repositories import broken
from tests.kustomize.random_repositories import Repository
from toolkit.adapters.files import MemoryTree
from toolkit.errors import InputError
from toolkit.kustomize.build import build, render

NOWHERE = (
    "'{target}' does not exist",  # there is no file to point at
    "{target} has no kustomization.yaml",
)
"""What may have no place."""


@pytest.mark.parametrize("seed", range(12))
def test_a_refusal_has_a_place_an_excerpt_and_a_hint(seed: int) -> None:
    target = Repository(seed).targets[-1]
    lacking = []
    refusals = 0
    for done, files in broken(seed):
        error = refusal(files, target)
        refusals += error is not None
        if error is not None and not is_helpful(error, target):
            lacking.append((done, str(error), error.excerpt, error.hints))
    assert lacking == []
    assert refusals > 100


def refusal(files: dict[str, str], target: str) -> InputError | None:
    try:
        render(build(MemoryTree(files), target))
    except InputError as error:
        return error
    return None


def is_helpful(error: InputError, target: str) -> bool:
    """Its hints are lines that say something new."""
    has_place = error.location is not None and error.location.line and error.location.column
    return bool(
        error.hints
        and (has_place or may_be_nowhere(error.message, target))
        and (error.excerpt is not None or not has_place)
        and all(
            hint and "\n" not in hint and not hint.endswith(".") and hint not in error.message
            for hint in error.hints
        )
    )


def may_be_nowhere(message: str, target: str) -> bool:
    return message in {each.format(target=target) for each in NOWHERE}
