"""``gitops explain TARGET KIND/NAME [FIELD]``: where each value comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.kustomize.explain import Explanation, Link


@click.command(short_help="Show where each value of an object comes from.")
@click.argument("target")
@click.argument("name", metavar="KIND/NAME")
@click.argument("field", default="")
@click.option("--compat", type=click.Choice(["kustomize", "argo"]), default=None)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def explain(target: str, name: str, field: str, compat: str | None, output: str) -> None:
    r"""Show where the values of an object come from: file, line and each step that changed them.

    Without FIELD the whole object is printed, each value with the place that decided it.

    \b
    Example:
      gitops explain production CronWorkflow/hello-cron spec.suspend
      gitops explain overlays/staging ConfigMap/settings
    """
    from toolkit.adapters.files import DiskTree
    from toolkit.cli.build_fast import from_root, locate, workspace_of
    from toolkit.kustomize.explain import explain as explained
    from toolkit.kustomize.result import BuildOptions
    from toolkit.wiring.remote import open_remote

    folder, mode = locate(target)
    options = BuildOptions(compat or mode, base=from_root("."))
    with open_remote(workspace_of(folder)) as remote:
        tree = DiskTree("/")
        explanation = explained(tree, from_root(folder), name, options, remote=lambda: remote)
    if output == "json":
        print(json.dumps(_as_json(explanation, field), indent=2))
    elif field:
        print(_chain_text(explanation, field))
    else:
        print(_annotated(explanation))


def _chain(explanation: Explanation, field: str) -> tuple[Link, ...]:
    from toolkit.resource.field_path import parse_path

    try:
        chain = explanation.chain(parse_path(field))
    except ValueError as error:
        raise UsageError(str(error), hints=["write it as spec.templates[0].name"]) from None
    if not chain:
        raise UsageError(
            f"{explanation.resource.id.short} has, and had, no field {field}",
            hints=_close_fields(explanation, field),
        )
    return chain


def _close_fields(explanation: Explanation, field: str) -> list[str]:
    from difflib import get_close_matches

    from toolkit.resource.field_path import format_path

    names = [format_path(path) for path in explanation.leaves()]
    return [f"did you mean {close}?" for close in get_close_matches(field, names, n=1)]


def _chain_text(explanation: Explanation, field: str) -> str:
    chain = _chain(explanation, field)
    lines = [f"{explanation.resource.id.short} {field}: {_shown(chain[-1].new)}"]
    places = [str(link.location) for link in chain]
    width = max(map(len, places))
    for link, place in zip(chain, places, strict=True):
        lines.append(f"  {place:<{width}}  {_shown(link.new)}  ({link.by})")
    return "\n".join(lines)


def _annotated(explanation: Explanation) -> str:
    from toolkit.yaml.emit import emit
    from toolkit.yaml.positions import Positions

    text = emit(explanation.resource.body)
    positions = Positions(text)
    notes: dict[int, str] = {}
    for path in explanation.leaves():
        *_, last = explanation.chain(path)
        by = "" if last.by == "written" else f" {last.by}"
        notes[positions.locate(0, path).line] = f"{last.location}{by}"
    lines = text.rstrip("\n").split("\n")
    width = min(max(map(len, lines)), 72)
    return "\n".join(
        f"{line:<{width}}  # {notes[number]}" if number in notes else line
        for number, line in enumerate(lines, start=1)
    )


def _as_json(explanation: Explanation, field: str) -> dict[str, Any]:
    from toolkit.resource.field_path import format_path

    id = explanation.resource.id
    fields = [field] if field else [format_path(path) for path in explanation.leaves()]
    return {
        "version": 1,
        "resource": {"kind": id.kind, "namespace": id.namespace, "name": id.name},
        "fields": [
            {"field": name, "chain": [_link(link) for link in _chain(explanation, name)]}
            for name in fields
        ],
    }


def _link(link: Link) -> dict[str, Any]:
    from toolkit.resource.diff import ABSENT

    place = link.location
    entry: dict[str, Any] = {"file": place.path, "line": place.line, "column": place.column}
    entry["by"] = link.by
    if link.new is not ABSENT:
        entry["value"] = link.new
    return entry


def _shown(value: Any) -> str:
    from toolkit.resource.diff import ABSENT

    return "(none)" if value is ABSENT else json.dumps(value, ensure_ascii=False)
