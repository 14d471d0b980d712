"""The table of protobuf messages: whole, and in the words of the schemas."""

from __future__ import annotations

import pytest

from toolkit.resource.identity import GroupVersionKind
from toolkit.schema.types import type_of
from toolkit.schema.wire import Message, message, message_of

_SCALARS = {"string", "bytes", "bool", "int", "Time", "MicroTime", "Quantity"}
_OF_ITS_OWN = {"IntOrString", "Raw", "FieldsV1", "ExtraValue"}
KINDS = [
    ("", "v1", "ConfigMap"),
    ("", "v1", "Pod"),
    ("", "v1", "Secret"),
    ("apps", "v1", "Deployment"),
    ("batch", "v1", "CronJob"),
    ("batch", "v1", "Job"),
]


def reached(name: str, seen: dict[str, Message]) -> dict[str, Message]:
    if name not in seen and name not in _SCALARS | _OF_ITS_OWN:
        seen[name] = message(name)
        for field in seen[name].values():
            reached(field.type, seen)
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_a_kind_reaches_is_there(kind: tuple[str, str, str]) -> None:
    gvk = GroupVersionKind(*kind)
    name = message_of(gvk.api_version, gvk.kind)
    assert name is not None
    assert "meta/v1.ObjectMeta" in reached(name, {})


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_fields_are_its_schemas(kind: tuple[str, str, str]) -> None:
    gvk = GroupVersionKind(*kind)
    known = type_of(gvk)
    assert known is not None
    fields = message(message_of(gvk.api_version, gvk.kind) or "").values()
    assert {field.name for field in fields} <= {*known.field_names, "status"}


def test_another_kind_has_no_message() -> None:
    assert message_of("argoproj.io/v1alpha1", "Workflow") is None
