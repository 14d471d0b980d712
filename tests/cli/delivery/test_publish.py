"""gitops publish, history and rollback, from the command line to the deploy repository."""

from __future__ import annotations

import subprocess


def test_every_environment_gets_a_commit_on_its_branch(checkout):
    answer = checkout.gitops("publish", "staging", "production")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        f"staging  {checkout.tip()}  2 added",
        f"production  {checkout.tip('production')}  2 added",
    ]
    assert "rendering staging from commit" in answer.err


def test_a_deploy_commit_tells_its_source(checkout):
    checkout.gitops("publish", "staging")
    message = checkout.deploy("log", "-1", "--format=%(trailers:unfold)", "env/staging")
    assert f"Source-Commit: {checkout.git('rev-parse', 'HEAD')}" in message
    assert "Source-Subject: First" in message
    assert "Source-Author: Ada <ada@example.com>" in message


def test_a_second_publish_makes_no_commit(checkout):
    checkout.gitops("publish", "staging")
    tip = checkout.tip()
    checkout.write("README.md", "words\n")
    checkout.commit()
    answer = checkout.gitops("publish", "staging")
    assert answer.out == f"staging  {tip}  unchanged\n"
    assert checkout.tip() == tip


def test_one_edited_cron_changes_one_manifest(checkout):
    checkout.gitops("publish", "staging")
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    checkout.commit()
    assert checkout.gitops("publish", "staging").out.endswith("  1 updated\n")
    changed = checkout.deploy("diff", "--name-only", "env/staging~1", "env/staging")
    assert changed.splitlines() == [
        "gitops-index.json",
        "manifests/CronWorkflow.argoproj.io/data-staging/hello.yaml",
    ]


def test_a_dirty_work_tree_is_refused(checkout):
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    answer = checkout.gitops("publish", "staging")
    assert answer.code == 1
    assert "base/settings.yaml" in answer.err
    assert "--allow-dirty" in answer.err
    assert not (checkout.root / ".gitops").exists()


def test_a_dirty_work_tree_is_published_as_it_is_where_allowed_and_marked(checkout):
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    assert checkout.gitops("publish", "staging", "--allow-dirty").code == 0
    assert "Source-Dirty: true" in checkout.deploy("log", "-1", "--format=%B", "env/staging")
    manifest = checkout.deploy("show", "env/staging:manifests/ConfigMap/data-staging/settings.yaml")
    assert 'rows: "20"' in manifest


def test_a_clean_work_tree_is_not_marked(checkout):
    checkout.gitops("publish", "staging", "--allow-dirty")
    assert "Source-Dirty" not in checkout.deploy("log", "-1", "--format=%B", "env/staging")


def test_a_past_commit_can_be_published(checkout):
    first = checkout.git("rev-parse", "HEAD")
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    checkout.commit()
    checkout.gitops("publish", "staging", "--commit", first)
    manifest = checkout.deploy("show", "env/staging:manifests/ConfigMap/data-staging/settings.yaml")
    assert 'rows: "10"' in manifest


def test_an_older_commit_does_not_replace_a_newer_one(checkout):
    first = checkout.git("rev-parse", "HEAD")
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    checkout.commit()
    checkout.gitops("publish", "staging")
    tip = checkout.tip()
    answer = checkout.gitops("publish", "staging", "--commit", first)
    assert answer.code == 1
    assert "newer" in answer.err
    assert checkout.tip() == tip


def test_findings_in_one_environment_publish_none(checkout):
    checkout.gitops("publish", "staging")
    tip = checkout.tip()
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    checkout.write(
        "overlays/production/kustomization.yaml",
        "namespace: data-production\nresources: [../../base, bad.yaml]\n",
    )
    bad = (checkout.root / "base/hello.yaml").read_text(encoding="utf-8")
    checkout.write(
        "overlays/production/bad.yaml",
        bad.replace("name: hello", "name: bad").replace("entrypoint: main", "entrypoint: mian"),
    )
    checkout.commit()
    answer = checkout.gitops("publish", "staging", "production")
    assert answer.code == 4
    assert "mian" in answer.err
    assert "overlays/production/bad.yaml:8" in answer.err
    assert checkout.tip() == tip


