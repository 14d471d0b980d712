"""``gitops secret``: values that stand in the cluster and nowhere else."""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from toolkit.errors import AlreadyExistsError, NotFoundError, UsageError
from toolkit.repository.settings import Environment
from toolkit.resource.cluster import Cluster, ObjectRef, PatchType
from toolkit.resource.identity import GroupVersionKind
from toolkit.resource.resource import Body

_SECRET = GroupVersionKind("", "v1", "Secret")
_NAMESPACE = click.option(
    "-n", "--namespace", default="", help="Another namespace than the environment's."
)


@click.group()
def secret() -> None:
    """Keep secrets in an environment's cluster, outside git. Values are never shown.

    \b
    Example:
      gitops secret set staging slack-hook SLACK_HOOK_URL     asks for the value
      gitops secret list staging
    """


@secret.command("set")
@click.argument("environment", metavar="ENV")
@click.argument("name")
@click.argument("entries", metavar="[KEY|KEY=VALUE|-]...", nargs=-1)
@click.option(
    "--from-file",
    "files",
    multiple=True,
    metavar="[KEY=]PATH",
    help="The value is a file's content; the key is its name unless given.",
)
@click.option("--replace", is_flag=True, help="Remove the keys that are not named.")
@_NAMESPACE
def set_secret(
    environment: str,
    name: str,
    entries: tuple[str, ...],
    files: tuple[str, ...],
    replace: bool,
    namespace: str,
) -> None:
    """Set keys of a Secret; the others stay.

    KEY alone asks for the value, or reads it from standard input where that is no terminal.
    `-` reads KEY=VALUE lines from standard input.

    \b
    Example:
      gitops secret set staging slack-hook SLACK_HOOK_URL < webhook.txt
      gitops secret set staging database --from-file password=pw.txt
      vault-export | gitops secret set production database -
    """
    values = {**_from_entries(entries), **_from_files(files)}
    if not values:
        raise UsageError("nothing to set", hints=["name a key: it asks for the value"])
    if any("=" in entry for entry in entries):
        print("warning: a value on the command line stays in the shell's history", file=sys.stderr)
    chosen = _environment(environment)
    where = namespace or chosen.namespace
    with _open(chosen, write=True) as cluster:
        _store(cluster, ObjectRef(_SECRET, where, name), values, replace=replace)
    print(f"secret {name} in {environment}: set {', '.join(sorted(values))}")


@secret.command("list")
@click.argument("environment", metavar="ENV")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="How to print."
)
@_NAMESPACE
def list_secrets(environment: str, output: str, namespace: str) -> None:
    """Names and keys, never values.

    \b
    Example:
      gitops secret list staging
    """
    chosen = _environment(environment)
    with _open(chosen, write=False) as cluster:
        found = cluster.list(_SECRET, namespace or chosen.namespace).items
    rows = [_row(body) for body in found]
    if output == "json":
        import json

        print(json.dumps({"apiVersion": "gitops/v1", "secrets": rows}, indent=2))
        return
    for row in rows:
        print(f"{row['name']:<32} {', '.join(row['keys'])}")


@secret.command("delete")
@click.argument("environment", metavar="ENV")
@click.argument("name")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@_NAMESPACE
def delete_secret(environment: str, name: str, keys: tuple[str, ...], namespace: str) -> None:
    """Delete a Secret, or only some of its keys.

    \b
    Example:
      gitops secret delete staging database password
    """
    chosen = _environment(environment)
    ref = ObjectRef(_SECRET, namespace or chosen.namespace, name)
    with _open(chosen, write=True) as cluster:
        live = cluster.get(ref)
        if live is None:
            raise NotFoundError(f"no secret {name!r} in {environment}")
        if not keys:
            cluster.delete(ref)
        else:
            _require_keys(live, keys)
            cluster.patch(ref, {"data": dict.fromkeys(keys)}, PatchType.MERGE)
    print(f"secret {name} in {environment}: deleted {', '.join(keys) or 'all of it'}")


def _store(cluster: Cluster, ref: ObjectRef, values: Mapping[str, bytes], *, replace: bool) -> None:
    from toolkit.wiring.clusters import ensure_namespace

    data: dict[str, Any] = {key: b64encode(value).decode() for key, value in values.items()}
    ensure_namespace(cluster, ref.namespace)
    live = cluster.get(ref)
    if live is None:
        try:
            cluster.create(_body(ref, data))
            return
        except AlreadyExistsError:
            live = {}  # somebody was faster: set our keys in his
    if replace:
        data = {**dict.fromkeys(live.get("data") or {}), **data}
    cluster.patch(ref, {"data": data}, PatchType.MERGE)


def _body(ref: ObjectRef, data: Mapping[str, str]) -> Body:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "type": "Opaque",
        "data": dict(data),
    }


def _row(body: Body) -> dict[str, Any]:
    return {
        "name": body["metadata"]["name"],
        "namespace": body["metadata"]["namespace"],
        "type": body.get("type") or "Opaque",
        "keys": sorted(body.get("data") or {}),
    }


def _require_keys(live: Body, keys: Iterable[str]) -> None:
    known = sorted(live.get("data") or {})
    missing = [key for key in keys if key not in known]
    if missing:
        raise UsageError(
            f"the secret has no key {missing[0]!r}", hints=[f"it has: {', '.join(known)}"]
        )


def _from_entries(entries: tuple[str, ...]) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    asked = [entry for entry in entries if entry == "-" or "=" not in entry]
    if len(asked) > 1 and not sys.stdin.isatty():
        raise UsageError("only one value can come from standard input")
    for entry in entries:
        key, is_given, value = entry.partition("=")
        if entry == "-":
            values.update(_from_lines(sys.stdin.read()))
        elif is_given:
            values[_key(key)] = value.encode()
        else:
            values[_key(key)] = _asked(key)
    return values


def _from_lines(text: str) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, is_given, value = line.partition("=")
        if not is_given:
            raise UsageError(f"standard input, line {number}: not KEY=VALUE")
        values[_key(key.strip())] = value.encode()
    return values


def _from_files(files: tuple[str, ...]) -> dict[str, bytes]:
    values = {}
    for file in files:
        key, is_named, path = file.partition("=")
        source = Path(path if is_named else file)
        try:
            values[_key(key if is_named else source.name)] = source.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {source}: {error.strerror}") from error
    return values


def _asked(key: str) -> bytes:
    """From the terminal without an echo; else all of standard input but its last line end."""
    if sys.stdin.isatty():
        value: str = click.prompt(f"value of {key}", hide_input=True, err=True)
        return value.encode()
    return sys.stdin.read().removesuffix("\n").encode()


def _key(text: str) -> str:
    import re

    if not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", text):
        raise UsageError(f"{text!r} is no key", hints=["letters, digits, '-', '_' and '.'"])
    return text


def _environment(name: str) -> Environment:
    from toolkit.wiring.workspace import find_workspace

    return find_workspace().settings().environment(name)


def _open(environment: Environment, *, write: bool) -> Any:
    from toolkit.wiring.clusters import open_cluster
    from toolkit.wiring.workspace import find_workspace

    return open_cluster(find_workspace(), environment, write=write)
