"""Whatever is sent to Argo's paths, it is refused in words: no failure of ours, no hang."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

NOT_SERVED = 501
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["one", "nightly", "shared", "@latest", "", "../x", "a b", "ä", "%00"])
FIELDS = st.sampled_from(
    [
        "workflow", "template", "cronWorkflow", "createOptions", "submitOptions", "resourceKind",
        "resourceName", "nodeFieldSelector", "message", "phase", "outputParameters", "parameters",
        "memoized", "restartSuccessful", "serverDryRun",
    ]
)  # fmt: skip
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": JSON | st.fixed_dictionaries({"name": NAMES}),
        "spec": JSON | st.dictionaries(st.sampled_from(["entrypoint", "templates", "arguments",
                                                        "schedules", "workflowSpec"]), JSON),
        "status": JSON,
    },
)  # fmt: skip
CONTAINER = {"image": "any", "command": ["true"]}
SPEC = {"entrypoint": "main", "templates": [{"name": "main", "container": CONTAINER}]}
RUNNABLE = {"metadata": {"generateName": "x-"}, "spec": SPEC}
CRON = {"metadata": {"name": "x"}, "spec": {"schedules": ["0 3 * * *"], "workflowSpec": SPEC}}
SUBMIT = {"resourceKind": "cronwf", "resourceName": "nightly"}
OPTIONS = st.dictionaries(
    st.sampled_from(["name", "generateName", "entryPoint", "parameters", "labels", "annotations",
                     "ownerReference", "priority", "serviceAccount", "dryRun", "artifacts"]), JSON,
    max_size=2,
)  # fmt: skip


def changed(body: Any, place: list[int], value: Any) -> Any:
    """A copy with a value put at a place: at each level, one of its keys or items."""
    if not place or not isinstance(body, dict | list) or not body:
        return value
    if isinstance(body, dict):
        key = sorted(body)[place[0] % len(body)]
        return {**body, key: changed(body[key], place[1:], value)}
    at = place[0] % len(body)
    return [*body[:at], changed(body[at], place[1:], value), *body[at + 1 :]]


PLACES = st.lists(st.integers(0, 5), min_size=1, max_size=6)
NEARLY = st.builds(
    changed,
    st.sampled_from(
        [
            {"workflow": RUNNABLE, "createOptions": {"dryRun": ["All"]}, "serverDryRun": True},
            {"template": {**RUNNABLE, "metadata": {"name": "shared"}}},
            {"cronWorkflow": CRON},
            {**SUBMIT, "submitOptions": {"labels": "a=b", "parameters": ["a=b"], "name": "y"}},
        ]
    ),
    PLACES,
    JSON,
)
BODIES = (
    NEARLY
    | OPTIONS.map(lambda options: {**SUBMIT, "submitOptions": options})
    | JSON
    | st.dictionaries(FIELDS, JSON | OBJECTS | NAMES, max_size=4)
)
PATHS = st.sampled_from(
    [
        ("POST", "workflows/data"), ("POST", "workflows/data/lint"),
        ("POST", "workflows/data/submit"), ("PUT", "workflows/data/{}/resume"),
        ("PUT", "workflows/data/{}/suspend"), ("PUT", "workflows/data/{}/stop"),
        ("PUT", "workflows/data/{}/terminate"), ("PUT", "workflows/data/{}/retry"),
        ("PUT", "workflows/data/{}/resubmit"), ("PUT", "workflows/data/{}/set"),
        ("DELETE", "workflows/data/{}"), ("POST", "workflow-templates/data"),
        ("PUT", "workflow-templates/data/{}"), ("POST", "workflow-templates/data/lint"),
        ("POST", "cluster-workflow-templates"), ("PUT", "cluster-workflow-templates/{}"),
        ("POST", "cron-workflows/data"), ("PUT", "cron-workflows/data/{}"),
        ("PUT", "cron-workflows/data/{}/suspend"), ("GET", "workflows/{}"),
    ]
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(
        [
            "fields", "nameFilter", "namePattern", "createdAfter", "finishedBefore", "force", "uid",
            "listOptions.labelSelector", "listOptions.fieldSelector", "listOptions.limit",
            "listOptions.continue", "deleteOptions.dryRun", "deleteOptions.propagationPolicy",
            "deleteOptions.preconditions.uid", "grep", "podName", "logOptions.tailLines",
        ]
    ),
    st.text(max_size=12) | st.sampled_from(["Prefix", "a=b", "1", "-1", "All", "metadata.name=x"]),
    max_size=3,
)  # fmt: skip
UNHURRIED = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def stocked(client: Any) -> Any:
    """With an object of each kind, for verbs that need one."""
    one = {"metadata": {"name": "one"}, "spec": SPEC}
    shared = {"metadata": {"name": "shared"}, "spec": SPEC}
    nightly = {**CRON, "metadata": {"name": "nightly"}}
    for path, body in (
        ("workflows/data", {"workflow": one}),
        ("workflow-templates/data", {"template": shared}),
        ("cluster-workflow-templates", {"template": shared}),
        ("cron-workflows/data", {"cronWorkflow": nightly}),
    ):
        assert client.ask("POST", f"/api/v1/{path}", body).status == 200
    return client


@UNHURRIED
@given(where=PATHS, name=NAMES, body=BODIES)
@example(("POST", "workflows/data"), "", {"workflow": {"spec": {"templates": {}}}})
@example(("POST", "workflows/data"), "", {"workflow": {"metadata": {"labels": 3}}})
@example(("PUT", "cron-workflows/data/{}"), "x", {"cronWorkflow": {"metadata": {"name": []}}})
@example(("POST", "workflows/data/submit"), "", {"submitOptions": [], "resourceKind": "cron"})
@example(("POST", "workflows/data"), "", {"workflow": {}, "createOptions": 3})
@example(("POST", "workflows/data"), "", {"workflow": RUNNABLE, "createOptions": 3})
@example(("POST", "workflows/data/submit"), "", {**SUBMIT, "submitOptions": "x"})
@example(("POST", "workflows/data/submit"), "", {**SUBMIT, "submitOptions": {"name": 3}})
@example(("POST", "workflows/data/submit"), "", {**SUBMIT, "submitOptions": {"ownerReference": 1}})
def test_any_body(stocked: Any, where: tuple[str, str], name: str, body: Any) -> None:
    method, path = where
    answer = stocked.ask(method, f"/api/v1/{path.format(quote(name, safe=''))}", body)
    assert answer.status < 500 or answer.status == NOT_SERVED, answer.content


@UNHURRIED
@given(query=QUERIES, name=NAMES)
def test_any_query(stocked: Any, query: dict[str, str], name: str) -> None:
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    for path in ("workflows/data", "workflow-templates/data", f"workflows/data/{quote(name)}"):
        answer = stocked.ask("GET", f"/api/v1/{path}?{text}")
        assert answer.status < 500 or answer.status == NOT_SERVED, answer.content
