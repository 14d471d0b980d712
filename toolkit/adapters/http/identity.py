"""Who asks, and whether they may: the bearer of a token as a subject of RBAC."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest
from starlette.types import Scope

from toolkit.apiserver.access import (
    OWNER,
    RBAC,
    Action,
    Subject,
    account_subject,
    subject_named,
    verb_of,
)
from toolkit.apiserver.logical_cluster import LogicalCluster, Request
from toolkit.apiserver.paths import ResourcePath
from toolkit.apiserver.tokens import Account
from toolkit.errors import ForbiddenError, MethodError, NotFoundError, UnauthorizedError
from toolkit.resource.identity import GroupVersionKind

_SERVICE_ACCOUNT = GroupVersionKind("", "v1", "ServiceAccount")
_SCOPE_KEY = "toolkit.account"
_IMPERSONATE = "impersonate-user"


def note_account(scope: Scope, account: Account) -> None:
    """Says that the request bears this account's token, not the owner's."""
    scope[_SCOPE_KEY] = account


def is_owner(http: HttpRequest) -> bool:
    """Whether the request bears the owner's token, and speaks for the owner."""
    return _SCOPE_KEY not in http.scope and _IMPERSONATE not in http.headers


def subject_of(http: HttpRequest, cluster: LogicalCluster) -> Subject:
    """Who asks. Only the owner may ask as another (``kubectl --as``).

    Raises UnauthorizedError for an account that is gone or another cluster's, ForbiddenError.
    """
    account = http.scope.get(_SCOPE_KEY)
    impersonated = http.headers.get(_IMPERSONATE)
    if not isinstance(account, Account):
        if not impersonated:
            return OWNER
        return subject_named(impersonated, tuple(http.headers.getlist("impersonate-group")))
    if impersonated:
        raise ForbiddenError("only the owner of this server may act as another")
    if account.cluster != cluster.name or not _is_present(cluster, account):
        raise UnauthorizedError("Unauthorized")
    return account_subject(account.namespace, account.name, account.uid)


def require_allowed(
    cluster: LogicalCluster,
    subject: Subject,
    where: ResourcePath,
    method: str,
    *,
    is_watch: bool = False,
    is_apply: bool = False,
) -> None:
    """Raises ForbiddenError in Kubernetes' words, MethodError for a method nothing answers."""
    try:
        verb = verb_of(method, has_name=bool(where.name), is_watch=is_watch)
    except KeyError:
        raise MethodError(f"{method} is not supported on this resource") from None
    verbs = [verb, "create"] if is_apply else [verb]
    if where.group == RBAC and verb in ("create", "update", "patch"):
        verbs.append("bind" if where.plural.endswith("bindings") else "escalate")
    for each in verbs:
        action = _action(each, where)
        if not cluster.decide(subject, action).is_allowed:
            raise _refusal(subject, action)


def _action(verb: str, where: ResourcePath) -> Action:
    is_namespace = where.plural == "namespaces" and not where.group
    return Action(
        verb,
        where.group,
        where.plural,
        where.subresource,
        where.name if is_namespace else where.namespace,
        where.name,
    )


def _refusal(subject: Subject, action: Action) -> ForbiddenError:
    resource = f"{action.resource}.{action.group}" if action.group else action.resource
    named = f'{resource} "{action.name}"' if action.name else resource
    details = {"kind": action.resource}
    if action.name:
        details["name"] = action.name
    if action.group:
        details["group"] = action.group
    return ForbiddenError(f'{named} is forbidden: User "{subject.name}" {action}', details=details)


def _is_present(cluster: LogicalCluster, account: Account) -> bool:
    kind = cluster.kind(_SERVICE_ACCOUNT)
    try:
        live = cluster.get(Request(kind, account.namespace, account.name))
    except NotFoundError:
        return False
    return bool(live["metadata"]["uid"] == account.uid)
