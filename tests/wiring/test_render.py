"""Rendering a target from the work tree and from a commit, and checking what came out."""

import git
import pytest

from toolkit.errors import BuildError, FindingsError, GitError, UsageError
from toolkit.repository.settings import Compat
from toolkit.source import Location
from toolkit.wiring.render import check, render, render_readable
from toolkit.wiring.workspace import Workspace

FILES = {
    "gitops.yaml": (
        "environments:\n"
        "  staging: {overlay: overlays/staging, namespace: data, compat: kustomize}\n"
    ),
    "base/kustomization.yaml": "resources: [config.yaml]\n",
    "base/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n",
    "overlays/staging/kustomization.yaml": "resources: [../../base]\nnamespace: data\n",
}


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def first_commit(workspace):
    with git.Repo.init(workspace.root) as repository:
        repository.git.add("--all")
        with repository.config_writer() as config:
            config.set_value("user", "name", "Test").set_value("user", "email", "test@example.com")
        return repository.index.commit("first").hexsha


def names(rendered):
    return [resource.id.name for resource in rendered.result.resources]


def test_an_environment_is_rendered_by_name_or_by_its_folder(workspace):
    by_name = render(workspace, "staging")
    by_folder = render(workspace, "overlays/staging")

    assert names(by_name) == names(by_folder) == ["a"]
    assert by_folder.target.environment.name == "staging"
    assert by_name.target.compat is Compat.KUSTOMIZE


def test_a_folder_that_is_no_environments_is_rendered_as_kustomize_does(workspace):
    rendered = render(workspace, "base")

    assert rendered.target.environment is None
    assert rendered.target.compat is Compat.KUSTOMIZE


def test_a_commit_is_rendered_as_it_was_and_not_as_the_files_are_now(workspace, first_commit):
    (workspace.root / "base/config.yaml").write_text("not: [yaml")

    rendered = render(workspace, "staging", revision="HEAD")

    assert rendered.commit == first_commit
    assert names(rendered) == ["a"]


def test_findings_of_a_commit_have_places_in_its_files(workspace):
    (workspace.root / "base/config.yaml").write_text(
        FILES["base/config.yaml"] + "datas: {}\n", encoding="utf-8"
    )
    with git.Repo.init(workspace.root) as repository:
        repository.git.add("--all")
        with repository.config_writer() as config:
            config.set_value("user", "name", "Test").set_value("user", "email", "test@example.com")
        repository.index.commit("broken")
    (workspace.root / "base/config.yaml").unlink()

    [finding] = check(render(workspace, "staging", revision="HEAD"))

    assert (finding.rule, finding.location) == ("unknown-field", Location("base/config.yaml", 5, 1))
    assert finding.excerpt == "datas: {}"


def test_an_unknown_revision_is_a_git_error(workspace, first_commit):
    with pytest.raises(GitError):
        render(workspace, "staging", revision="no-such-branch")


def test_what_is_neither_environment_nor_folder_is_a_usage_error(workspace):
    with pytest.raises(UsageError) as raised:
        render(workspace, "stagin")

    assert raised.value.hints == ("environments: staging",)


def test_a_folder_outside_of_the_repository_is_refused(workspace, tmp_path_factory):
    with pytest.raises(UsageError, match="outside of the repository"):
        render(workspace, str(tmp_path_factory.mktemp("elsewhere")))


def test_a_build_error_names_the_file_as_it_is_seen_from_here(workspace, monkeypatch):
    (workspace.root / "overlays/staging/kustomization.yaml").write_text("resources: [nowhere]\n")
    monkeypatch.chdir(workspace.root / "base")

    with pytest.raises(BuildError) as raised:
        render(workspace, "staging")

    assert raised.value.location.path == "../overlays/staging/kustomization.yaml"


def test_what_cannot_be_read_is_refused_as_a_finding(workspace):
    (workspace.root / "base/config.yaml").write_text("data: {\n", encoding="utf-8")

    with pytest.raises(FindingsError) as raised:
        render_readable(workspace, "staging")

    [finding] = raised.value.findings
    assert (finding.rule, str(finding.location)) == ("yaml", "base/config.yaml:2:1")
    assert raised.value.exit_code == 4
