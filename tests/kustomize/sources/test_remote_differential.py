"""Remote bases against the real kustomize, byte for byte, on repositories of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.git_repository import Upstream
from tests.git_server import serving_git
from tests.kustomize.conftest import RealBuild
from toolkit.adapters.files import DiskTree
from toolkit.adapters.remote.bases import RemoteBases
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render

Agree = Callable[[Mapping[str, str]], str]

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME\ndata:\n  a: b\n"
NOTED = "buildMetadata: [originAnnotations, transformerAnnotations]\n"
FILES = {
    "kustomization.yaml": "resources: [base]\nnamePrefix: root-\n",
    "base/kustomization.yaml": (
        "resources: [a.yaml]\nconfigMapGenerator:\n- name: generated\n  files: [settings.ini]\n"
    ),
    "base/a.yaml": CONFIG_MAP.replace("NAME", "a"),
    "base/settings.ini": "x=1\n",
    "overlays/dev/kustomization.yaml": (
        "resources: [../../base]\nnameSuffix: -dev\npatches:\n- path: patch.yaml\n"
    ),
    "overlays/dev/patch.yaml": CONFIG_MAP.replace("NAME", "a").replace("b\n", "patched\n"),
    "component/kustomization.yaml": (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "labels:\n- pairs: {from: component}\n"
    ),
    "plugins/prefix.yaml": (
        "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\n"
        "prefix: plugged-\nfieldSpecs: [{path: metadata/name}]\n"
    ),
    "plugins/kustomization.yaml": "resources: [prefix.yaml]\n",
    "escaping/kustomization.yaml": "resources: [../../up]\n",
    "linked/kustomization.yaml": "resources: [../out.yaml]\n",
    "restricted/kustomization.yaml": "resources: [../base/a.yaml]\n",
}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = Upstream(tmp_path / "up", FILES)
    upstream.git("tag", "--annotate", "--message=one", "v1")
    upstream.git("tag", "1.20")
    upstream.commit({"base/a.yaml": CONFIG_MAP.replace("NAME", "second")})
    upstream.git("switch", "--quiet", "--create", "feature/x")
    upstream.commit({"base/a.yaml": CONFIG_MAP.replace("NAME", "third")})
    upstream.git("switch", "--quiet", "main")
    return upstream


@pytest.fixture
def agree(tmp_path: Path, upstream: Upstream, real_kustomize: RealBuild) -> Agree:
    """Builds files, in which ``URL`` and ``FIRST`` stand for the repository and its first commit,
    with both; "" where both refuse.
    """

    def run(files: Mapping[str, str]) -> str:
        for name, text in files.items():
            path = tmp_path / "app" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("URL", upstream.url).replace("FIRST", upstream.first))
        theirs = real_kustomize(tmp_path / "app")
        with RemoteBases(tmp_path / "cache", say=print) as source:
            try:
                target = str(tmp_path / "app").lstrip("/")
                ours = render(build(DiskTree("/"), target, remote=lambda: source))
            except (BuildError, YamlError):
                ours = None
        assert ours == theirs
        return ours or ""

    return run


def _resources(*names: str) -> str:
    return "resources:\n" + "".join(f"- {name}\n" for name in names)


@pytest.mark.parametrize(
    "name",
    [
        "URL",
        "URL//base",
        "URL//base/",
        "URL//base?ref=v1",
        "URL//base?ref=FIRST",
        "URL//base?version=v1",
        "'URL//base?ref=feature/x'",
        "URL?ref=1.20",
        "URL//overlays/dev?ref=v1",
        "URL//overlays/../base?ref=v1&timeout=90s",
        "git::URL//overlays/dev?ref=v1&submodules=false",
    ],
)
def test_a_base_by_every_kind_of_ref(agree: Agree, name: str) -> None:
    assert "kind: ConfigMap" in agree({"kustomization.yaml": _resources(name)})


@pytest.mark.parametrize("name", ["URL", "URL//overlays/dev?ref=1.20", "'URL//base?ref=feature/x'"])
def test_origins_name_repository_and_ref(agree: Agree, name: str) -> None:
    text = f"{_resources(name)}{NOTED}namePrefix: local-\n"
    assert "repo: file://" in agree({"kustomization.yaml": text})


def test_components_local_and_remote(agree: Agree) -> None:
    text = f"{_resources('URL//base', 'x.yaml')}components:\n- URL//component?ref=v1\n{NOTED}"
    files = {"kustomization.yaml": text, "x.yaml": CONFIG_MAP.replace("NAME", "x")}
    assert agree(files).count("from: component") == 3


def test_transformers_from_elsewhere(agree: Agree) -> None:
    text = f"{_resources('URL//base')}transformers:\n- URL//plugins?ref=v1\n{NOTED}"
    assert "name: plugged-" in agree({"kustomization.yaml": text})


def test_two_refs_of_one_repository(agree: Agree) -> None:
    files = {
        "kustomization.yaml": _resources("one", "two"),
        "one/kustomization.yaml": f"{_resources('URL//base?ref=v1')}namePrefix: one-\n",
        "two/kustomization.yaml": f"{_resources('URL//base')}namePrefix: two-\n",
    }
    built = agree(files)
    assert "name: one-a" in built
    assert "name: two-second" in built


def test_a_repository_that_names_another(agree: Agree, upstream: Upstream, tmp_path: Path) -> None:
    middle = {
        "m/kustomization.yaml": f"{_resources('../n', f'{upstream.url}//base?ref=v1')}",
        "n/kustomization.yaml": "configMapGenerator:\n- name: made\n  literals: [a=1]\n",
    }
    other = Upstream(tmp_path / "middle", middle)
    text = f"{_resources(f'{other.url}//m?ref=main')}{NOTED}"
    assert f"repo: {upstream.url}" in agree({"kustomization.yaml": text})


def test_a_submodule_beside_its_repository(
    agree: Agree, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git itself must be told that it may; kustomize has no word for it."""
    inner = Upstream(tmp_path / "inner", {"kustomization.yaml": _resources("i.yaml")})
    inner.first = inner.commit({"i.yaml": CONFIG_MAP.replace("NAME", "inner")})
    upstream.git("update-index", "--add", "--cacheinfo", f"160000,{inner.first},sub")
    (upstream.folder / ".gitmodules").write_text(
        '[submodule "sub"]\n\tpath = sub\n\turl = ../inner\n'
    )
    (upstream.folder / "sub").mkdir()
    upstream.git("add", ".gitmodules")
    upstream.git("commit", "--quiet", "--message=submodule")
    config = tmp_path / "config"
    config.write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert "name: inner" in agree({"kustomization.yaml": _resources("URL//sub")})


