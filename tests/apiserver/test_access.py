"""RBAC: who may do what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.apiserver.access import OWNER, Action, account_subject, subject_named
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.tokens import Account, TokenSigner
from toolkit.resource.identity import GroupVersionKind

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BOT = account_subject("data", "bot", "uid-bot")
ACCOUNT = Account("staging", "data", "bot", "uid-bot")
READ_PODS = {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}
RBAC = "rbac.authorization.k8s.io"


def put(cluster: LogicalCluster, kind: str, name: str, **fields: Any) -> None:
    served = cluster.kinds().by_type(GroupVersionKind(RBAC, "v1", kind))
    namespace = "data" if served.is_namespaced else ""
    cluster.create(Request(served, namespace), {"metadata": {"name": name}, **fields})


def bind(cluster: LogicalCluster, kind: str, role: tuple[str, str], *subjects: Any) -> None:
    reference = {"apiGroup": RBAC, "kind": role[0], "name": role[1]}
    put(cluster, kind, "it", roleRef=reference, subjects=list(subjects))


def is_allowed(cluster: LogicalCluster, action: Action) -> bool:
    return cluster.decide(BOT, action).is_allowed


BOT_REFERENCE = {"kind": "ServiceAccount", "name": "bot", "namespace": "data"}
LIST = Action("list", resource="pods", namespace="data")


def test_an_account_may_nothing_and_the_owner_all(logical: LogicalCluster) -> None:
    assert not is_allowed(logical, LIST)
    assert logical.decide(OWNER, LIST).is_allowed


def test_a_role_holds_in_its_namespace(logical: LogicalCluster) -> None:
    put(logical, "Role", "reader", rules=[READ_PODS])
    bind(logical, "RoleBinding", ("Role", "reader"), BOT_REFERENCE)
    assert is_allowed(logical, LIST)
    assert is_allowed(logical, Action("get", "", "pods", "log", "data", "x"))
    assert not is_allowed(logical, Action("list", resource="pods", namespace="default"))
    assert not is_allowed(logical, Action("list", resource="pods"))
    assert not is_allowed(logical, Action("delete", resource="pods", namespace="data"))
    assert not is_allowed(logical, Action("list", "apps", "pods", namespace="data"))
    assert not is_allowed(logical, Action("get", "", "pods", "status", "data", "x"))


def test_a_cluster_role_bound_in_a_namespace_holds_there(logical: LogicalCluster) -> None:
    bind(logical, "RoleBinding", ("ClusterRole", "view"), BOT_REFERENCE)
    assert is_allowed(logical, LIST)
    assert not is_allowed(logical, Action("list", resource="secrets", namespace="data"))
    assert not is_allowed(logical, Action("list", resource="pods", namespace="default"))


def test_a_cluster_binding_holds_everywhere(logical: LogicalCluster) -> None:
    group = {"kind": "Group", "name": "system:serviceaccounts:data"}
    bind(logical, "ClusterRoleBinding", ("ClusterRole", "cluster-admin"), group)
    assert is_allowed(logical, Action("delete", "x", "y", "z", "default", "n"))
    assert is_allowed(logical, Action("get", path="/metrics"))


def test_names_of_a_rule_limit_it(logical: LogicalCluster) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"], "resourceNames": ["a"]}
    put(logical, "Role", "reader", rules=[rule])
    bind(logical, "RoleBinding", ("Role", "reader"), BOT_REFERENCE)
    assert is_allowed(logical, Action("get", resource="secrets", namespace="data", name="a"))
    assert not is_allowed(logical, Action("get", resource="secrets", namespace="data", name="b"))
    assert not is_allowed(logical, Action("list", resource="secrets", namespace="data"))


def test_a_role_that_is_gone_grants_nothing(logical: LogicalCluster) -> None:
    bind(logical, "RoleBinding", ("Role", "reader"), BOT_REFERENCE)
    assert not is_allowed(logical, LIST)


def test_a_namespaces_binding_cannot_reach_a_cluster_wide_rule(logical: LogicalCluster) -> None:
    bind(logical, "RoleBinding", ("ClusterRole", "cluster-admin"), BOT_REFERENCE)
    assert not is_allowed(logical, Action("list", resource="nodes"))
    assert not is_allowed(logical, Action("get", path="/metrics"))


def test_an_accounts_name_brings_its_groups() -> None:
    assert "system:serviceaccounts:data" in subject_named("system:serviceaccount:data:bot").groups


def test_a_token_names_its_account_until_it_ends() -> None:
    signer = TokenSigner(b"secret")
    token = signer.issue(ACCOUNT, NOW, timedelta(hours=1))
    assert signer.account(token, NOW) == ACCOUNT
    assert signer.account(token, NOW + timedelta(hours=1)) is None
    assert TokenSigner(b"other").account(token, NOW) is None


@given(st.text(max_size=40) | st.from_regex(r"[a-z]*\.[a-z]*\.[a-z]*", fullmatch=True))
def test_what_was_not_signed_is_no_token(text: str) -> None:
    assert TokenSigner(b"secret").account(text, NOW) is None


@pytest.mark.parametrize("at", range(0, 200, 17))
def test_a_changed_token_is_none(at: int) -> None:
    token = TokenSigner(b"secret").issue(ACCOUNT, NOW, timedelta(hours=1))
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    assert TokenSigner(b"secret").account(changed, NOW) is None
