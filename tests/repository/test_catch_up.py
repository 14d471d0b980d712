"""crons.catchUp in gitops.yaml."""

from __future__ import annotations

import pytest

from toolkit.errors import SettingsError
from toolkit.repository.load import load_settings
from toolkit.workflow.cron.catch_up import CatchUp

START = b"environments:\n  s:\n    overlay: o\n    namespace: data\n"


@pytest.mark.parametrize("catch_up", CatchUp)
def test_each_way_to_catch_up_is_read(catch_up: CatchUp) -> None:
    text = START + f"    crons: {{catchUp: {catch_up.value}}}\n".encode()
    assert load_settings(text, "gitops.yaml").environments["s"].catch_up is catch_up


def test_without_a_word_it_is_as_argo_does() -> None:
    assert load_settings(START, "gitops.yaml").environments["s"].catch_up is CatchUp.LATEST


def test_another_word_is_refused() -> None:
    with pytest.raises(SettingsError, match="expected latest or all or none"):
        load_settings(START + b"    crons: {catchUp: some}\n", "gitops.yaml")
