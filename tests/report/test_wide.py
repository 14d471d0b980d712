"""``-o wide``: the columns that argo has there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from toolkit.report.workflow_table import format_archive, format_workflows
from toolkit.report.workflow_tree import format_tree
from toolkit.yaml import load_all

FOLDER = Path(__file__).parent / "wide"
NOW = datetime(2024, 1, 1, 1, 0, tzinfo=UTC)

Golden = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def workflows() -> list[dict[str, Any]]:
    [found] = load_all((FOLDER / "workflows.yaml").read_text())
    return list(found)


def test_list_has_priority_counts_of_pods_and_parameters(workflows: Any, golden: Golden) -> None:
    golden(FOLDER / "list.txt", format_workflows(workflows, now=NOW, is_wide=True) + "\n")


def test_the_archive_has_priority_and_parameters(workflows: Any, golden: Golden) -> None:
    golden(FOLDER / "archive.txt", format_archive(workflows, now=NOW, is_wide=True) + "\n")


def test_the_tree_has_artifacts_usage_and_machine(workflows: Any, golden: Golden) -> None:
    tree = format_tree(workflows[0], now=NOW, pods={"a": "pod-a"}, is_wide=True)
    golden(FOLDER / "get.txt", tree + "\n")
