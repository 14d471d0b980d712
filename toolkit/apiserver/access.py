"""Who may do what: RBAC, decided from the Roles and bindings a cluster holds.

The owner of the state folder may do all. A bearer of another token may do what a binding says,
besides discovery and questions about itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from toolkit.apiserver.store import ObjectKey, Snapshot
from toolkit.apiserver.text import from_text
from toolkit.resource.resource import Body

RBAC: Final = "rbac.authorization.k8s.io"
MASTERS: Final = "system:masters"
_AUTHENTICATED: Final = "system:authenticated"
_ACCOUNT: Final = "system:serviceaccount:"

Rule = Mapping[str, Any]
"""A PolicyRule: apiGroups, resources, resourceNames, verbs, nonResourceURLs."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()

    @property
    def is_master(self) -> bool:
        """Whether nothing is refused."""
        return MASTERS in self.groups


OWNER: Final = Subject("gitops:owner", groups=(MASTERS, _AUTHENTICATED))
"""The bearer of the server's own token."""


def account_subject(namespace: str, name: str, uid: str = "") -> Subject:
    """A ServiceAccount as a subject."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", _AUTHENTICATED)
    return Subject(f"{_ACCOUNT}{namespace}:{name}", uid, groups)


def subject_named(name: str, groups: tuple[str, ...] = (), uid: str = "") -> Subject:
    """A subject as a header or a review names it; a ServiceAccount's name brings its groups."""
    if name.startswith(_ACCOUNT):
        namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
        groups = (*groups, *account_subject(namespace, account).groups)
    return Subject(name, uid, tuple(dict.fromkeys((*groups, _AUTHENTICATED))))


@dataclass(frozen=True, slots=True)
class Action:
    """What is asked for: a verb on a resource, or on a ``path`` that is none.

    ``namespace`` "" is the whole cluster, ``name`` "" any object.
    """

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    def __str__(self) -> str:
        """As Kubernetes refuses it: ``cannot list resource "pods" in API group ""…``."""
        if self.path:
            return f'cannot {self.verb} path "{self.path}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        resource = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f'cannot {self.verb} resource "{resource}" in API group "{self.group}" {where}'


class Decision(NamedTuple):
    """``reason`` names the binding that allows."""

    is_allowed: bool
    reason: str = ""


class Grant(NamedTuple):
    """A rule that holds for a subject, and why."""

    rule: Rule
    reason: str


def decide(snapshot: Snapshot, cluster: str, subject: Subject, action: Action) -> Decision:
    """Reads the bindings of the cluster and of the action's namespace."""
    if subject.is_master:
        return Decision(is_allowed=True)
    if action.path and _is_open(action):
        return Decision(is_allowed=True, reason="discovery is open")
    if action.verb == "create" and _is_about_oneself(action):
        return Decision(is_allowed=True, reason="everybody may ask about themselves")
    for grant in grants(snapshot, cluster, subject, action.namespace):
        if _covers(grant.rule, action):
            return Decision(is_allowed=True, reason=grant.reason)
    return Decision(is_allowed=False)


def grants(snapshot: Snapshot, cluster: str, subject: Subject, namespace: str) -> Iterator[Grant]:
    """The rules that hold for ``subject`` in ``namespace`` ("": in the whole cluster alone)."""
    bindings = [("ClusterRoleBinding", "")]
    if namespace:
        bindings.append(("RoleBinding", namespace))
    for kind, where in bindings:
        for stored in snapshot.objects(cluster, f"{RBAC}/{kind}", where):
            binding = from_text(stored.text)
            if any(_is_bound(each, subject, where) for each in _items(binding, "subjects")):
                yield from _granted(snapshot, cluster, binding, where)


def _granted(snapshot: Snapshot, cluster: str, binding: Body, namespace: str) -> Iterator[Grant]:
    reference = binding.get("roleRef") or {}
    kind, name = str(reference.get("kind") or ""), str(reference.get("name") or "")
    role = _role(snapshot, cluster, kind, name, namespace)
    named = f"{namespace}/" if namespace else ""
    reason = (
        f"RBAC: allowed by {'Role' if namespace else 'ClusterRole'}Binding "
        f'"{named}{binding["metadata"]["name"]}" of {kind} "{name}"'
    )
    for rule in role:
        yield Grant(rule, reason)


