from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from toolkit.workflow.codec import command_from_row, command_to_row
from toolkit.workflow.commands import (
    CallHttp,
    CallPlugin,
    CallResource,
    Command,
    ContainerCall,
    InputArtifact,
    OutputArtifact,
    OutputFile,
    StartContainer,
    StopContainer,
    WakeAt,
)

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
CALL = ContainerCall(
    image="alpine",
    command=("sh", "-c"),
    args=("x",),
    env=({"name": "A", "value": "1"},),
    env_from=({"secretRef": {"name": "s"}},),
    source="echo",
    volumes=({"name": "v", "emptyDir": {}},),
    volume_mounts=({"name": "v", "mountPath": "/v"},),
    resources={"limits": {"cpu": 1}},
)
COMMANDS: list[Command] = [
    StartContainer(
        "u-1", "n", "wf.n", "pod", "t", CALL, (OutputFile("o", "/o", None),), (("/i", "text"),),
        captures_result=True, deadline=AT,
        input_artifacts=(InputArtifact("a", "/a", "k", {"s3": {"key": "k"}}),),
        output_artifacts=(OutputArtifact("b", "/b", "k2", "none", is_optional=True),),
    ),
    StartContainer("u-2", "n", "wf.n", "pod", "t", ContainerCall("i")),
    StopContainer("u-3", "n", "u-1", 5.0),
    CallResource("u-4", "n", "pod", "create", "m", flags=("-f",), outputs=(("a", "p", ""),)),
    WakeAt("u-5", AT),
    CallHttp("u-6", "n", "wf.n", "t", "http://a", "POST", ({"name": "h", "value": "v"},), "b",
             timeout_s=3, insecure=True, success_condition="true"),
    CallPlugin("u-7", "n", "wf.n", "t", {"plugin": {"slack": {}}}, ({"metadata": {}},)),
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_a_command_read_is_the_command_written(command: Command) -> None:
    row = orjson.loads(orjson.dumps(command_to_row(command)))
    assert command_from_row(row) == command
