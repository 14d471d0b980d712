"""Fields that a client of Argo's API chooses, and failures as it is told them."""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.apiserver.field_choice import FieldChoice
from toolkit.apiserver.grpc_status import grpc_status
from toolkit.errors import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    ToolkitError,
    UsageError,
)

BODY: dict[str, Any] = {
    "metadata": {"name": "a", "uid": "1"},
    "status": {"phase": "Running", "nodes": {"x": {"phase": "Failed"}}},
}
LIST: dict[str, Any] = {"metadata": {"resourceVersion": "7"}, "items": [BODY, BODY]}


@pytest.mark.parametrize(
    ("fields", "value", "chosen"),
    [
        ("", BODY, BODY),
        ("metadata.name", BODY, {"metadata": {"name": "a"}}),
        ("metadata.name,status.phase", BODY,
         {"metadata": {"name": "a"}, "status": {"phase": "Running"}}),
        ("-status.nodes", BODY, {"metadata": BODY["metadata"], "status": {"phase": "Running"}}),
        ("-status,metadata.uid", BODY, {"metadata": {"name": "a"}}),
        ("items.metadata.name", LIST, {"items": [{"metadata": {"name": "a"}}] * 2}),
        ("metadata", LIST, {"metadata": {"resourceVersion": "7"}}),
        ("nothing.there", BODY, {}),
    ],
)  # fmt: skip
def test_fields(fields: str, value: Any, chosen: Any) -> None:
    assert FieldChoice.parse(fields).of(value) == chosen


def test_what_stands_around_the_object_is_cut_off() -> None:
    choice = FieldChoice.parse("result.object.metadata.name", prefix="result.object.")
    assert choice.of(BODY) == {"metadata": {"name": "a"}}


@pytest.mark.parametrize(
    ("error", "http", "code"),
    [
        (NotFoundError("x"), 404, 5),
        (ConflictError("x"), 409, 6),
        (ForbiddenError("x"), 403, 7),
        (InvalidError("x"), 400, 3),
        (ClusterError("x"), 500, 13),
        (UsageError("x"), 400, 3),
        (RefusedError("x", hints=["do y"]), 400, 3),
    ],
)
def test_failures(error: ToolkitError, http: int, code: int) -> None:
    status, body = grpc_status(error)
    assert (status, body["code"]) == (http, code)
    assert body["message"] == "; ".join(("x", *error.hints))
