"""Well-known images run without a rule, as far as the host has their commands."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.process.conftest import Bench, step
from toolkit.adapters.process.images import PROGRAMS, ImageMap
from toolkit.adapters.process.isolation import Namespaces
from toolkit.adapters.process.made_once import MadeOnce
from toolkit.errors import ExecutionError
from toolkit.repository.settings import ImageRule


def stock(*rules: ImageRule) -> ImageMap:
    return ImageMap(rules, Path("/"), MadeOnce(Path("/made")))


def argosay(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAMS / "argosay", *words], cwd=cwd, capture_output=True, text=True, check=False
    )


def said(*words: str, cwd: Path) -> str:
    done = argosay(*words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_argosay_says_hello_unasked(tmp_path: Path) -> None:
    assert said(cwd=tmp_path) == said("echo", cwd=tmp_path) == "hello argo\n"


def test_argosay_echo_makes_the_folders_of_its_file(tmp_path: Path) -> None:
    assert said("echo", "a b", cwd=tmp_path) == "a b\n"
    assert said("echo", "x", "deep/er/file", cwd=tmp_path) == ""
    assert said("cat", "deep/er/file", cwd=tmp_path) == "x\n"


def test_argosay_asserts_what_a_file_contains(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("one two\n")
    assert said("assert_contains", "f", "two", cwd=tmp_path) == "one two\n"
    assert argosay("assert_contains", "f", "three", cwd=tmp_path).returncode == 1


def test_argosay_exits_sleeps_and_runs_scripts(tmp_path: Path) -> None:
    assert argosay("exit", cwd=tmp_path).returncode == 0
    assert argosay("exit", "3", cwd=tmp_path).returncode == 3
    assert said("sleep", "0s", cwd=tmp_path) == ""
    assert said("sh", "-c", "echo hi", cwd=tmp_path) == "hi\n"


def test_argosay_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    done = argosay("dance", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "argosay: unknown command dance\n")


@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "alpine:3.23",
        "debian:latest",
        "docker.io/library/busybox:1",
        "docker.io/argoproj/argosay:v2",
        "python:alpine3.23",
        "ubuntu@sha256:00",
    ],
)
def test_a_well_known_image_runs_the_templates_command(image: str) -> None:
    found = stock().resolve(image, ["sh", "-c"], [":"])
    assert Path(found.argv[0]).name == "sh"


def test_without_a_command_the_images_own_runs() -> None:
    images = stock()
    assert Path(images.resolve("argoproj/argosay:v2", [], ["cat"]).argv[0]).name == "argosay"
    assert Path(images.resolve("busybox", [], []).argv[0]).name == "sh"
    assert images.resolve("busybox", [], ["echo", "hi"]).argv[1:] == ("hi",)


def test_a_program_is_found_where_the_host_keeps_it() -> None:
    found = stock().resolve("python:3", ["/opt/nowhere/bin/python"], ["-V"])
    assert Path(found.argv[0]).name.startswith("python")


def test_a_rule_of_gitops_yaml_wins() -> None:
    rule = ImageRule("busybox", entrypoint=("echo", "mine"))
    assert stock(rule).resolve("busybox", [], []).argv[1:] == ("mine",)


def test_a_command_that_the_host_lacks_is_named_with_a_hint() -> None:
    with pytest.raises(ExecutionError, match="no command 'influxd'") as refused:
        stock().resolve("alpine", ["influxd"], [])
    assert "runtime.images" in refused.value.hints[0]


def test_argosay_is_at_its_own_path_for_scripts_too(
    open_bench: Callable[..., Bench], isolation: Namespaces
) -> None:
    bench = open_bench(isolation)
    call = {"image": "argoproj/argosay:v2", "command": ("sh", "-c"), "args": ("/argosay echo hi",)}
    resolved = step(None, call=call)
    assert bench.ended(resolved).exit_code == 0
    assert bench.log(resolved) == ["hi"]
