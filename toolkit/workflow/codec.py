"""Commands as rows: JSON-able dicts with a ``type``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from toolkit.workflow.commands import (
    CallHttp,
    CallPlugin,
    CallResource,
    Command,
    ContainerCall,
    InputArtifact,
    ListArtifacts,
    OutputArtifact,
    OutputFile,
    PodContainer,
    StartContainer,
    StopContainer,
    WakeAt,
)
from toolkit.workflow.nodes import Row, exact, parse_instant

_JSON: Final = frozenset({str, int, float, bool, type(None), dict, list})


def command_to_row(command: Command) -> Row:
    """A row that :func:`command_from_row` reads."""
    return {"type": type(command).__name__, **_fields(command)}


def _fields(value: Any) -> Row:
    """Those of a dataclass, and of those within; what is JSON already is shared, not copied."""
    return {name: _plain(getattr(value, name)) for name in _names(value.__class__)}


def _plain(value: Any) -> Any:
    kind = value.__class__
    if kind in _JSON:
        return value
    if kind is tuple:
        return [_plain(entry) for entry in value]
    return exact(value) if kind is datetime else _fields(value)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def command_from_row(row: Row) -> Command:
    """The command of a row. Raises ``KeyError`` for a type that is not known."""
    fields = {key: value for key, value in row.items() if key != "type"}
    return _READERS[row["type"]](fields)


def _start_container(fields: Row) -> StartContainer:
    return StartContainer(
        **{
            **fields,
            "call": _container_call(fields["call"]),
            "output_files": tuple(OutputFile(**entry) for entry in fields["output_files"]),
            "input_files": tuple((path, content) for path, content in fields["input_files"]),
            "deadline": _instant(fields.get("deadline")),
            "input_artifacts": tuple(
                InputArtifact(**entry) for entry in fields.get("input_artifacts") or ()
            ),
            "output_artifacts": tuple(
                OutputArtifact(**entry) for entry in fields.get("output_artifacts") or ()
            ),
            "containers": tuple(map(_pod_container, fields.get("containers") or ())),
        }
    )


def _pod_container(fields: Row) -> PodContainer:
    call = _container_call(fields["call"])
    return PodContainer(
        **{**fields, "call": call, "dependencies": tuple(fields.get("dependencies") or ())}
    )


def _container_call(fields: Row) -> ContainerCall:
    lists = ("command", "args", "env", "env_from", "volumes", "volume_mounts")
    tuples: dict[str, Any] = {key: tuple(fields.get(key) or ()) for key in lists}
    return ContainerCall(**{**fields, **tuples})


def _call_resource(fields: Row) -> CallResource:
    source = fields.get("manifest_from")
    return CallResource(
        **{
            **fields,
            "flags": tuple(fields["flags"]),
            "outputs": tuple((name, path, jq) for name, path, jq in fields["outputs"]),
            "manifest_from": None if source is None else InputArtifact(**source),
        }
    )


def _call_http(fields: Row) -> CallHttp:
    return CallHttp(**{**fields, "headers": tuple(fields["headers"])})


def _call_plugin(fields: Row) -> CallPlugin:
    return CallPlugin(**{**fields, "plugins": tuple(fields["plugins"])})


def _list_artifacts(fields: Row) -> ListArtifacts:
    return ListArtifacts(**{**fields, "expressions": tuple(fields["expressions"])})


def _wake_at(fields: Row) -> WakeAt:
    return WakeAt(id=fields["id"], at=parse_instant(fields["at"]))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


_READERS: Final[Mapping[str, Callable[[Row], Command]]] = {
    "StartContainer": _start_container,
    "StopContainer": lambda fields: StopContainer(**fields),
    "CallResource": _call_resource,
    "CallHttp": _call_http,
    "CallPlugin": _call_plugin,
    "ListArtifacts": _list_artifacts,
    "WakeAt": _wake_at,
}
