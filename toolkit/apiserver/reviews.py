"""Reviews: questions about access, answered and not stored. ``kubectl auth can-i`` and ``whoami``.

Their kinds are in discovery, and not among the kinds of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolkit.apiserver.access import Action, Subject, decide, grants, subject_named
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.store import Snapshot
from toolkit.errors import BadRequestError
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body


def _kind(group: str, name: str, *, is_namespaced: bool = False) -> Kind:
    gvk = GroupVersionKind(group, "v1", name)
    return Kind(gvk, f"{name.lower()}s", is_namespaced, is_review=True)


REVIEW_KINDS: tuple[Kind, ...] = (
    _kind("authentication.k8s.io", "SelfSubjectReview"),
    _kind("authorization.k8s.io", "LocalSubjectAccessReview", is_namespaced=True),
    _kind("authorization.k8s.io", "SelfSubjectAccessReview"),
    _kind("authorization.k8s.io", "SelfSubjectRulesReview"),
    _kind("authorization.k8s.io", "SubjectAccessReview"),
)
_BY_RESOURCE = {(kind.gvk.group, kind.gvk.version, kind.plural): kind for kind in REVIEW_KINDS}


def review_kind(group: str, version: str, plural: str) -> Kind | None:
    """The kind of review at a REST resource; None where it is none."""
    return _BY_RESOURCE.get((group, version, plural))


def reviewed(
    snapshot: Snapshot, cluster: str, kind: Kind, subject: Subject, namespace: str, body: Body
) -> Body:
    """``body`` with its ``status``. ``subject`` asks. Raises BadRequestError."""
    spec = body.get("spec") or {}
    if not isinstance(spec, Mapping):
        raise BadRequestError("spec is no object")
    answer = _ANSWERS[kind.gvk.kind](_Question(snapshot, cluster, subject, namespace, spec))
    return {
        "apiVersion": kind.gvk.api_version,
        "kind": kind.gvk.kind,
        "metadata": {**_mapping(body.get("metadata")), "creationTimestamp": None},
        **({"spec": dict(spec)} if spec else {}),
        "status": answer,
    }


class _Question:
    def __init__(
        self,
        snapshot: Snapshot,
        cluster: str,
        subject: Subject,
        namespace: str,
        spec: Mapping[str, Any],
    ) -> None:
        self.snapshot = snapshot
        self.cluster = cluster
        self.subject = subject
        self.namespace = namespace
        self.spec = spec


def _who(question: _Question) -> Body:
    return {"userInfo": _user(question.subject)}


def _own_access(question: _Question) -> Body:
    return _access(question, question.subject)


def _others_access(question: _Question) -> Body:
    spec = question.spec
    groups = spec.get("groups") or ()
    if not isinstance(groups, list | tuple) or not (spec.get("user") or groups):
        raise BadRequestError("spec: at least one of user or groups must be specified")
    subject = subject_named(str(spec.get("user") or ""), tuple(str(each) for each in groups))
    return _access(question, subject)


def _access(question: _Question, subject: Subject) -> Body:
    decision = decide(question.snapshot, question.cluster, subject, _action(question))
    told = {"reason": decision.reason} if decision.reason else {}
    return {"allowed": decision.is_allowed, **told}


def _action(question: _Question) -> Action:
    resource = question.spec.get("resourceAttributes")
    path = question.spec.get("nonResourceAttributes")
    if bool(resource) == bool(path):
        raise BadRequestError(
            "spec: exactly one of resourceAttributes and nonResourceAttributes must be specified"
        )
    asked = _mapping(resource or path)
    if path:
        return Action(verb=_text(asked, "verb"), path=_text(asked, "path"))
    return Action(
        verb=_text(asked, "verb"),
        group=_text(asked, "group"),
        resource=_text(asked, "resource"),
        subresource=_text(asked, "subresource"),
        namespace=question.namespace or _text(asked, "namespace"),
        name=_text(asked, "name"),
    )


def _own_rules(question: _Question) -> Body:
    namespace = _text(question.spec, "namespace")
    if not namespace:
        raise BadRequestError("spec.namespace: no namespace on request")
    found = [dict(rule) for rule in _rules(question, namespace)]
    return {
        "incomplete": False,
        "resourceRules": [_shown(rule, _OF_RESOURCES) for rule in found if rule.get("resources")],
        "nonResourceRules": [
            _shown(rule, _OF_PATHS) for rule in found if rule.get("nonResourceURLs")
        ],
    }


def _rules(question: _Question, namespace: str) -> list[Mapping[str, Any]]:
    if question.subject.is_master:
        return [_EVERYTHING]
    found = grants(question.snapshot, question.cluster, question.subject, namespace)
    return [grant.rule for grant in found]


def _shown(rule: Mapping[str, Any], fields: tuple[str, ...]) -> Body:
    return {field: rule[field] for field in fields if rule.get(field)}


def _user(subject: Subject) -> Body:
    told = {"username": subject.name, "uid": subject.uid, "groups": list(subject.groups)}
    return {key: value for key, value in told.items() if value}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(values: Mapping[str, Any], key: str) -> str:
    return str(values.get(key) or "")


_OF_RESOURCES = ("verbs", "apiGroups", "resources", "resourceNames")
_OF_PATHS = ("verbs", "nonResourceURLs")
_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "nonResourceURLs": ["*"]}

_ANSWERS: Mapping[str, Callable[[_Question], Body]] = {
    "SelfSubjectReview": _who,
    "SelfSubjectAccessReview": _own_access,
    "SelfSubjectRulesReview": _own_rules,
    "SubjectAccessReview": _others_access,
    "LocalSubjectAccessReview": _others_access,
}
