from __future__ import annotations

import pytest

from toolkit.workflow.nodes import display_name, fnv32a, node_id, pod_name


def test_the_hash_is_fnv_1a() -> None:
    assert (fnv32a(""), fnv32a("a"), fnv32a("foobar")) == (0x811C9DC5, 0xE40C292C, 0xBF9CF968)


def test_the_roots_id_is_the_workflows_name() -> None:
    assert node_id("wf", "wf") == "wf"
    assert node_id("wf", "wf[0].a") == f"wf-{fnv32a('wf[0].a')}"


def test_pod_names_hold_the_template_and_leave_room_for_the_hash() -> None:
    assert pod_name("wf", "wf", "main") == "wf"
    assert pod_name("wf", "wf[0].a", "echo") == f"wf-echo-{fnv32a('wf[0].a')}"
    assert len(pod_name("w" * 60, "node", "t" * 250)) <= 253


@pytest.mark.parametrize(
    ("name", "boundary", "shown"),
    [("wf", "", "wf"), ("wf[1]", "wf", "[1]"),
     ("wf[0].a", "wf", "a"), ("wf.a(0:x.y)", "wf", "a(0:x.y)"),
     ("wf[0].a.b", "wf[0].a", "b"), ("wf.a.onExit", "wf", "a.onExit")],
)  # fmt: skip
def test_display_names(name: str, boundary: str, shown: str) -> None:
    assert display_name(name, boundary) == shown
