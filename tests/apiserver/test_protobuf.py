"""Bodies in Kubernetes' protobuf form. What real clients send is in tests/kubectl."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.apiserver.protobuf import MAGIC, decode
from toolkit.errors import BadRequestError, ClusterError, MediaTypeError


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def text(field: int, value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def body(api_version: str, kind: str, content: bytes) -> bytes:
    return MAGIC + text(1, text(1, api_version) + text(2, kind)) + text(2, content)


METADATA = text(1, text(1, "x") + text(2, "") + text(8, b"") + text(11, text(1, "a") + text(2, "")))
CONFIG = body("v1", "ConfigMap", METADATA + text(2, text(1, "k") + text(2, "v")))


def test_what_is_empty_is_left_out_but_for_a_maps_values() -> None:
    assert decode(CONFIG) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "labels": {"a": ""}},
        "data": {"k": "v"},
    }


def test_a_secrets_values_stay_base64() -> None:
    entry = text(1, "k") + text(2, b"\xff\x00")
    assert decode(body("v1", "Secret", text(2, entry)))["data"] == {"k": "/wA="}


def test_an_optional_number_may_be_zero() -> None:
    content = body("apps/v1", "Deployment", text(2, number(1, 0) + number(5, 0)))
    assert decode(content)["spec"] == {"replicas": 0}


@pytest.mark.parametrize(
    ("backend", "port"),
    [(number(1, 0) + number(2, 80), 80), (number(1, 1) + text(3, "web"), "web")],
)
def test_a_port_is_a_number_or_a_name(backend: bytes, port: object) -> None:
    content = body("v1", "Service", text(2, text(1, number(3, 80) + text(4, backend))))
    assert decode(content)["spec"]["ports"][0]["targetPort"] == port


def test_fields_of_an_inlined_message_stand_in_their_parent() -> None:
    volume = text(1, "scratch") + text(2, text(2, b""))
    content = body("v1", "Pod", text(2, text(1, volume)))
    assert decode(content)["spec"]["volumes"] == [{"name": "scratch", "emptyDir": {}}]


def test_negative_numbers_and_times() -> None:
    metadata = text(1, number(7, -5) + text(8, number(1, 1_767_323_045)))
    found = decode(body("v1", "ConfigMap", metadata))["metadata"]
    assert found == {"generation": -5, "creationTimestamp": "2026-01-02T03:04:05Z"}


def test_a_kind_without_a_table_is_another_media_type() -> None:
    with pytest.raises(MediaTypeError, match="Thing"):
        decode(body("example.com/v1", "Thing", b""))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"kind": "ConfigMap"}',
        MAGIC + b"\xff" * 11,
        CONFIG[:-1],
        body("v1", "ConfigMap", text(1, text(1, b"\xff"))),
        body("v1", "ConfigMap", number(1, 5)),
        body("v1", "ConfigMap", text(1, text(8, number(1, 1 << 62)))),
        body("v1", "ConfigMap", text(2, b"") * 200_001),
    ],
)
def test_what_is_not_the_form_is_refused(content: bytes) -> None:
    with pytest.raises(BadRequestError):
        decode(content)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["ConfigMap", "Pod", "Secret", "Event"]))
def test_arbitrary_bytes_raise_only_our_errors(content: bytes, kind: str) -> None:
    for each in (MAGIC + content, body("v1", kind, content)):
        try:
            assert isinstance(decode(each), dict)
        except ClusterError:
            continue


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(CONFIG) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_only_our_errors(at: int, byte: int) -> None:
    changed = CONFIG[:at] + bytes([byte]) + CONFIG[at + 1 :]
    try:
        assert isinstance(decode(changed), dict)
    except ClusterError:
        return
