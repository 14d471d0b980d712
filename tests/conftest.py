"""Shared by all tests: golden files; property tests without a deadline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.soak_record import SoakRecord

Golden = Callable[[Path, str], None]


# A busy machine is no failure; what passed passes again: `make soak` seeks new examples.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the process that gathers the reports
        config.pluginmanager.register(SoakRecord(), "soak-record")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with a golden file; a missing one fails, ``--update-golden`` writes it."""
    is_update = request.config.getoption("--update-golden")

    def compare(path: Path, actual: str) -> None:
        if is_update:
            path.write_text(actual, encoding="utf-8")
        assert path.is_file(), f"no golden file {path}: look the output over, --update-golden"
        assert actual == path.read_text(encoding="utf-8")

    return compare