def test_broken_yaml_is_refused_with_its_place(checkout):
    checkout.write("base/settings.yaml", "kind: ConfigMap\n  data: {\n")
    checkout.commit()
    answer = checkout.gitops("publish", "staging")
    assert answer.code in (1, 4)
    assert "base/settings.yaml:2" in answer.err
    assert not (checkout.root / ".gitops" / "deploy.git").exists()


def test_the_findings_of_all_environments_are_told(checkout):
    for environment in ("staging", "production"):
        overlay = f"overlays/{environment}/kustomization.yaml"
        checkout.write(overlay, f"namespace: x\nresources: [missing-{environment}.yaml]\n")
    checkout.commit()
    answer = checkout.gitops("publish", "staging", "production")
    assert answer.code == 4
    assert "missing-staging.yaml" in answer.err
    assert "missing-production.yaml" in answer.err


def test_secret_values_are_not_published(checkout):
    checkout.write(
        "base/kustomization.yaml", "resources: [hello.yaml, settings.yaml, secret.yaml]\n"
    )
    checkout.write(
        "base/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: hunter2}\n",
    )
    checkout.commit()
    answer = checkout.gitops("publish", "staging")
    assert answer.code == 1
    assert "base/secret.yaml" in answer.err
    assert "gitops secret set" in answer.err
    assert "hunter2" not in answer.err


def test_a_dry_run_commits_nothing(checkout):
    answer = checkout.gitops("publish", "staging", "--dry-run")
    assert answer.out == "staging  -  would be published: 2 added\n"
    assert checkout.deploy("for-each-ref") == ""


def test_json_tells_the_same(checkout):
    document = checkout.gitops("publish", "staging", "-o", "json").document
    (publication,) = document["publications"]
    assert document["version"] == 1
    assert publication["commit"] == checkout.tip()
    assert publication["changed"] == {"added": 2, "updated": 0, "removed": 0}
    assert publication["source"]["commit"] == checkout.git("rev-parse", "HEAD")


def test_an_unknown_environment_is_a_usage_error(checkout):
    assert checkout.gitops("publish", "stagging").code == 2


def test_a_folder_without_git_is_told_how_to_go_on(checkout, tmp_path):
    (checkout.root / ".git").rename(tmp_path / "elsewhere")
    answer = checkout.gitops("publish", "staging")
    assert answer.code == 1
    assert "git init" in answer.err


def test_a_second_repository_somewhere_else_is_published_to(checkout, tmp_path):
    url = tmp_path / "elsewhere.git"
    subprocess.run(["git", "init", "-q", "--bare", str(url)], check=True)
    deploy = f"deploy: {{repository: 'file://{url}', branch: live}}"
    checkout.edit("gitops.yaml", "namespace: data-staging", f"namespace: data-staging, {deploy}")
    checkout.commit()
    answer = checkout.gitops("publish", "staging")
    assert answer.code == 0
    assert checkout.git("ls-remote", str(url), "refs/heads/live").split()[0] in answer.out


def test_history_lists_revisions_newest_first(checkout):
    checkout.gitops("publish", "staging")
    first = checkout.tip()
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    source = checkout.commit()
    checkout.gitops("publish", "staging")
    revisions = checkout.gitops("history", "staging", "-o", "json").document["revisions"]
    assert [each["revision"] for each in revisions] == [checkout.tip(), first]
    assert revisions[0]["source"]["commit"] == source
    lines = checkout.gitops("history", "staging").out.splitlines()
    assert lines[0].split() == ["REVISION", "PUBLISHED", "SOURCE", "SYNC", "WHAT"]
    assert lines[1].startswith(checkout.tip()[:12])


def test_a_rollback_holds_the_branch_until_it_is_cleared(checkout):
    checkout.gitops("publish", "staging")
    first = checkout.tip()
    checkout.edit("base/settings.yaml", '"10"', '"20"')
    checkout.commit()
    checkout.gitops("publish", "staging")
    tip = checkout.tip()
    assert checkout.gitops("rollback", "staging", first[:8], "--dry-run").code == 0
    assert checkout.tip() == tip
    assert checkout.gitops("rollback", "staging", first[:8]).out.strip() == checkout.tip()
    manifest = checkout.deploy("show", "env/staging:manifests/ConfigMap/data-staging/settings.yaml")
    assert 'rows: "10"' in manifest
    refused = checkout.gitops("publish", "staging")
    assert refused.code == 1
    assert "--clear-hold" in refused.err
    assert checkout.gitops("publish", "staging", "--clear-hold").code == 0
