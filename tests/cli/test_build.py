"""gitops build and gitops explain, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
PRINTED = "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  name: settings\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/kustomization.yaml").write_text("resources: [a.yaml]\n")
    (tmp_path / "app/a.yaml").write_text(CONFIG_MAP)
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "toolkit", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_prints_a_folder(folder: Path) -> None:
    done = run(folder, "build", "app")
    assert (done.returncode, done.stdout, done.stderr) == (0, PRINTED, "")


def test_the_folder_defaults_to_the_current_one(folder: Path) -> None:
    assert run(folder / "app", "build").stdout == PRINTED


def test_writes_a_file(folder: Path) -> None:
    assert run(folder, "build", "app", "-o", "out.yaml").stdout == ""
    assert (folder / "out.yaml").read_text() == PRINTED


def test_writes_a_file_an_object_into_a_folder(folder: Path) -> None:
    (folder / "out").mkdir()
    run(folder, "build", "app", "--output=out")
    assert (folder / "out/v1_configmap_settings.yaml").read_text() == PRINTED


def test_lists_the_files(folder: Path) -> None:
    assert run(folder, "build", "--files", "app").stdout == "app/kustomization.yaml\napp/a.yaml\n"


def test_an_error_has_its_place_excerpt_and_hint(folder: Path) -> None:
    (folder / "app/kustomization.yaml").write_text("resources:\n- aa.yaml\n")
    done = run(folder, "build", "app")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: app/kustomization.yaml:2:3: 'aa.yaml' does not exist\n"
        "      2 | - aa.yaml\n            ^\nhint: did you mean a.yaml?\n"
    )


def test_a_warning_is_an_error_where_strict(folder: Path) -> None:
    (folder / "app/kustomization.yaml").write_text(
        "resources: [a.yaml]\npatches:\n- target: {kind: Secret}\n  patch: '[]'\n"
    )
    lenient = run(folder, "build", "app")
    assert (lenient.returncode, lenient.stdout) == (0, PRINTED)
    assert lenient.stderr.startswith("warning: app/kustomization.yaml:4:10: the patch's target")
    assert run(folder, "build", "--strict", "app").returncode == 1


@pytest.mark.parametrize("flag", [["--network"], ["--mount", "type=bind"]])
def test_a_flag_of_functions_in_containers_is_refused(folder: Path, flag: list[str]) -> None:
    done = run(folder, "build", *flag, "app")
    assert done.returncode == 2
    assert f"{flag[0]} is for functions in containers, which are not started" in done.stderr


def test_an_unknown_flag_is_refused(folder: Path) -> None:
    assert run(folder, "build", "--nonsense", "app").returncode == 2


def test_an_environment_is_built_in_its_mode(folder: Path) -> None:
    (folder / "gitops.yaml").write_text(
        "version: 1\nenvironments:\n  test:\n    overlay: app\n    compat: argo\n"
    )
    assert run(folder, "build", "test").stdout == PRINTED
    assert run(folder / "app", "build", "test").stdout == PRINTED


def test_a_small_build_imports_nothing_that_takes_long(folder: Path) -> None:
    code = (
        "import sys\nfrom toolkit.cli.main import run\nrun(['build', 'app'])\n"
        "heavy = {'click', 'dataclasses', 'pathlib', 'hashlib', 'json', 'inspect', 'typing',"
        " 'yaml', 'datetime', 'decimal', 'base64'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}\n{code}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_kept_render_is_printed_until_a_file_changes(folder: Path) -> None:
    environment = {**os.environ, "GITOPS_CACHE": str(folder / "cache")}
    settled = (folder / "app/a.yaml").stat().st_ctime_ns + 100_000_000
    while time.time_ns() < settled:
        os.sched_yield()

    def output() -> str:
        return subprocess.run(
            [sys.executable, "-m", "toolkit", "build", "app"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert output() == PRINTED
    (entry,) = (folder / "cache").iterdir()
    entry.write_bytes(entry.read_bytes().replace(b"name: settings", b"name: from-kept"[:14]))
    assert output() == PRINTED.replace("name: settings", "name: from-kep")
    (folder / "app/a.yaml").write_text(CONFIG_MAP.replace("a: b", "a: changed"))
    assert output() == PRINTED.replace("a: b", "a: changed")


def test_explains_a_field(folder: Path) -> None:
    done = run(folder, "explain", "app", "ConfigMap/settings", "data.a")
    assert done.stdout == 'ConfigMap/settings data.a: "b"\n  app/a.yaml:4:11  "b"  (written)\n'


def test_annotates_an_object(folder: Path) -> None:
    done = run(folder, "explain", "app", "ConfigMap/settings")
    assert "  a: b" in done.stdout
    assert "# app/a.yaml:4:11" in done.stdout


def test_explains_as_json(folder: Path) -> None:
    done = run(folder, "explain", "app", "ConfigMap/settings", "data.a", "-o", "json")
    assert '"file": "app/a.yaml"' in done.stdout


def test_an_unknown_field_names_the_close_one(folder: Path) -> None:
    done = run(folder, "explain", "app", "ConfigMap/settings", "data.b")
    assert done.returncode == 2
    assert "did you mean data.a?" in done.stderr
