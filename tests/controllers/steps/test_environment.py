from __future__ import annotations

from typing import Any

import pytest

from tests.controllers.conftest import NAMESPACE, config_map, secret
from toolkit.adapters.embedded import EmbeddedCluster
from toolkit.controllers.steps.environment import resolve
from toolkit.errors import ExecutionError
from toolkit.workflow.commands import ContainerCall, PodContainer, StartContainer
from toolkit.workflow.ports import PodAddress, ResolvedStart

POD = {"metadata": {"name": "pod-1", "labels": {"team": "data"}, "annotations": {"a.b/c": "d"}}}


def resolved(cluster: EmbeddedCluster, **call: Any) -> ResolvedStart:
    start = StartContainer("u-1", "n", "wf.n", "pod-1", "t", ContainerCall("image", **call))
    address = PodAddress("staging", NAMESPACE, "wf", "pod-1")
    return resolve(start, cluster, address, pod=lambda: POD, given={"GIVEN": "g"})


def env(*entries: tuple[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"name": name, "value" if isinstance(given, str) else "valueFrom": given}
        for name, given in entries
    )


def test_values_stand_in_order_and_over_what_is_given(cluster: EmbeddedCluster) -> None:
    found = resolved(cluster, env=env(("A", "1"), ("GIVEN", "mine"), ("A", "2")))
    assert found.environment == {"GIVEN": "mine", "A": "2"}


def test_earlier_values_are_expanded(cluster: EmbeddedCluster) -> None:
    entries = env(("A", "1"), ("B", "$(A)/$(NOT)/$$(A)"), ("C", "$(D)"), ("D", "x"))
    found = resolved(cluster, env=entries, args=("$(B)", "$HOME"))
    assert found.environment["B"] == "1/$(NOT)/$(A)"
    assert found.environment["C"] == "$(D)"
    assert found.start.call.args == ("1/$(NOT)/$(A)", "$HOME")


def test_config_maps_and_secrets_are_read(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", key="from-cm"))
    cluster.create(secret("s", {"token": "from-secret"}))
    found = resolved(
        cluster,
        env=env(
            ("A", {"configMapKeyRef": {"name": "cm", "key": "key"}}),
            ("B", {"secretKeyRef": {"name": "s", "key": "token"}}),
        ),
    )
    assert (found.environment["A"], found.environment["B"]) == ("from-cm", "from-secret")
    assert found.secrets == {"from-secret"}


def test_env_from_takes_all_with_its_prefix_and_env_wins(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", a="1", b="2"))
    cluster.create(secret("s", {"hook": "url"}))
    sources = ({"prefix": "P_", "configMapRef": {"name": "cm"}}, {"secretRef": {"name": "s"}})
    found = resolved(cluster, env_from=sources, env=env(("P_b", "mine")))
    assert found.environment == {"GIVEN": "g", "P_a": "1", "P_b": "mine", "hook": "url"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"env_from": ({"secretRef": {"name": "s"}},)}, 'secret "s" not found'),
        ({"env_from": ({"configMapRef": {"name": "c"}},)}, 'configmap "c" not found'),
        (
            {"env": env(("A", {"secretKeyRef": {"name": "known", "key": "y"}}))},
            "key y not found in secret known",
        ),
        ({"volume_mounts": ({"name": "v", "mountPath": "/v"},)}, 'volume "v" is mounted'),
        ({"env": env(("A", {"resourceFieldRef": {}}))}, "resourceFieldRef None is not supported"),
    ],
)
def test_what_is_missing_is_named(
    cluster: EmbeddedCluster, call: dict[str, Any], message: str
) -> None:
    cluster.create(secret("known", {"x": "1"}))
    with pytest.raises(ExecutionError) as caught:
        resolved(cluster, **call)
    assert message in caught.value.message


def test_what_is_optional_may_be_missing(cluster: EmbeddedCluster) -> None:
    cluster.create(secret("known", {"x": "1"}))
    found = resolved(
        cluster,
        env=env(
            ("A", {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}),
            ("B", {"secretKeyRef": {"name": "known", "key": "k", "optional": True}}),
        ),
        env_from=({"configMapRef": {"name": "c", "optional": True}},),
    )
    assert found.environment == {"GIVEN": "g"}


def test_a_secret_never_comes_on_a_command_line(cluster: EmbeddedCluster) -> None:
    cluster.create(secret("s", {"token": "hush"}))
    entries = env(("TOKEN", {"secretKeyRef": {"name": "s", "key": "token"}}), ("URL", "u/$(TOKEN)"))
    assert resolved(cluster, env=entries).environment["URL"] == "u/hush"
    for argument in ("--token=$(TOKEN)", "$(URL)"):
        with pytest.raises(ExecutionError, match="command line"):
            resolved(cluster, env=entries, args=(argument,))


