from __future__ import annotations

from tests.soak_record import recorded


def test_a_tests_line_takes_the_place_of_its_former_one() -> None:
    text = "# Benchmarks\n\n## Build\n\nfast\n"
    text = recorded(text, "tests/b.py::b", "failed in 2 s")
    text = recorded(text, "tests/a.py::a", "passed in 1 s")
    text = recorded(text, "tests/b.py::b", "passed in 3 s")
    assert text == (
        "# Benchmarks\n\n## Build\n\nfast\n\n## Soak\n\n"
        "- `tests/a.py::a`: passed in 1 s\n- `tests/b.py::b`: passed in 3 s\n"
    )


def test_what_follows_stays() -> None:
    text = recorded("# B\n\n## Soak\n\n\n## API server\n\nx\n", "t", "passed")
    assert text == "# B\n\n## Soak\n\n- `t`: passed\n\n## API server\n\nx\n"
