from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolkit.adapters.process.images import PROGRAMS, ImageMap
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.errors import ExecutionError
from toolkit.repository.settings import ImageRule


def images(*rules: ImageRule, root: Path = Path("/")) -> ImageMap:
    return ImageMap(rules, root, MadeOnce(root / "made"))


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("python", "python"),
        ("python", "python:3.12"),
        ("python:*", "python:3.12"),
        ("registry:5000/python", "registry:5000/python:3"),
        ("python", "python:3.12@sha256:00"),
        ("*", "whatever/it:is"),
    ],
)
def test_a_pattern_matches_with_or_without_tag_and_digest(pattern: str, image: str) -> None:
    argv = images(ImageRule(pattern)).resolve(image, ["sh"], ["-c", ":"]).argv
    assert Path(argv[0]).name == "sh"
    assert argv[1:] == ("-c", ":")


@pytest.mark.parametrize(("pattern", "image"), [("app", "apps"), ("app:3", "app:4")])
def test_other_images_do_not_match(pattern: str, image: str) -> None:
    with pytest.raises(ExecutionError, match=r"runtime\.images"):
        images(ImageRule(pattern)).resolve(image, ["sh"], [])


def test_the_first_rule_that_matches_wins() -> None:
    rules = ImageRule("app:1", ("echo", "one")), ImageRule("app", ("echo", "any"))
    assert images(*rules).resolve("app:1", [], []).argv[1:] == ("one",)
    assert images(*rules).resolve("app:2", [], []).argv[1:] == ("any",)


def test_the_templates_command_replaces_the_entrypoint() -> None:
    rule = ImageRule("app", ("echo", "entry"))
    assert images(rule).resolve("app", ["printf", "x"], ["y"]).argv[1:] == ("x", "y")


def test_folders_of_the_rule_come_first_in_path(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tool"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = images(ImageRule("app", path=("bin",)), root=tmp_path).resolve("app", ["tool"], [])
    assert found.argv == (str(program),)
    assert found.path.startswith(f"{tmp_path}/bin:")


def test_the_programs_of_gitops_are_named_by_at_programs() -> None:
    found = images(ImageRule("app", path=("@programs",))).resolve("app", ["sh"], [])
    assert found.path.startswith(f"{PROGRAMS}")


def test_gitops_is_this_very_program() -> None:
    found = images(ImageRule("app", ("gitops", "notify"))).resolve("app", [], [])
    assert found.argv[0] == sys.executable
    assert found.argv[-1] == "notify"


def test_nothing_to_run_is_an_error_that_says_so() -> None:
    with pytest.raises(ExecutionError, match="no entrypoint"):
        images(ImageRule("app")).resolve("app", [], ["x"])


def test_python_is_there_by_both_names() -> None:
    for name in ("python", "python3"):
        found = images(ImageRule("python")).resolve("python:3.12", [name], [])
        assert Path(found.argv[0]).is_file()
