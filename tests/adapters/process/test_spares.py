"""Folders of steps that are done with: kept where a step never touched them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolkit.adapters.process.claims import Claim, Standing
from toolkit.adapters.process.spares import Spares, Untouched, untouched


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "steps"
    folder.mkdir()
    return folder


@pytest.fixture
def spares(steps: Path) -> Spares:
    return Spares(steps)


def ended(steps: Path, command_id: str, spares: Spares) -> tuple[Claim, Untouched]:
    """A claim whose step has ended, and what was noted of its folders before it began."""
    claim = Claim(steps, command_id)
    lock = claim.take(spares.make)
    assert lock is not None
    for name in ("work", "tmp"):
        (claim.folder / name).mkdir(exist_ok=True)
    before = untouched(claim)
    assert before is not None
    os.write(lock, b"pid 1 - boot -\nexit 0\n")
    os.close(lock)
    return claim, before


def test_a_folder_that_its_step_left_as_it_was_serves_another(steps: Path, spares: Spares) -> None:
    claim, before = ended(steps, "one", spares)
    number = claim.folder.stat().st_ino
    assert spares.keep(claim, before)
    assert not claim.is_taken()
    other, _ = ended(steps, "two", spares)
    assert other.folder.stat().st_ino == number


def test_nothing_is_known_any_more_of_what_became_of_the_step(steps: Path, spares: Spares) -> None:
    claim, before = ended(steps, "one", spares)
    assert claim.standing() is Standing.ENDED
    spares.keep(claim, before)
    other = Claim(steps, "two")
    lock = other.take(spares.make)
    assert lock is not None
    assert other.exit_code() is None
    os.close(lock)
    assert other.standing() is Standing.INTERRUPTED


@pytest.mark.parametrize("name", ["work/file", "tmp/file", "progress", "failed"])
def test_one_with_anything_in_it_is_not_kept(steps: Path, spares: Spares, name: str) -> None:
    claim, before = ended(steps, "one", spares)
    (claim.folder / name).write_text("")
    assert not spares.keep(claim, before)
    assert claim.exit_code() == 0


def test_one_whose_folders_were_changed_is_not_kept(steps: Path, spares: Spares) -> None:
    """Whoever changed them may live, and use them still."""
    claim, before = ended(steps, "one", spares)
    earlier = Untouched(tuple(at - 1 for at in before))
    assert not spares.keep(claim, earlier)


def test_one_that_something_still_holds_is_not_kept(steps: Path, spares: Spares) -> None:
    claim = Claim(steps, "one")
    lock = claim.take(spares.make)
    for name in ("work", "tmp"):
        (claim.folder / name).mkdir()
    before = untouched(claim)
    assert lock is not None
    assert before is not None
    assert not spares.keep(claim, before)
    os.close(lock)
    assert spares.keep(claim, before)


def test_a_claim_is_never_renamed_over(steps: Path, spares: Spares) -> None:
    kept, before = ended(steps, "one", spares)
    taken, _ = ended(steps, "two", spares)
    assert spares.keep(kept, before)
    assert Claim(steps, "two").take(spares.make) is None
    assert taken.exit_code() == 0
    assert ended(steps, "three", spares)


def test_one_that_is_gone_is_made(steps: Path, spares: Spares) -> None:
    claim, before = ended(steps, "one", spares)
    spares.keep(claim, before)
    (spare,) = steps.iterdir()
    for name in ("work", "tmp"):
        (spare / name).rmdir()
    (spare / "record").unlink()
    spare.rmdir()
    other, _ = ended(steps, "two", spares)
    assert other.is_taken()


def test_none_is_left_by_who_closes_and_none_of_who_died_is_used(
    steps: Path, spares: Spares
) -> None:
    claim, before = ended(steps, "one", spares)
    spares.keep(claim, before)
    assert len(list(steps.iterdir())) == 1
    Spares(steps)
    assert list(steps.iterdir()) == []
    claim, before = ended(steps, "two", Spares(steps))
    spares.keep(claim, before)
    spares.close()
    assert list(steps.iterdir()) == []


def test_a_claim_taken_between_the_look_and_the_renaming_is_respected(
    steps: Path, spares: Spares, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, _ = ended(steps, "two", spares)
    claim, before = ended(steps, "one", spares)
    assert spares.keep(claim, before)
    with monkeypatch.context() as patched:
        patched.setattr(os.path, "exists", lambda _: False)
        assert taken.take(spares.make) is None
    assert taken.exit_code() == 0
