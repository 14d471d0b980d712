"""gitops build --all: every environment, in one process and a copy of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from toolkit.cli import build_all as verb
from toolkit.cli.main import run
from toolkit.errors import BuildError
from toolkit.kustomize.sources import session
from toolkit.wiring.remote import open_remote

SETTINGS = """\
environments:
  staging: {overlay: overlays/staging, namespace: one}
  production: {overlay: overlays/production, namespace: two, compat: kustomize}
  third: {overlay: overlays/third, namespace: three}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: &x b, c: *x}\n"
RECIPE = verb.Recipe(
    "",
    "LoadRestrictionsRootOnly",
    "unspecified",
    managed_by_label=False,
    open_remote=lambda: open_remote(None),
)


def printed(namespace: str) -> str:
    return (
        "apiVersion: v1\ndata:\n  a: b\n  c: b\nkind: ConfigMap\nmetadata:\n"
        f"  name: settings\n  namespace: {namespace}\n"
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "gitops.yaml": SETTINGS,
        "base/kustomization.yaml": "resources: [settings.yaml]\n",
        "base/settings.yaml": CONFIG,
    }
    for name, namespace in (("staging", "one"), ("production", "two"), ("third", "three")):
        files[f"overlays/{name}/kustomization.yaml"] = (
            f"namespace: {namespace}\nresources: [../../base]\n"
        )
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "helper_for_this_machine", lambda: None)


def test_prints_every_environment_below_its_name(root, capfdbinary):
    code = run(["build", "--all"])
    sys.stdout.flush()
    out, err = capfdbinary.readouterr()

    assert (code, err) == (0, b"")
    assert out.decode() == (
        f"# staging\n{printed('one')}---\n# production\n{printed('two')}---\n"
        f"# third\n{printed('three')}"
    )


def test_writes_a_file_an_environment(root):
    assert run(["build", "--all", "-o", "made/rendered"]) == 0

    written = {path.name: path.read_text() for path in (root / "made/rendered").iterdir()}
    assert written == {
        "staging.yaml": printed("one"),
        "production.yaml": printed("two"),
        "third.yaml": printed("three"),
    }


@pytest.mark.usefixtures("one_core")
def test_a_shared_base_is_parsed_once(root, monkeypatch):
    parsed = []
    load_all = session.load_all
    monkeypatch.setattr(
        session, "load_all", lambda text, path: parsed.append(path) or load_all(text, path)
    )
    run(["build", "--all", "-o", "rendered"])

    assert parsed == ["base/settings.yaml"]
    assert (root / "rendered/third.yaml").read_text() == printed("three")


def test_nothing_is_written_where_one_cannot_be_built(root, capsys):
    (root / "overlays/production/kustomization.yaml").write_text("resources: [gone.yaml]\n")

    assert run(["build", "--all", "-o", "rendered"]) == 1
    assert "overlays/production/kustomization.yaml:1:13" in capsys.readouterr().err
    assert not (root / "rendered").exists()


def test_warnings_of_the_copy_are_told_with_their_place(root, capsys):
    (root / "overlays/production/kustomization.yaml").write_text(
        "resources: [../../base]\npatches:\n- target: {kind: Secret}\n  patch: '[]'\n"
    )

    assert run(["build", "--all", "-o", "rendered"]) == 0
    assert capsys.readouterr().err.startswith(
        "warning: overlays/production/kustomization.yaml:4:10: the patch's target"
    )
    with pytest.raises(BuildError, match="target"):
        verb.build_all(RECIPE, output="rendered", is_strict=True)


@pytest.mark.parametrize("arguments", [("staging",), ("--files",)])
def test_what_makes_no_sense_for_all_is_refused(root, arguments, capsys):
    assert run(["build", "--all", *arguments]) == 2
    assert "--all takes neither" in capsys.readouterr().err