def test_fields_of_the_pod(cluster: EmbeddedCluster) -> None:
    entries = env(
        ("NAME", {"fieldRef": {"fieldPath": "metadata.name"}}),
        ("TEAM", {"fieldRef": {"fieldPath": "metadata.labels['team']"}}),
        ("NOTE", {"fieldRef": {"fieldPath": "metadata.annotations['a.b/c']"}}),
    )
    found = resolved(cluster, env=entries).environment
    assert (found["NAME"], found["TEAM"], found["NOTE"]) == ("pod-1", "data", "d")


def test_volumes_become_files(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", a="1", b="2"))
    cluster.create(secret("s", {"key": "hush"}))
    found = resolved(
        cluster,
        volumes=(
            {"name": "cm", "configMap": {"name": "cm", "items": [{"key": "a", "path": "x/a"}]}},
            {"name": "s", "secret": {"secretName": "s"}},
            {"name": "e", "emptyDir": {}},
            {"name": "all", "projected": {"sources": [{"configMap": {"name": "cm"}}]}},
        ),
        volume_mounts=(
            {"name": "cm", "mountPath": "/cm/"},
            {"name": "s", "mountPath": "/etc/key", "subPath": "key"},
            {"name": "e", "mountPath": "/scratch"},
            {"name": "all", "mountPath": "/all"},
        ),
    )
    assert found.files == {
        "/cm/x/a": b"1",
        "/etc/key": b"hush",
        "/all/a": b"1",
        "/all/b": b"2",
    }
    assert found.secrets == {"hush"}


def test_items_cannot_lead_outside_the_volume(cluster: EmbeddedCluster) -> None:
    cluster.create(config_map("cm", a="1"))
    source = {"name": "cm", "items": [{"key": "a", "path": "../../x"}]}
    with pytest.raises(ExecutionError, match="outside"):
        resolved(
            cluster,
            volumes=({"name": "v", "configMap": source},),
            volume_mounts=({"name": "v", "mountPath": "/v"},),
        )


def test_the_downward_api_gives_files_too(cluster: EmbeddedCluster) -> None:
    items = [
        {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}},
        {"path": "all/labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "cpu", "resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}},
    ]
    found = resolved(
        cluster,
        resources={"requests": {"cpu": "0.25"}},
        volumes=({"name": "v", "downwardAPI": {"items": items}},),
        volume_mounts=({"name": "v", "mountPath": "/v"},),
    )
    assert found.files == {
        "/v/name": b"pod-1",
        "/v/all/labels": b'team="data"',
        "/v/cpu": b"250",
    }


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "2"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "1500"),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "64"),
        ({"resource": "requests.memory"}, str(64 * 1024**2)),
        ({"resource": "requests.ephemeral-storage"}, "0"),
    ],
)
def test_resources_are_told_in_whole_divisors(
    cluster: EmbeddedCluster, reference: dict[str, str], value: str
) -> None:
    resources = {"limits": {"cpu": "1500m", "memory": "64Mi"}}
    found = resolved(cluster, resources=resources, env=env(("A", {"resourceFieldRef": reference})))
    assert found.environment["A"] == value


def test_a_container_without_a_limit_may_use_the_machine(cluster: EmbeddedCluster) -> None:
    found = resolved(cluster, env=env(("A", {"resourceFieldRef": {"resource": "limits.cpu"}})))
    assert int(found.environment["A"]) >= 1


def test_each_container_of_a_pod_has_its_own_environment_and_the_secrets_of_all_are_masked(
    cluster: EmbeddedCluster,
) -> None:
    cluster.create(secret("s", {"token": "hush"}))
    from_secret = env(("T", {"secretKeyRef": {"name": "s", "key": "token"}}))
    containers = (
        PodContainer("main", "main", ContainerCall("image", env=env(("A", "1")))),
        PodContainer("side", "sidecar", ContainerCall("image", env=from_secret)),
    )
    start = StartContainer(
        "u-1", "n", "wf.n", "pod-1", "t", containers[0].call, containers=containers
    )
    found = resolve(
        start, cluster, PodAddress("staging", NAMESPACE, "wf", "pod-1"), pod=lambda: POD
    )
    assert [part.resolved.environment for part in found.containers] == [
        {"A": "1"},
        {"T": "hush"},
    ]
    assert [part.resolved.secrets for part in found.containers] == [{"hush"}, {"hush"}]
