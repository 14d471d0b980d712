"""The official Python client, typed and dynamic, with the generated kubeconfig, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

NAMESPACE = "data"
GROUP = ("argoproj.io", "v1alpha1", NAMESPACE, "workflows")


@pytest.fixture
def api(laptop: Any) -> Iterator[client.ApiClient]:
    with config.new_client_from_config(str(laptop.kubeconfig), context="staging") as api:
        yield api


@pytest.fixture
def core(api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(api)


@pytest.fixture
def dynamic(api: client.ApiClient, tmp_path: Any) -> DynamicClient:
    return DynamicClient(api, cache_file=str(tmp_path / "discovery.json"))


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    metadata = client.V1ObjectMeta(name=name, labels={"app": name})
    return client.V1ConfigMap(metadata=metadata, data=data)


def workflow(name: str) -> dict[str, Any]:
    container = {"image": "any", "command": ["sh", "-c"], "args": ["echo one; echo two"]}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"entrypoint": "say", "templates": [{"name": "say", "container": container}]},
    }


# Typed


def test_the_life_of_an_object(core: client.CoreV1Api) -> None:
    created = core.create_namespaced_config_map(NAMESPACE, config_map("life", a="1"))
    created.data["b"] = "2"
    updated = core.replace_namespaced_config_map("life", NAMESPACE, created)
    assert updated.metadata.resource_version != created.metadata.resource_version
    patched = core.patch_namespaced_config_map("life", NAMESPACE, {"data": {"a": None}})
    assert patched.data == {"b": "2"}
    core.delete_namespaced_config_map("life", NAMESPACE)
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("life", NAMESPACE)
    assert gone.value.status == 404


def test_a_stale_write_is_refused(core: client.CoreV1Api) -> None:
    stale = core.create_namespaced_config_map(NAMESPACE, config_map("stale", a="1"))
    core.patch_namespaced_config_map("stale", NAMESPACE, {"data": {"a": "2"}})
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("stale", NAMESPACE, stale)
    assert refused.value.status == 409


def test_lists_in_pages_with_selectors(core: client.CoreV1Api) -> None:
    for number in range(5):
        body = config_map(f"page-{number}")
        body.metadata.labels = {"of": "pages"}
        core.create_namespaced_config_map(NAMESPACE, body)
    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(
            NAMESPACE, label_selector="of=pages", limit=2, _continue=token
        )
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
    assert names == [f"page-{number}" for number in range(5)]
    one = core.list_namespaced_config_map(NAMESPACE, field_selector="metadata.name=page-3")
    assert [item.metadata.name for item in one.items] == ["page-3"]


def test_a_secret_keeps_its_bytes(core: client.CoreV1Api) -> None:
    secret = client.V1Secret(
        metadata=client.V1ObjectMeta(name="typed"), string_data={"key": "välue"}
    )
    core.create_namespaced_secret(NAMESPACE, secret)
    assert core.read_namespaced_secret("typed", NAMESPACE).data == {"key": "dsOkbHVl"}


def test_versions_and_groups(api: client.ApiClient) -> None:
    assert client.VersionApi(api).get_code().major == "1"
    groups = {group.name for group in client.ApisApi(api).get_api_versions().groups}
    assert {"argoproj.io", "apps", "batch"} <= groups


def test_a_workflow_runs_and_is_watched_to_its_end(api: client.ApiClient) -> None:
    custom = client.CustomObjectsApi(api)
    custom.create_namespaced_custom_object(*GROUP, workflow("typed-run"))
    stream = watch.Watch().stream(
        custom.list_namespaced_custom_object,
        *GROUP,
        field_selector="metadata.name=typed-run",
        timeout_seconds=60,
    )
    phases = [(event["object"].get("status") or {}).get("phase") for event in until_ended(stream)]
    assert phases[-1] == "Succeeded"


def until_ended(stream: Any) -> Iterator[Any]:
    for event in stream:
        yield event
        if (event["object"].get("status") or {}).get("finishedAt"):
            return


def test_logs_of_a_step(core: client.CoreV1Api, api: client.ApiClient, laptop: Any) -> None:
    custom = client.CustomObjectsApi(api)
    custom.create_namespaced_custom_object(*GROUP, workflow("typed-log"))
    laptop.ended("typed-log")
    selector = "workflows.argoproj.io/workflow=typed-log"
    [pod] = core.list_namespaced_pod(NAMESPACE, label_selector=selector).items
    name = pod.metadata.name
    assert core.read_namespaced_pod_log(name, NAMESPACE) == "one\ntwo\n"
    assert core.read_namespaced_pod_log(name, NAMESPACE, tail_lines=1) == "two\n"
    followed = watch.Watch().stream(core.read_namespaced_pod_log, name, NAMESPACE)
    assert [line for line in followed if line] == ["one", "two"]


def test_an_informer_goes_on_after_410(core: client.CoreV1Api, laptop: Any) -> None:
    """A version that was compacted is gone: list again, watch from there, and nothing is missed."""
    first = core.create_namespaced_config_map(NAMESPACE, config_map("informed", a="1"))
    core.patch_namespaced_config_map("informed", NAMESPACE, {"data": {"a": "2"}})
    laptop.objects.write(lambda tx: tx.compact(tx.version()))
    with pytest.raises(ApiException) as gone:
        next(changes(core, "informed", since=first.metadata.resource_version))
    assert gone.value.status == 410

    listed = core.list_namespaced_config_map(NAMESPACE, label_selector="app=informed")
    assert [item.data for item in listed.items] == [{"a": "2"}]
    core.patch_namespaced_config_map("informed", NAMESPACE, {"data": {"a": "3"}})
    event = next(changes(core, "informed", since=listed.metadata.resource_version))
    assert (event["type"], event["object"].data) == ("MODIFIED", {"a": "3"})


def test_a_watch_goes_on_from_the_last_version_seen(core: client.CoreV1Api) -> None:
    core.create_namespaced_config_map(NAMESPACE, config_map("resumed", n="0"))
    since, seen = "0", []
    for number in range(1, 4):
        event = next(changes(core, "resumed", since=since))
        since = event["object"].metadata.resource_version
        seen.append(event["object"].data["n"])
        core.patch_namespaced_config_map("resumed", NAMESPACE, {"data": {"n": str(number)}})
    assert seen == ["0", "1", "2"]


def changes(core: client.CoreV1Api, app: str, *, since: str) -> Iterator[Any]:
    stream: Iterator[Any] = watch.Watch().stream(
        core.list_namespaced_config_map,
        NAMESPACE,
        label_selector=f"app={app}",
        resource_version=since,
        timeout_seconds=30,
    )
    return stream


# Dynamic


def test_dynamic_discovers_and_applies(dynamic: DynamicClient) -> None:
    config_maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "applied", "namespace": NAMESPACE},
        "data": {"a": "1"},
    }
    first = dynamic.server_side_apply(
        config_maps, body=body, field_manager="one", namespace=NAMESPACE, name="applied"
    )
    assert first.metadata.managedFields[0].manager == "one"
    theirs = {**body, "data": {"a": "2"}}
    with pytest.raises(ConflictError, match="one"):
        dynamic.server_side_apply(
            config_maps, body=theirs, field_manager="two", namespace=NAMESPACE, name="applied"
        )
    forced = dynamic.server_side_apply(
        config_maps,
        body=theirs,
        field_manager="two",
        namespace=NAMESPACE,
        name="applied",
        force_conflicts=True,
    )
    assert forced.data.to_dict() == {"a": "2"}


def test_dynamic_watches_on_after_410(dynamic: DynamicClient, laptop: Any) -> None:
    config_maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    body = {"metadata": {"name": "dynamic", "labels": {"app": "dynamic"}}, "data": {"n": "1"}}
    first = config_maps.create(body=body, namespace=NAMESPACE)
    patch = {"namespace": NAMESPACE, "content_type": "application/merge-patch+json"}
    config_maps.patch(name="dynamic", body={"data": {"n": "2"}}, **patch)
    laptop.objects.write(lambda tx: tx.compact(tx.version()))
    query = {"namespace": NAMESPACE, "label_selector": "app=dynamic", "timeout": 30}
    with pytest.raises(ApiException) as gone:
        next(config_maps.watch(resource_version=first.metadata.resourceVersion, **query))
    assert gone.value.status == 410
    listed = config_maps.get(namespace=NAMESPACE, label_selector="app=dynamic")
    config_maps.patch(name="dynamic", body={"data": {"n": "3"}}, **patch)
    event = next(config_maps.watch(resource_version=listed.metadata.resourceVersion, **query))
    assert (event["type"], event["object"].data.n) == ("MODIFIED", "3")


def test_dynamic_runs_a_template(dynamic: DynamicClient, laptop: Any) -> None:
    templates = dynamic.resources.get(api_version="argoproj.io/v1alpha1", kind="WorkflowTemplate")
    workflows = dynamic.resources.get(api_version="argoproj.io/v1alpha1", kind="Workflow")
    template = {**workflow("dynamic-template"), "kind": "WorkflowTemplate"}
    templates.create(body=template, namespace=NAMESPACE)
    run = {**workflow("dynamic-run"), "spec": {"workflowTemplateRef": {"name": "dynamic-template"}}}
    workflows.create(body=run, namespace=NAMESPACE)
    assert laptop.ended("dynamic-run")["status"]["phase"] == "Succeeded"
    found = workflows.get(name="dynamic-run", namespace=NAMESPACE)
    assert found.status.phase == "Succeeded"


def test_dynamic_serves_a_custom_kind(dynamic: DynamicClient) -> None:
    definitions = dynamic.resources.get(
        api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition"
    )
    definitions.create(body=custom_kind("Ledger", "ledgers"))
    dynamic.resources.invalidate_cache()
    ledgers = dynamic.resources.get(api_version="shop.example/v1", kind="Ledger")
    body = {
        "apiVersion": "shop.example/v1",
        "kind": "Ledger",
        "metadata": {"name": "january"},
        "spec": {"rows": 3},
    }
    created = ledgers.create(body=body, namespace=NAMESPACE)
    assert created.spec.to_dict() == {"rows": 3}
    ledgers.status.patch(
        name="january",
        namespace=NAMESPACE,
        body={"status": {"state": "closed"}},
        content_type="application/merge-patch+json",
    )
    assert ledgers.get(name="january", namespace=NAMESPACE).status.state == "closed"
    ledgers.delete(name="january", namespace=NAMESPACE)
    with pytest.raises(NotFoundError):
        ledgers.get(name="january", namespace=NAMESPACE)


def custom_kind(kind: str, plural: str) -> dict[str, Any]:
    state = {"type": "object", "properties": {"state": {"type": "string"}}}
    rows = {"type": "object", "properties": {"rows": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": rows, "status": state}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.shop.example"},
        "spec": {
            "group": "shop.example",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [version],
        },
    }
