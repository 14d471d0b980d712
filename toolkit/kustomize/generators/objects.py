"""ConfigMaps and Secrets."""

from __future__ import annotations

from collections.abc import Mapping

from toolkit.errors import BuildError
from toolkit.kustomize.generators.key_values import Load, key_values
from toolkit.kustomize.objects.item import Item, require_text_keys
from toolkit.resource.resource import Body, Origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LINE = 70


def make_config_map(fields: Mapping[str, Any], load: Load, origin: Origin) -> Item:
    """From a generator's fields. Text that is no UTF-8 goes into ``binaryData``."""
    body = _base("ConfigMap", fields)
    values = key_values(fields, load)
    require_text_keys(values)
    for key, value in sorted(values.items()):
        try:
            body.setdefault("data", {})[key] = value.decode()
        except UnicodeDecodeError:
            body.setdefault("binaryData", {})[key] = _base64(value)
    return _item(body, fields, origin)


def make_secret(fields: Mapping[str, Any], load: Load, origin: Origin) -> Item:
    """From a generator's fields; the type is Opaque unless given."""
    body = _base("Secret", fields)
    body["type"] = fields.get("type") or "Opaque"
    values = key_values(fields, load)
    require_text_keys(values)
    body["data"] = {key: _base64(value) for key, value in sorted(values.items())}
    return _item(body, fields, origin)


def merged_options(
    local: Mapping[str, Any] | None, shared: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A generator's options with ``generatorOptions``: a flag set in either is set."""
    local, shared = local or {}, shared or {}
    result: dict[str, Any] = {
        field: {**(shared.get(field) or {}), **(local.get(field) or {})}
        for field in ("labels", "annotations")
    }
    for flag in ("disableNameSuffixHash", "immutable"):
        result[flag] = bool(local.get(flag) or shared.get(flag))
    return result


def _base(kind: str, fields: Mapping[str, Any]) -> Body:
    if not fields.get("name"):
        raise BuildError(f"a generated {kind} must have a name", hints=["add `name:`"])
    metadata: dict[str, Any] = {"name": fields["name"]}
    if fields.get("namespace"):
        metadata["namespace"] = fields["namespace"]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _item(body: Body, fields: Mapping[str, Any], origin: Origin) -> Item:
    options = fields.get("options") or {}
    for field in ("labels", "annotations"):
        if options.get(field):
            require_text_keys(options[field])
            body["metadata"][field] = dict(sorted(options[field].items()))
    if options.get("immutable"):
        body["immutable"] = True
    item = Item(body, origin)
    item.behavior = fields.get("behavior") or "unspecified"
    item.needs_hash = not options.get("disableNameSuffixHash")
    return item


def _base64(value: bytes) -> str:
    """One line where it fits into 70 characters, else lines of 70, each ended."""
    from base64 import b64encode  # only where there is a Secret or binary data

    text = b64encode(value).decode()
    if len(text) < _LINE:
        return text
    return "".join(text[at : at + _LINE] + "\n" for at in range(0, len(text), _LINE))