@pytest.mark.parametrize(
    "name",
    [
        "URL//nowhere",
        "URL//base/a.yaml",
        "URL?ref=nope",
        "URL//component",
        "URL//escaping",
        "URL//linked",
        "URL//restricted",
        "URL//../up",
        "file:///nowhere/repo",
    ],
)
def test_what_both_refuse(agree: Agree, upstream: Upstream, name: str) -> None:
    (upstream.folder / "out.yaml").symlink_to("/etc/hostname")
    upstream.commit({})
    assert agree({"kustomization.yaml": _resources(name)}) == ""


def test_a_repository_that_leads_back_to_itself(agree: Agree, upstream: Upstream) -> None:
    upstream.commit({"back/kustomization.yaml": _resources(f"{upstream.url}//back")})
    assert agree({"kustomization.yaml": _resources("URL//back")}) == ""


def test_a_folder_that_is_named_like_a_repository(agree: Agree) -> None:
    """Upstream asks the network for it; a file of that name is read."""
    name = "github.com/org/x.yaml"
    files = {"kustomization.yaml": _resources(name), name: CONFIG_MAP.replace("NAME", "x")}
    assert "name: x" in agree(files)


@pytest.mark.parametrize("name", ["/up//base?ref=v1", "/up//overlays/dev?ref=1.20", "//base"])
def test_a_repository_over_http_after_no_file_was_found(
    agree: Agree, tmp_path: Path, name: str
) -> None:
    """Upstream asks for a file first, and then takes the address for a repository."""
    (tmp_path / "org").mkdir()
    (tmp_path / "up").rename(tmp_path / "org/up")
    with serving_git(tmp_path) as url:
        address = f"{url}/org/up{name.removeprefix('/up')}"
        built = agree({"kustomization.yaml": f"{_resources(address)}{NOTED}"})
    assert "repo: http://127.0.0.1:" in built


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    files = {
        "one.yaml": CONFIG_MAP.replace("NAME", "one"),
        "org/repo/two.yaml": CONFIG_MAP.replace("NAME", "two"),
        "patch.yaml": CONFIG_MAP.replace("NAME", "one").replace("b\n", "patched\n"),
        "replacement.yaml": (
            "source: {kind: ConfigMap, fieldPath: data.a}\n"
            "targets:\n- select: {kind: ConfigMap}\n  fieldPaths: [data.c]\n"
            "  options: {create: true}\n"
        ),
        "configuration.yaml": "namePrefix:\n- path: data/a\n  kind: ConfigMap\n",
        "labels.yaml": (
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\n"
            "labels: {from: transformer}\nfieldSpecs: [{path: metadata/labels, create: true}]\n"
        ),
        "settings.env": "KEY=value\n",
        "broken.yaml": "a: [\n",
        "text.yaml": "just text\n",
    }
    for name, text in files.items():
        path = tmp_path / "www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    handler = partial(_Files, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_files_over_http(agree: Agree, web: str) -> None:
    text = (
        f"{_resources(f'{web}/one.yaml', f'{web}/org/repo/two.yaml')}{NOTED}"
        f"patches:\n- path: {web}/patch.yaml\n"
        f"configMapGenerator:\n- name: c\n  files: ['{web}/one.yaml', 'k={web}/patch.yaml']\n"
    )
    built = agree({"kustomization.yaml": text})
    assert "patched" in built
    assert "repo: http://" in built


@pytest.mark.parametrize("path", ["broken.yaml", "text.yaml", "none.yaml", "org/repo/none.yaml"])
def test_files_over_http_that_both_refuse(agree: Agree, web: str, path: str) -> None:
    assert agree({"kustomization.yaml": _resources(f"{web}/{path}")}) == ""


def test_a_repository_names_files_over_http(agree: Agree, web: str, upstream: Upstream) -> None:
    text = f"{_resources(f'{web}/one.yaml', f'{web}/org/repo/two.yaml')}"
    upstream.commit({"w/kustomization.yaml": text})
    assert "name: two" in agree({"kustomization.yaml": f"{_resources('URL//w?ref=main')}{NOTED}"})


def test_every_field_that_names_a_file_takes_one_over_http(agree: Agree, web: str) -> None:
    text = (
        f"{_resources(f'{web}/one.yaml')}namePrefix: p-\n"
        f"replacements:\n- path: {web}/replacement.yaml\n"
        f"configurations:\n- {web}/configuration.yaml\n"
        f"transformers:\n- {web}/labels.yaml\n"
        f"patchesStrategicMerge:\n- {web}/patch.yaml\n"
        f"secretGenerator:\n- name: s\n  envs: ['{web}/settings.env']\n"
    )
    built = agree({"kustomization.yaml": text})
    for found in ("c: p-patched", "a: p-patched", "from: transformer", "KEY: dmFsdWU="):
        assert found in built
