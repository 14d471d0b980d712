"""What steps are, by gitops.yaml."""

from __future__ import annotations

from toolkit.repository.load import load_settings
from toolkit.repository.settings import ImageRule, RuntimeKind, Settings

TEXT = """\
environments:
  staging: {overlay: overlays/staging, namespace: data}
  production: {overlay: overlays/production, namespace: data, runtime: process}
"""


def settings(runtime: str) -> Settings:
    return load_settings(f"{TEXT}runtime: {runtime}\n".encode(), "gitops.yaml")


def test_steps_are_processes_unless_said() -> None:
    found = load_settings(TEXT.encode(), "gitops.yaml").environments
    assert {each.runtime for each in found.values()} == {RuntimeKind.PROCESS}


def test_an_environment_has_the_common_kind_or_its_own() -> None:
    found = settings("{kind: podman}").environments
    assert found["staging"].runtime is RuntimeKind.PODMAN
    assert found["production"].runtime is RuntimeKind.PROCESS


def test_an_image_stands_for_an_environment_or_a_root() -> None:
    rules = "[{pattern: a, python: venv}, {pattern: b, rootfs: b.tar, args: [x], onHost: true}]"
    assert settings(f"{{images: {rules}}}").images == (
        ImageRule("a", python="venv"),
        ImageRule("b", rootfs="b.tar", args=("x",), is_on_host=True),
    )
