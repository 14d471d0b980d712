"""The recipe of the notifier's image."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "docs/notifier/Containerfile").read_text().splitlines()


def test_everything_copied_is_there() -> None:
    copied = [line.split()[1:-1] for line in LINES if line.startswith("COPY ")]
    assert copied
    assert all((ROOT / path).exists() for paths in copied for path in paths)


def test_everything_that_the_wheel_needs_is_copied() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    section = text.partition("force-include]\n")[2].partition("\n\n")[0]
    needed = re.findall(r'^"([^"]+)" = ', section, re.MULTILINE)
    copied = {path for line in LINES if line.startswith("COPY ") for path in line.split()[1:-1]}
    assert needed
    assert set(needed) | {"toolkit", "README.md", "LICENSE", "pyproject.toml"} == copied


def test_command_is_the_one_that_gitops_yaml_maps_the_image_to() -> None:
    (entrypoint,) = [line for line in LINES if line.startswith("ENTRYPOINT ")]
    command = json.loads(entrypoint.removeprefix("ENTRYPOINT "))
    settings = (ROOT / "gitops.yaml").read_text()
    assert f"entrypoint: [{', '.join(command)}]" in settings
