"""A checkout of the customer's repository and its state folder."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.repository.settings import Settings

SETTINGS_FILE = "gitops.yaml"
STATE_FOLDER = ".gitops"


@dataclass(frozen=True, slots=True)
class Workspace:
    """``root`` holds gitops.yaml; ``state`` (``.gitops``, mode 0700, git-ignored) what we keep."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def settings_file(self) -> Path:
        return self.root / SETTINGS_FILE

    @property
    def captured(self) -> Path:
        """Messages that were kept instead of sent (:mod:`toolkit.adapters.slack`)."""
        return self.state / "captured.jsonl"

    def settings(self) -> Settings:
        """What gitops.yaml says. Raises YamlError or SettingsError with the place."""
        from toolkit.repository.load import load_settings

        shown = relpath(self.settings_file)
        return load_settings(self.settings_file.read_bytes(), shown)

    def ensure_state(self) -> Path:
        """The state folder, created private where it was missing."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        return self.state


def find_workspace(start: Path | None = None) -> Workspace:
    """The nearest folder at or above ``start`` (default: the current one) with a gitops.yaml.

    Raises UsageError where there is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return Workspace(folder)
    raise UsageError(
        f"no {SETTINGS_FILE} in {here} or above",
        hints=["go to the repository, or make one: gitops init DIR"],
    )
