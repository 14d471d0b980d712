from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.adapters import masking
from toolkit.adapters.masking import Mask


def test_the_longest_secret_goes_first() -> None:
    assert Mask(["abc", "abcdef"]).text("x abcdef abc y") == "x *** *** y"


def test_surrounding_space_and_single_lines_are_found_too() -> None:
    mask = Mask([" token-1\n", "-----BEGIN-----\nbody-of-key\n"])
    assert mask.text("token-1|body-of-key") == "***|***"


def test_values_too_short_to_hide_are_left() -> None:
    mask = Mask(["", "1", "no"])
    assert not mask
    assert mask.text("no 1") == "no 1"


def test_a_file_keeps_its_mode_and_what_is_no_secret(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_bytes(b"\xff\x00 s3cret \xfe")
    log.chmod(0o600)
    Mask(["s3cret"]).file(log)
    assert log.read_bytes() == b"\xff\x00 *** \xfe"
    assert log.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [log]


@given(
    parts=st.lists(st.sampled_from([b"ab", b"abc", b"c", b"bcd", b"xyz", b"\n"]), max_size=40),
    chunk=st.integers(1, 7),
)
def test_chunks_do_not_matter(
    parts: list[bytes], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = b"".join(parts)
    log = tmp_path_factory.mktemp("mask") / "log"
    log.write_bytes(text)
    mask = Mask(["abc", "bcdx", "xyz"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masking, "_CHUNK_BYTES", chunk)
        mask.file(log)
    assert log.read_text() == mask.text(text.decode())
