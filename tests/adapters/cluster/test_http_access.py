"""Tokens of ServiceAccounts on the wire: what they open, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.protobuf import MEDIA_TYPE

ACCOUNTS = "/api/v1/namespaces/data/serviceaccounts"
CONFIGS = "/api/v1/namespaces/data/configmaps"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/data"
REVIEWS = "/apis/authorization.k8s.io/v1"
RULE = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "patch"]}


@pytest.fixture
def token(client: Any) -> str:
    """Of an account that may get, list and patch ConfigMaps."""
    client.ask("POST", ACCOUNTS, {"metadata": {"name": "bot"}})
    client.ask("POST", f"{RBAC}/roles", {"metadata": {"name": "reader"}, "rules": [RULE]})
    binding = {
        "metadata": {"name": "bot"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Role",
            "name": "reader",
        },
        "subjects": [{"kind": "ServiceAccount", "name": "bot", "namespace": "data"}],
    }
    assert client.ask("POST", f"{RBAC}/rolebindings", binding).status == 201
    answer = client.ask("POST", f"{ACCOUNTS}/bot/token", {})
    assert answer.status == 201
    return str(answer.body["status"]["token"])


def test_a_token_opens_what_its_role_names(client: Any, token: str) -> None:
    assert client.ask("GET", CONFIGS, token=token).status == 200
    assert client.ask("GET", f"{CONFIGS}?watch=1&timeoutSeconds=1", token=token).status == 403
    refused = client.ask("POST", CONFIGS, {"metadata": {"name": "x"}}, token=token)
    assert refused.status == 403
    assert 'cannot create resource "configmaps"' in refused.body["message"]


def test_an_apply_needs_to_be_allowed_to_create(client: Any, token: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    path = f"{CONFIGS}/x?fieldManager=me"
    applied = {"content_type": "application/apply-patch+yaml", "token": token}
    assert client.ask("PATCH", path, body, **applied).status == 403
    assert client.ask("GET", f"{CONFIGS}/x").status == 404


def test_discovery_and_questions_about_oneself_are_open(client: Any, token: str) -> None:
    assert client.ask("GET", "/apis", token=token).status == 200
    spec = {"resourceAttributes": {"verb": "get", "resource": "secrets", "namespace": "data"}}
    review = client.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec}, token=token)
    assert (review.status, review.body["status"]["allowed"]) == (201, False)
    others = client.ask("POST", f"{REVIEWS}/subjectaccessreviews", {"spec": spec}, token=token)
    assert others.status == 403


def test_argos_api_asks_the_same_roles(client: Any, token: str) -> None:
    assert client.ask("GET", "/api/v1/workflows/data", token=token).status == 403


def test_a_token_is_of_one_cluster(client: Any, token: str) -> None:
    for other in (f"{client.cluster}-not", "cluster-0"):
        path = f"/clusters/{other}/api/v1/namespaces/data/configmaps"
        assert client.ask("GET", path, token=token, root=True).status == 401


def test_a_token_ends_with_its_account(client: Any, token: str) -> None:
    client.ask("DELETE", f"{ACCOUNTS}/bot")
    client.ask("POST", ACCOUNTS, {"metadata": {"name": "bot"}})
    assert client.ask("GET", CONFIGS, token=token).status == 401


def test_only_the_owner_acts_as_another(client: Any, token: str) -> None:
    as_bot = {"impersonate_user": "system:serviceaccount:data:bot"}
    assert client.ask("GET", CONFIGS, **as_bot).status == 200
    assert client.ask("GET", "/api/v1/namespaces/data/secrets", **as_bot).status == 403
    assert client.ask("GET", CONFIGS, token=token, **as_bot).status == 403


def test_no_role_gives_the_right_to_give_more(client: Any, token: str) -> None:
    rule = {"apiGroups": ["*"], "resources": ["roles", "rolebindings"], "verbs": ["create"]}
    client.ask("PUT", f"{RBAC}/roles/reader", {"metadata": {"name": "reader"}, "rules": [rule]})
    role = {"metadata": {"name": "more"}, "rules": [{**rule, "verbs": ["*"]}]}
    refused = client.ask("POST", f"{RBAC}/roles", role, token=token)
    assert (refused.status, "escalate" in refused.body["message"]) == (403, True)


@pytest.mark.parametrize("spec", [{"expirationSeconds": 5}, {"expirationSeconds": "x"}])
def test_a_tokens_life_has_bounds(client: Any, token: str, spec: Any) -> None:
    assert client.ask("POST", f"{ACCOUNTS}/bot/token", {"spec": spec}).status == 422


@pytest.mark.parametrize("body", [{"spec": {}}, {"spec": []}, {"spec": 5}, [], {}])
def test_a_review_that_asks_nothing_is_refused(client: Any, body: Any) -> None:
    assert client.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", body).status == 400


def test_a_body_that_is_no_protobuf_is_refused(client: Any) -> None:
    answer = client.ask("POST", CONFIGS, b"k8s\x00\xff\xff", content_type=MEDIA_TYPE)
    assert answer.status == 400
