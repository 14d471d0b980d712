from __future__ import annotations

import pytest

from toolkit.controllers.delivery.reconciler import StoppingError
from toolkit.errors import OperationError


def report_ready(world, **status):
    live = world.live(world.DEPLOYMENT, "first")
    observed = {"observedGeneration": live["metadata"]["generation"]}
    live["status"] = observed | status
    world.cluster.update_status(live)


def test_a_wave_begins_when_the_one_before_is_healthy(world):
    seen_at_pause = []

    def pause(_):
        seen_at_pause.append(world.live(world.DEPLOYMENT, "second"))
        report_ready(world, replicas=1, updatedReplicas=1, readyReplicas=1)

    world.pause = pause
    world.sync(world.deployment("first"), world.deployment("second", wave=1))
    assert seen_at_pause == [None]
    assert world.live(world.DEPLOYMENT, "second") is not None


def test_a_degraded_wave_stops_the_sync_before_the_next(world):
    def pause(_):
        condition = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "message": "it took too long",
        }
        report_ready(world, conditions=[condition])

    world.pause = pause
    with pytest.raises(OperationError, match="it took too long"):
        world.sync(world.deployment("first"), world.deployment("second", wave=1))
    assert world.live(world.DEPLOYMENT, "second") is None
    assert world.store.history("staging", limit=1)[0].outcome.value == "Failed"


def test_a_wave_that_never_becomes_healthy_is_given_up(world):
    pauses = []
    world.pause = pauses.append
    with pytest.raises(OperationError, match="did not become healthy in time"):
        world.sync(world.deployment("first"), world.deployment("second", wave=1))
    assert 200 < sum(pauses) <= 400


def test_an_ending_program_leaves_the_sync_to_the_next(world):
    def stop(_):
        raise StoppingError

    world.pause = stop
    with pytest.raises(StoppingError):
        world.sync(world.deployment("first"), world.deployment("second", wave=1))
    assert world.store.unfinished("staging") is not None
    world.pause = lambda _: report_ready(world, updatedReplicas=1, readyReplicas=1)
    world.reconciler.resume()
    assert world.live(world.DEPLOYMENT, "second") is not None
    assert world.store.unfinished("staging") is None


def test_nothing_waits_for_the_last_wave(world):
    report = world.sync(world.deployment("first"))
    assert report.health.status.title == "Progressing"


def test_a_field_that_left_git_leaves_the_cluster(world):
    world.sync(world.config_map("a", x="1", y="2"))
    world.sync(world.config_map("a", x="1"))
    assert world.config_maps() == {"a": {"x": "1"}}


def test_a_definition_and_its_objects_come_in_one_sync(world):
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }
    thing = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "t", "namespace": "demo"},
        "spec": {"size": 1},
    }
    world.sync(thing, definition)
    assert world.sync().plan.changes == ()
    kept = world.sync(world.config_map("a"), thing).plan
    reasons = {task.id.kind: task.reason for task in kept.tasks if task.action.value == "keep"}
    assert "delete it by hand" in reasons["CustomResourceDefinition"]
