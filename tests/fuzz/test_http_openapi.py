"""Requests drawn by schemathesis from the server's own OpenAPI documents, against the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

schemathesis = pytest.importorskip("schemathesis")

GROUPS = (
    "api/v1",
    "apis/argoproj.io/v1alpha1",
    "apis/apiextensions.k8s.io/v1",
    "apis/rbac.authorization.k8s.io/v1",
)
NAMES = {"namespace": ["data"], "name": ["a", "b.c", "A_b"]}
SAMPLE_KINDS = re.compile(
    r"/(configmaps|secrets|serviceaccounts|pods|workflows|cronworkflows|roles|"
    r"customresourcedefinitions|namespaces)(/\{name\})?$"
)


def operations(target: Any, group: str, wanted: Callable[[str], object]) -> list[Any]:
    """Those of a group's document; a body of any type is sent as JSON, names are few."""
    document = target.get(f"/openapi/v3/{group}")
    document["paths"] = {path: item for path, item in document["paths"].items() if wanted(path)}
    for item in document["paths"].values():
        for parameter in item["parameters"]:
            parameter["schema"] = {"enum": NAMES[parameter["name"]]}
        for operation in (item[method] for method in ("post", "put") if method in item):
            content = operation["requestBody"]["content"]
            if "*/*" in content:
                content["application/json"] = content.pop("*/*")
    schema = schemathesis.openapi.from_dict(document)
    return [result.ok() for result in schema.get_all_operations()]


def fuzz(target: Any, check: Any, group: str, wanted: Callable[[str], object], count: int) -> None:
    drawn = st.sampled_from(operations(target, group, wanted)).flatmap(lambda o: o.as_strategy())

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn)
    def ask(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url=target.serving.url + "/clusters/fuzz")
        check.answer(*request(target, sent))

    ask()
    check.store(target)


def request(target: Any, sent: dict[str, Any]) -> tuple[int, bytes]:
    import requests

    prepared = requests.Request(
        sent["method"],
        sent["url"],
        params=sent.get("params"),
        json=sent.get("json"),
        data=sent.get("data"),
        headers={k: v for k, v in sent["headers"].items() if k.lower() != "user-agent"},
    ).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    result: tuple[int, bytes] = target.ask(
        prepared.method, prepared.path_url, body, dict(prepared.headers)
    )
    return result


@pytest.mark.parametrize("group", GROUPS)
def test_a_sample_of_requests(target: Any, check: Any, group: str) -> None:
    fuzz(target, check, group, SAMPLE_KINDS.search, count=25)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_requests(target: Any, check: Any) -> None:
    documents = target.get("/openapi/v3")["paths"]
    for group in documents:
        fuzz(target, check, group, re.compile("").search, count=2_000)
