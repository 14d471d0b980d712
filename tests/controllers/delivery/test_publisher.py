from __future__ import annotations

import pytest

from toolkit.errors import GitError, PublishError, PushRejectedError, RefusedError
from toolkit.publish.index import INDEX_PATH
from toolkit.publish.provenance import Provenance, parse_trailers

MAP_A = "manifests/ConfigMap/demo/a.yaml"
MAP_B = "manifests/ConfigMap/demo/b.yaml"


def test_the_first_publish_starts_the_branch(world):
    publication = world.publish(world.config_map("a", x="1"))
    assert publication.parent == ""
    assert publication.commit == world.deploy.tip(world.BRANCH)
    assert str(publication.changed) == "1 added"
    assert set(world.files()) == {MAP_A, INDEX_PATH}


def test_a_publish_commits_provenance(world):
    commit = world.deploy.commit(world.publish(world.config_map("a")).commit)
    trailers = parse_trailers(commit.message)
    assert trailers["Source-Commit"] == world.SOURCE.commit
    assert trailers["Environment"] == "staging"
    assert trailers["Toolkit-Version"] == "1.0"
    assert commit.author == world.SOURCE.author


def test_the_same_tree_makes_no_commit_even_from_another_source_commit(world):
    first = world.publish(world.config_map("a"))
    again = world.publish(
        world.config_map("a"), provenance=Provenance(world.SOURCE.repository, "b" * 40)
    )
    assert again.is_unchanged
    assert again.commit == first.commit


def test_one_changed_object_changes_one_manifest(world):
    world.publish(world.config_map("a", x="1"), world.config_map("b", x="1"))
    before = world.files()
    publication = world.publish(world.config_map("a", x="2"), world.config_map("b", x="1"))
    changed = {path for path, content in world.files().items() if before[path] != content}
    assert str(publication.changed) == "1 updated"
    assert changed == {MAP_A, INDEX_PATH}


def test_an_object_that_left_is_deleted_and_a_foreign_file_stays(world):
    world.publish(world.config_map("a"), world.config_map("b"))
    world.foreign_push(**{"README.md": b"hello", "manifests/by-hand.yaml": b"kind: X\n"})
    publication = world.publish(world.config_map("a"))
    assert str(publication.changed) == "1 removed"
    assert set(world.files()) == {MAP_A, INDEX_PATH, "README.md", "manifests/by-hand.yaml"}


def test_a_dry_run_tells_and_commits_nothing(world):
    publication = world.publish(world.config_map("a"), dry_run=True)
    assert str(publication.changed) == "1 added"
    assert publication.commit == ""
    assert world.deploy.tip(world.BRANCH) == ""


def test_a_lost_race_is_run_again_on_the_new_tip(world):
    world.publish(world.config_map("a", x="1"))
    world.before_next_push(lambda: world.foreign_push(**{"README.md": b"hello"}))
    publication = world.publish(world.config_map("a", x="2"))
    assert world.deploy.commit(publication.commit).parents == (publication.parent,)
    assert world.deploy.commit(publication.parent).subject == "By hand"
    assert world.files()["README.md"] == b"hello"
    assert b"'2'" in world.files()[MAP_A] or b'"2"' in world.files()[MAP_A]


def test_a_race_between_two_publishers_never_mixes_their_trees(world):
    world.publish(world.config_map("a", x="0"))
    theirs = world.config_map("b", x="theirs")
    world.before_next_push(lambda: world.publish(world.config_map("a", x="0"), theirs))
    world.publish(world.config_map("a", x="ours"))
    assert set(world.files()) == {MAP_A, INDEX_PATH}


def test_a_race_lost_to_the_same_tree_makes_no_commit(world):
    world.publish(world.config_map("a", x="0"))
    world.before_next_push(lambda: world.publish(world.config_map("a", x="1")))
    assert world.publish(world.config_map("a", x="1")).is_unchanged


def test_a_race_lost_too_often_is_an_error(world):
    def reject(_):
        raise PushRejectedError("moved on")

    world.deploy.push = reject
    with pytest.raises(PublishError, match="5 times"):
        world.publish(world.config_map("a"))


def test_a_newer_source_is_not_overwritten(world):
    world.publish(world.config_map("a", x="new"))
    tip = world.deploy.tip(world.BRANCH)
    older = Provenance(world.SOURCE.repository, "0" * 40)
    with pytest.raises(RefusedError, match="newer"):
        world.publish(
            world.config_map("a", x="old"),
            provenance=older,
            is_newer=lambda published: published.commit == world.SOURCE.commit,
        )
    assert world.deploy.tip(world.BRANCH) == tip


def test_a_source_of_another_repository_is_neither_newer_nor_older(world):
    world.publish(world.config_map("a", x="theirs"))
    ours = Provenance("https://example.com/other.git", "0" * 40)
    published = world.publish(
        world.config_map("a", x="ours"), provenance=ours, is_newer=lambda _: True
    )
    assert published.commit == world.deploy.tip(world.BRANCH)


def test_another_environments_branch_is_refused(world):
    world.publish(world.config_map("a"))
    tree = world.tree(world.config_map("a"))
    other = type(tree)("production", tree.files, tree.index)
    with pytest.raises(RefusedError, match="'staging', not 'production'"):
        world.publisher.publish(other, branch=world.BRANCH, provenance=world.SOURCE)


def test_a_rollback_brings_a_tree_back_and_holds_the_branch(world):
    first = world.publish(world.config_map("a", x="1")).commit
    world.publish(world.config_map("a", x="2"), world.config_map("b"))
    rolled = world.publisher.rollback("staging", branch=world.BRANCH, revision=first[:10])
    assert world.files()[MAP_A] == world.files(first)[MAP_A]
    assert MAP_B not in world.files()
    assert parse_trailers(world.deploy.commit(rolled.commit).message)["Rollback-To"] == first
    with pytest.raises(RefusedError, match="held") as caught:
        world.publish(world.config_map("a", x="3"))
    assert "--clear-hold" in caught.value.hints[0]


def test_a_hold_survives_a_foreign_commit_and_is_cleared_explicitly(world):
    first = world.publish(world.config_map("a", x="1")).commit
    world.publish(world.config_map("a", x="2"))
    world.publisher.rollback("staging", branch=world.BRANCH, revision=first)
    world.foreign_push(**{"README.md": b"hello"})
    with pytest.raises(RefusedError, match="held"):
        world.publish(world.config_map("a", x="3"))
    world.publish(world.config_map("a", x="3"), clear_hold=True)
    assert not world.publish(world.config_map("a", x="4")).is_unchanged


def test_clearing_a_hold_is_a_commit_even_when_no_object_changes(world):
    first = world.publish(world.config_map("a", x="1")).commit
    world.publish(world.config_map("a", x="2"))
    world.publisher.rollback("staging", branch=world.BRANCH, revision=first)
    cleared = world.publish(world.config_map("a", x="1"), clear_hold=True)
    assert not cleared.is_unchanged
    assert cleared.changed.total == 0
    assert world.publish(world.config_map("a", x="1")).is_unchanged


def test_a_rollback_to_an_unknown_revision_changes_nothing(world):
    tip = world.publish(world.config_map("a")).commit
    with pytest.raises(GitError):
        world.publisher.rollback("staging", branch=world.BRANCH, revision="ffffffff")
    assert world.deploy.tip(world.BRANCH) == tip
