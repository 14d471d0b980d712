from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.adapters.containers.arguments import (
    Mount,
    environment_file,
    qualified,
    run_arguments,
)
from toolkit.adapters.containers.engine import ContainerEngine
from toolkit.adapters.containers.find import find_engine
from toolkit.errors import ExecutionError
from toolkit.repository.settings import RuntimeKind
from toolkit.workflow.commands import ContainerCall

ENGINE = ContainerEngine("docker", "/bin/docker", "state", {})


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("busybox", "docker.io/library/busybox"),
        ("busybox:1", "docker.io/library/busybox:1"),
        ("acme/etl", "docker.io/acme/etl"),
        ("quay.io/acme/etl", "quay.io/acme/etl"),
        ("registry:5000/etl", "registry:5000/etl"),
        ("localhost/etl", "localhost/etl"),
    ],
)
def test_short_names_are_docker_hubs(image: str, expected: str) -> None:
    assert qualified(image) == expected


def test_values_of_several_lines_are_left_to_the_client() -> None:
    content, inherited = environment_file({"A": "1", "B": "x\ny", "C": "# no comment"})
    assert (content, inherited) == (b"A=1\nC=# no comment\n", ("B",))


def test_the_command_is_entrypoint_and_words() -> None:
    call = ContainerCall("i", ("sh", "-c"), ("echo $A",))
    argv = run_arguments(ENGINE, "n", call, mounts=(), env_file=Path("/e"), script="/s")
    at = argv.index("--entrypoint")
    assert argv[at + 1 :] == ("sh", "--", "docker.io/library/i", "-c", "echo $A", "/s")


def test_without_a_command_the_images_entrypoint_stays() -> None:
    argv = run_arguments(ENGINE, "n", ContainerCall("i"), mounts=(), env_file=Path("/e"))
    assert "--entrypoint" not in argv


def test_a_path_with_a_comma_cannot_be_mounted() -> None:
    mounts = (Mount(Path("/a,b"), "/x"),)
    with pytest.raises(ExecutionError, match="comma"):
        run_arguments(ENGINE, "n", ContainerCall("i"), mounts=mounts, env_file=Path("/e"))


def test_an_engine_that_is_not_there_is_named_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ExecutionError, match=r"runtime\.kind is podman.*no command 'podman'"):
        find_engine(RuntimeKind.PODMAN, tmp_path, {"PATH": str(tmp_path)})


def test_an_engine_that_does_not_answer_is_none(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'no daemon' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(ExecutionError, match="docker does not answer: no daemon"):
        find_engine(RuntimeKind.DOCKER, tmp_path, {"PATH": f"{tmp_path}:/bin"})
    assert find_engine(RuntimeKind.AUTO, tmp_path, {"PATH": f"{tmp_path}"}) is None
    assert find_engine(RuntimeKind.PROCESS, tmp_path, {}) is None


def test_the_client_gets_nothing_of_the_hosts_secrets(tmp_path: Path) -> None:
    program = tmp_path / "podman"
    program.write_text("#!/bin/sh\necho crun\n")
    program.chmod(0o755)
    given = {"PATH": f"{tmp_path}:/bin", "TOKEN": "hush", "CONTAINERS_CONF": "c", "HOME": "h"}
    found = find_engine(RuntimeKind.AUTO, tmp_path, given)
    assert found is not None
    assert set(found.environment) == {"PATH", "CONTAINERS_CONF", "HOME"}
