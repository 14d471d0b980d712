"""Bases and files elsewhere, from repositories in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.kustomize.conftest import as_yaml
from toolkit.adapters.files import MemoryTree
from toolkit.adapters.functions import ProcessRunner
from toolkit.adapters.memory.remote import MemoryRemote
from toolkit.errors import BuildError, YamlError
from toolkit.kustomize.build import build, render
from toolkit.kustomize.explain import explain
from toolkit.kustomize.result import BuildOptions, BuildResult

URL = "https://git.example/org/repo.git"
OTHER = "https://git.example/org/other.git"
FIRST, SECOND = "a" * 40, "b" * 40
MOUNT = f"{URL}?ref={FIRST}"
Built = Callable[..., BuildResult]


def config_map(name: str) -> str:
    return as_yaml({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})


def resources(*names: str) -> str:
    return as_yaml({"resources": list(names)})


@pytest.fixture
def elsewhere() -> Callable[..., Built]:
    """``elsewhere(files of the repository, files=…)(kustomization.yaml, options…)``."""

    def given(
        repository: Mapping[str, str],
        *,
        other: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | None = None,
        links: Mapping[str, str] | None = None,
    ) -> Built:
        source = MemoryRemote(
            {URL: {"": FIRST, "v1": FIRST}, OTHER: {"": SECOND}},
            {FIRST: MemoryTree(repository, links), SECOND: MemoryTree(other or {})},
            files,
        )

        def run(text: str, options: BuildOptions | None = None) -> BuildResult:
            tree = MemoryTree({"app/kustomization.yaml": text, "secret.yaml": config_map("local")})
            return build(tree, "app", options, remote=lambda: source)

        return run

    return given


def names(result: BuildResult) -> list[str]:
    return [resource.id.name for resource in result.resources]


def test_a_folder_of_a_repository_is_a_base(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {"base/kustomization.yaml": resources("a.yaml"), "base/a.yaml": config_map("a")}
    )
    result = built(resources(f"{URL}//base?ref=v1"))
    assert names(result) == ["a"]


def test_files_are_named_with_the_commit(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere({"kustomization.yaml": resources("a.yaml"), "a.yaml": config_map("a")})
    result = built(resources(URL))
    assert result.files == (
        "app/kustomization.yaml",
        f"{MOUNT}//kustomization.yaml",
        f"{MOUNT}//a.yaml",
    )
    assert [(use.address, use.ref, use.commit) for use in result.remotes] == [(URL, "", FIRST)]
    [resource] = result.resources
    assert resource.origin.path == f"{MOUNT}//a.yaml"
    assert result.tree is not None
    assert result.tree.read(f"{MOUNT}//a.yaml") == config_map("a").encode()


def test_a_base_names_its_neighbours(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {
            "overlays/dev/kustomization.yaml": resources("../../base"),
            "base/kustomization.yaml": resources("a.yaml"),
            "base/a.yaml": config_map("a"),
        }
    )
    assert names(built(resources(f"{URL}//overlays/dev"))) == ["a"]


def test_a_component_may_be_elsewhere(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {"c/kustomization.yaml": "kind: Component\nnamePrefix: c-\n"},
        other={"kustomization.yaml": resources("a.yaml"), "a.yaml": config_map("a")},
    )
    assert names(built(f"resources: ['{OTHER}']\ncomponents: ['{URL}//c']\n")) == ["c-a"]


def test_a_repository_names_another(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {"kustomization.yaml": resources(OTHER)},
        other={"kustomization.yaml": resources("a.yaml"), "a.yaml": config_map("a")},
    )
    result = built(resources(URL))
    assert names(result) == ["a"]
    assert [use.commit for use in result.remotes] == [FIRST, SECOND]


def test_a_target_may_be_elsewhere(elsewhere: Callable[..., Built]) -> None:
    source = MemoryRemote(
        {URL: {"v1": FIRST}},
        {
            FIRST: MemoryTree(
                {
                    "dev/kustomization.yaml": f"{resources('../b')}{NOTED}",
                    "b/kustomization.yaml": resources("a.yaml"),
                    "b/a.yaml": config_map("a"),
                }
            )
        },
    )
    result = build(MemoryTree({}), f"{URL}//dev?ref=v1", remote=lambda: source)
    assert "path: ../b/a.yaml\n" in render(result)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../up", "leads out of the repository"),
        ("/etc", "is absolute"),
        ("../app", "does not exist"),
        ("link", "symbolic link out of the repository"),
        ("file:///srv/repo", "is on this machine"),
    ],
)
def test_a_repository_does_not_lead_out_of_itself(
    elsewhere: Callable[..., Built], name: str, why: str
) -> None:
    built = elsewhere(
        {"base/kustomization.yaml": resources(name)}, links={"base/link": "../../app"}
    )
    with pytest.raises(BuildError, match=why) as caught:
        built(resources(f"{URL}//base"))
    assert str(caught.value).startswith(f"{MOUNT}//base/kustomization.yaml:2:3: ")


def test_no_restrictor_frees_a_repository(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {"base/kustomization.yaml": resources("../a.yaml"), "a.yaml": config_map("a")}
    )
    options = BuildOptions(load_restrictor="LoadRestrictionsNone")
    with pytest.raises(BuildError, match="only use files in or below"):
        built(resources(f"{URL}//base"), options)


@pytest.mark.parametrize(
    "back", [URL, f"{URL}//base", f"{URL}//base?timeout=5", f"{URL}//base?ref=v1"]
)
def test_a_repository_that_leads_back_to_itself_is_refused(
    elsewhere: Callable[..., Built], back: str
) -> None:
    built = elsewhere({"base/kustomization.yaml": resources(back)})
    with pytest.raises(BuildError, match="being built"):
        built(resources(f"{URL}//base"))


def test_two_folders_of_a_repository_are_no_cycle(elsewhere: Callable[..., Built]) -> None:
    built = elsewhere(
        {
            "a/kustomization.yaml": resources(f"{URL}//b"),
            "b/kustomization.yaml": resources("b.yaml"),
            "b/b.yaml": config_map("b"),
        }
    )
    assert names(built(resources(f"{URL}//a"))) == ["b"]


def test_an_error_names_the_entry_and_the_address(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError) as caught:
        elsewhere({})("resources:\n- https://ada:hunter2@git.example/org/nope.git?ref=v1\n")
    error = caught.value
    assert (
        str(error)
        == "app/kustomization.yaml:2:3: https://git.example/org/nope.git: v1 is not there"
    )
    assert "hunter2" not in f"{error.message}{error.excerpt}{error.hints}"


def test_a_folder_that_is_not_there_is_named(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError, match="has no folder 'apps/bose'") as caught:
        elsewhere({"apps/base/kustomization.yaml": ""})(resources(f"{URL}//apps/bose"))
    assert caught.value.hints == ("did you mean apps/base?",)


def test_a_component_is_no_resource(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError, match="is a Component, which cannot be a resource"):
        elsewhere({"kustomization.yaml": "kind: Component\nnamePrefix: a-\n"})(resources(URL))


def test_without_a_source_what_is_elsewhere_is_refused() -> None:
    tree = MemoryTree({"kustomization.yaml": resources(URL)})
    with pytest.raises(BuildError, match="takes nothing from elsewhere"):
        build(tree, "")


FUNCTION = (
    "apiVersion: x/v1\nkind: F\nmetadata:\n  name: x\n  annotations:\n"
    "    config.kubernetes.io/function: 'exec: {path: ./f}'\n"
)


@pytest.mark.parametrize(
    "files",
    [
        {"kustomization.yaml": "helmCharts:\n- name: x\n"},
        {"kustomization.yaml": "generators: [f.yaml]\n", "f.yaml": FUNCTION, "f": "#!/bin/sh\n"},
    ],
)
def test_programs_of_a_repository_are_not_started(files: dict[str, str]) -> None:
    source = MemoryRemote({URL: {"": FIRST}}, {FIRST: MemoryTree(files)})
    runner = ProcessRunner(has_helm=True, has_functions=True)
    tree = MemoryTree({"kustomization.yaml": resources(URL)})
    with pytest.raises(BuildError, match="of a remote base is not started"):
        build(tree, "", runner=runner, remote=lambda: source)


NOTED = "buildMetadata: [originAnnotations]\n"
WEB = "https://files.example/a.yaml"


def test_a_file_is_read_over_http(elsewhere: Callable[..., Built]) -> None:
    result = elsewhere({}, files={WEB: config_map("a").encode()})(resources(WEB))
    assert names(result) == ["a"]
    assert result.files == ("app/kustomization.yaml", WEB)
    assert [use.address for use in result.remotes] == [WEB]


def test_patches_and_data_are_read_over_http(elsewhere: Callable[..., Built]) -> None:
    patch = f"{WEB}?v=2"
    text = (
        "configMapGenerator:\n- name: c\n  options: {disableNameSuffixHash: true}\n"
        f"  files: [{WEB}]\n"
        f"patches:\n- path: {patch}\n  target: {{kind: ConfigMap}}\n"
    )
    body = b'[{"op": "add", "path": "/data/b", "value": "2"}]'
    result = elsewhere({}, files={WEB: b"one", patch: body})(text)
    [resource] = result.resources
    assert resource.body["data"] == {"a.yaml": "one", "b": "2"}


def test_a_page_that_is_no_yaml_may_be_a_repository(elsewhere: Callable[..., Built]) -> None:
    url = "https://git.example/org/repo"
    source = MemoryRemote(
        {url: {"": FIRST}},
        {FIRST: MemoryTree({"kustomization.yaml": resources("a.yaml"), "a.yaml": config_map("a")})},
        {url: b"<html>: {"},
    )
    result = build(MemoryTree({"kustomization.yaml": resources(url)}), "", remote=lambda: source)
    assert names(result) == ["a"]
    assert url not in result.files


def test_a_broken_file_is_told_as_one(elsewhere: Callable[..., Built]) -> None:
    url = "https://git.example/org/repo/a.yaml"
    with pytest.raises(YamlError) as caught:
        elsewhere({}, files={url: b"a: [\n"})(resources(url))
    assert str(caught.value.location) == f"{url}:2:1"
    assert "it is no repository, either" in caught.value.hints[-1]


def test_a_file_that_is_not_there_is_named(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises((BuildError, YamlError)) as caught:
        elsewhere({})(resources(WEB))
    assert str(caught.value) == (
        f"app/kustomization.yaml:2:3: {WEB}: the server answered 404 Not Found"
    )


def test_neither_file_nor_repository_tells_both(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError) as caught:
        elsewhere({})(resources("https://git.example/org/nope"))
    assert "its default branch is not there" in caught.value.message
    assert any("the server answered 404" in hint for hint in caught.value.hints)


def test_a_file_is_no_component(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError, match="address of a file"):
        elsewhere({})(f"components:\n- {WEB}\n")


def test_an_unusable_address_says_why(elsewhere: Callable[..., Built]) -> None:
    with pytest.raises(BuildError, match="does not exist") as caught:
        elsewhere({})(resources("gh:org/repo"))
    assert "failed to parse scheme" in caught.value.hints[0]


def test_values_are_explained_to_the_line_elsewhere() -> None:
    source = MemoryRemote(
        {URL: {"": FIRST}},
        {FIRST: MemoryTree({"kustomization.yaml": resources("a.yaml"), "a.yaml": config_map("a")})},
    )
    tree = MemoryTree({"kustomization.yaml": f"namePrefix: p-\n{resources(URL)}"})
    found = explain(tree, "", "ConfigMap/p-a", remote=lambda: source)
    first, last = found.chain(("metadata", "name"))
    assert str(first.location) == f"{MOUNT}//a.yaml:4:9"
    assert str(last.location) == "kustomization.yaml:1:13"