def _role(
    snapshot: Snapshot, cluster: str, kind: str, name: str, namespace: str
) -> tuple[Rule, ...]:
    """A role that is not there grants nothing."""
    if kind == "ClusterRole":
        stored = snapshot.get(ObjectKey(cluster, f"{RBAC}/ClusterRole", "", name))
        return _items(stored, "rules") if stored else _ROLES.get(name, ())
    stored = snapshot.get(ObjectKey(cluster, f"{RBAC}/Role", namespace, name))
    return _items(stored, "rules") if stored and namespace and kind == "Role" else ()


def _is_bound(bound: Mapping[str, Any], subject: Subject, namespace: str) -> bool:
    name = bound.get("name")
    match bound.get("kind"):
        case "User":
            return name == subject.name
        case "Group":
            return name in subject.groups
        case "ServiceAccount":
            return subject.name == f"{_ACCOUNT}{bound.get('namespace') or namespace}:{name}"
    return False


def _covers(rule: Rule, action: Action) -> bool:
    if not _has(rule, "verbs", action.verb):
        return False
    if action.path:
        return any(_is_path(str(each), action.path) for each in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "apiGroups", action.group)
        and _has_resource(rule, action)
        and (not names or action.name in names)
    )


def _has(rule: Rule, field: str, wanted: str) -> bool:
    values = rule.get(field) or ()
    return "*" in values or wanted in values


def _has_resource(rule: Rule, action: Action) -> bool:
    values = rule.get("resources") or ()
    if not action.subresource:
        return "*" in values or action.resource in values
    wanted = ("*", f"{action.resource}/{action.subresource}", f"*/{action.subresource}")
    return any(each in values for each in wanted)


def _is_path(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _is_open(action: Action) -> bool:
    return action.verb == "get" and action.path.startswith(_OPEN)


def _is_about_oneself(action: Action) -> bool:
    return action.resource in _ABOUT_ONESELF and action.group in _REVIEW_GROUPS


def _items(body: Mapping[str, Any] | None, field: str) -> tuple[Any, ...]:
    values = (body or {}).get(field)
    found = values if isinstance(values, list) else ()
    return tuple(each for each in found if isinstance(each, Mapping))


_OPEN = ("/api", "/apis", "/openapi", "/version", "/healthz", "/readyz", "/livez")
_REVIEW_GROUPS = ("authorization.k8s.io", "authentication.k8s.io")
_ABOUT_ONESELF = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")

_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]
_WORK = {
    "": ["configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "pods/log",
         "pods/status", "services", "serviceaccounts"],
    "apps": ["*"],
    "argoproj.io": ["*"],
    "autoscaling": ["*"],
    "batch": ["*"],
    "networking.k8s.io": ["*"],
    "policy": ["*"],
}  # fmt: skip


def _rules(verbs: list[str], more: Mapping[str, list[str]]) -> tuple[Rule, ...]:
    return tuple(
        {"apiGroups": [group], "resources": [*resources, *more.get(group, ())], "verbs": verbs}
        for group, resources in {**{group: [] for group in more}, **_WORK}.items()
    )


_NAMESPACES: Rule = {"apiGroups": [""], "resources": ["namespaces"], "verbs": _READ}
_SECRETS = {"": ["secrets", "serviceaccounts/token"]}
_ROLES: Mapping[str, tuple[Rule, ...]] = {
    "cluster-admin": (
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ),
    "admin": (
        *_rules([*_READ, *_WRITE], {**_SECRETS, RBAC: ["roles", "rolebindings"]}),
        _NAMESPACES,
    ),
    "edit": (*_rules([*_READ, *_WRITE], _SECRETS), _NAMESPACES),
    "view": (*_rules(_READ, {}), _NAMESPACES),
}
"""ClusterRoles every cluster has, though they are not stored; one that is stored goes first."""


def verb_of(method: str, *, has_name: bool, is_watch: bool) -> str:
    """RBAC's verb for an HTTP method. Raises KeyError for a method nothing answers."""
    if method in ("GET", "HEAD") and not has_name:
        return "watch" if is_watch else "list"
    if method == "DELETE" and not has_name:
        return "deletecollection"
    return _VERBS[method]


_VERBS: Mapping[str, str] = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
