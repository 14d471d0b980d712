"""gitops affected: environments and objects that a change touches, with real git."""

from __future__ import annotations

import pytest

from toolkit.wiring import affected as wiring


def names(answer):
    return [environment["name"] for environment in answer.document["environments"]]


def changes(answer, position=0):
    objects = answer.document["environments"][position]["objects"]
    return [(each["change"], each["kind"], each["name"]) for each in objects]


def affected(checkout, *arguments):
    answer = checkout.gitops("affected", *(arguments or ("--from", "HEAD")), "-o", "json")
    assert answer.code == 0, answer.err
    return answer


def test_an_unchanged_work_tree_affects_nothing(checkout):
    answer = checkout.gitops("affected", "--from", "HEAD")

    assert (answer.code, answer.out) == (0, "no environment is affected\n")


def test_a_change_of_a_base_affects_every_environment_on_it(checkout):
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    answer = checkout.gitops("affected", "--from", "HEAD")

    assert answer.out == (
        "production\n"
        "  ~ ConfigMap/settings in data-production\n"
        "    base/settings.yaml\n"
        "\n"
        "staging\n"
        "  ~ ConfigMap/settings in data-staging\n"
        "    base/settings.yaml\n"
    )


def test_a_change_of_one_overlay_affects_one_environment(checkout):
    first = checkout.git("rev-parse", "HEAD")
    checkout.write(
        "overlays/staging/kustomization.yaml",
        "namespace: data-staging\nresources: [../../base]\ncommonAnnotations: {team: data}\n",
    )
    second = checkout.commit()
    answer = affected(checkout, "--from", "HEAD~1", "--to", "HEAD")

    assert names(answer) == ["staging"]
    assert (answer.document["from"], answer.document["to"]) == (first, second)
    assert answer.document["environments"][0]["files"] == ["overlays/staging/kustomization.yaml"]
    assert ("changed", "ConfigMap", "settings") in changes(answer)


def test_added_and_removed_objects_are_told_apart(checkout):
    checkout.write("base/kustomization.yaml", "resources: [other.yaml, hello.yaml]\n")
    checkout.write("base/other.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\n")

    assert sorted(changes(affected(checkout))) == [
        ("added", "Secret", "other"),
        ("removed", "ConfigMap", "settings"),
    ]


def test_a_comment_affects_nothing(checkout):
    checkout.edit("base/settings.yaml", "kind:", "# rows to read\nkind:")

    assert names(affected(checkout)) == []


def test_a_file_that_no_environment_uses_affects_nothing(checkout):
    checkout.write("base/unused.yaml", "not: used\n")

    assert names(affected(checkout)) == []


def test_an_environment_whose_files_are_the_same_is_built_once(checkout, monkeypatch):
    checkout.write(
        "overlays/staging/kustomization.yaml",
        "namespace: data-staging\nresources: [../../base]\nnameSuffix: -x\n",
    )
    built = []
    build = wiring.build
    monkeypatch.setattr(
        wiring,
        "build",
        lambda tree, folder, *rest, **more: (
            built.append(folder) or build(tree, folder, *rest, **more)
        ),
    )
    affected(checkout)

    assert sorted(built) == ["overlays/production", "overlays/staging", "overlays/staging"]


def test_each_revision_has_its_own_settings(checkout):
    checkout.edit(
        "gitops.yaml",
        "  production: {overlay: overlays/production, namespace: data-production}\n",
        "",
    )
    answer = affected(checkout)

    assert names(answer) == ["production"]
    assert {change for change, _, _ in changes(answer)} == {"removed"}


def test_a_link_that_leads_elsewhere_is_a_change(checkout):
    checkout.write("base/other.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
    checkout.write("base/kustomization.yaml", "resources: [link.yaml]\n")
    link = checkout.root / "base/link.yaml"
    link.symlink_to("settings.yaml")
    checkout.commit()
    link.unlink()
    link.symlink_to("other.yaml")

    assert sorted(changes(affected(checkout))) == [
        ("added", "ConfigMap", "other"),
        ("removed", "ConfigMap", "settings"),
    ]


def test_a_state_before_that_cannot_be_built_is_said_to_be_so(checkout):
    good = (checkout.root / "base/kustomization.yaml").read_text()
    checkout.write("base/kustomization.yaml", "resources: [missing.yaml]\n")
    checkout.commit()
    checkout.write("base/kustomization.yaml", good)
    answer = affected(checkout)

    assert names(answer) == ["production", "staging"]
    assert "'missing.yaml' does not exist" in answer.document["environments"][0]["failure"]


def test_a_state_after_that_cannot_be_built_is_an_error(checkout):
    checkout.write("base/kustomization.yaml", "resources: [missing.yaml]\n")
    answer = checkout.gitops("affected", "--from", "HEAD")

    assert answer.code == 1
    assert "base/kustomization.yaml:1:13: 'missing.yaml' does not exist" in answer.err


@pytest.mark.parametrize("revision", ["no-such-branch", "--upload-pack=x"])
def test_an_unknown_revision_is_an_error(checkout, revision):
    answer = checkout.gitops("affected", f"--from={revision}")

    assert answer.code == 1
    assert revision in answer.err


def test_a_workspace_may_be_a_folder_of_the_checkout(checkout, monkeypatch):
    (checkout.root / "inner").mkdir()
    for name in ("gitops.yaml", "base", "overlays"):
        (checkout.root / name).rename(checkout.root / "inner" / name)
    checkout.commit()
    (checkout.root / "inner/base/link.yaml").symlink_to("settings.yaml")
    monkeypatch.chdir(checkout.root / "inner/base")
    checkout.edit("inner/base/settings.yaml", '"10"', '"20"')

    assert names(affected(checkout)) == ["production", "staging"]
