"""gitops plan, sync, status and diff, from the command line to the embedded cluster."""

from __future__ import annotations


def synced(checkout) -> None:
    checkout.gitops("publish", "staging")
    assert checkout.gitops("sync", "staging").code == 0


def test_a_plan_shows_the_one_edited_cron_with_old_and_new_value(checkout):
    synced(checkout)
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    document = checkout.gitops("plan", "staging", "-o", "json").document
    (task,) = document["tasks"]
    assert document["version"] == 1
    assert (task["action"], task["kind"], task["name"]) == ("update", "CronWorkflow", "hello")
    assert task["changes"] == [
        {"path": "spec.schedules[0]", "old": "* * * * *", "new": "*/5 * * * *"}
    ]
    text = checkout.gitops("plan", "staging").out
    assert "~ CronWorkflow/hello in data-staging" in text
    assert "spec.schedules[0]: '* * * * *' → '*/5 * * * *'" in text


def test_a_plan_changes_nothing(checkout):
    synced(checkout)
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    checkout.gitops("plan", "staging")
    assert checkout.gitops("plan", "staging", "--from", "deploy").out.startswith(
        "staging: 2 unchanged"
    )


def test_a_plan_may_start_from_the_work_tree_the_commit_or_the_deploy_branch(checkout):
    synced(checkout)
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    counts = {
        start: checkout.gitops("plan", "staging", "--from", start, "-o", "json").document["counts"]
        for start in ("working", "head", "deploy")
    }
    assert {start: each["update"] for start, each in counts.items()} == {
        "working": 1,
        "head": 0,
        "deploy": 0,
    }


def test_a_plan_before_anything_was_published_shows_everything(checkout):
    document = checkout.gitops("plan", "staging", "-o", "json").document
    assert {task["action"] for task in document["tasks"]} == {"create"}


def test_the_exit_code_of_a_plan_is_0_unless_asked_for(checkout):
    synced(checkout)
    assert checkout.gitops("plan", "staging", "--exit-code").code == 0
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    assert checkout.gitops("plan", "staging").code == 0
    assert checkout.gitops("plan", "staging", "--exit-code").code == 4


def test_a_sync_tells_what_it_did_and_a_second_one_does_nothing(checkout):
    checkout.gitops("publish", "staging")
    first = checkout.gitops("sync", "staging", "-o", "json").document
    assert (first["outcome"], first["revision"]) == ("Synced", checkout.tip())
    assert first["counts"]["create"] == 2
    second = checkout.gitops("sync", "staging")
    assert "2 unchanged; Healthy" in second.out


def test_a_sync_without_anything_published_says_what_to_do(checkout):
    answer = checkout.gitops("sync", "staging")
    assert answer.code == 1
    assert "gitops publish staging" in answer.err


def test_a_sync_can_be_a_dry_run(checkout):
    checkout.gitops("publish", "staging")
    assert "2 to create" in checkout.gitops("sync", "staging", "--dry-run").out
    assert "2 to create" in checkout.gitops("plan", "staging", "--from", "deploy").out


def test_a_refused_sync_names_its_approval_and_passes_with_it(checkout):
    synced(checkout)
    checkout.write("overlays/staging/kustomization.yaml", "configMapGenerator: []\n")
    checkout.write("overlays/staging/one.yaml", "")
    checkout.write("base/hello.yaml", "")
    checkout.write("overlays/staging/kustomization.yaml", "resources: [one.yaml]\n")
    checkout.commit()
    assert checkout.gitops("publish", "staging").code == 0
    refused = checkout.gitops("sync", "staging")
    assert refused.code == 1
    assert "holds no object at all" in refused.err
    plan = checkout.gitops("plan", "staging", "--from", "deploy", "-o", "json").document
    assert [refusal["code"] for refusal in plan["refusals"]] == ["empty-render"]
    assert checkout.gitops("sync", "staging", "--approve", plan["hash"]).code == 0


def test_status_tells_where_each_environment_stands(checkout):
    synced(checkout)
    answer = checkout.gitops("status", "-o", "json")
    staging, production = answer.document["environments"]
    assert answer.code == 0
    assert (staging["status"], staging["published"]) == ("Synced", checkout.tip())
    assert (staging["synced"], staging["health"]) == (checkout.tip(), "Healthy")
    assert production["status"] == "Unpublished"


def test_something_published_and_not_applied_exits_4(checkout):
    synced(checkout)
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    checkout.commit()
    checkout.gitops("publish", "staging")
    answer = checkout.gitops("status", "staging")
    assert answer.code == 4
    assert "OutOfSync" in answer.out


def test_status_shows_a_hold(checkout):
    synced(checkout)
    first = checkout.tip()
    checkout.gitops("rollback", "staging", first)
    assert "--clear-hold" in checkout.gitops("status", "staging").out


def test_a_diff_compares_renderings(checkout):
    checkout.edit("base/hello.yaml", "* * * * *", "*/5 * * * *")
    answer = checkout.gitops("diff", "staging", "--exit-code")
    assert answer.code == 4
    assert answer.out == (
        "~ CronWorkflow/hello in data-staging\n    spec.schedules[0]: '* * * * *' → '*/5 * * * *'\n"
    )
    checkout.commit()
    assert checkout.gitops("diff", "staging").out == "no difference\n"
    assert "hello" in checkout.gitops("diff", "overlays/staging", "--from", "HEAD~1").out


def test_a_diff_hides_secret_values(checkout):
    checkout.write("base/kustomization.yaml", "resources: [hello.yaml, secret.yaml]\n")
    checkout.write(
        "base/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: hunter2}\n",
    )
    answer = checkout.gitops("diff", "staging")
    assert "Secret/s" in answer.out
    assert "hunter2" not in answer.out
