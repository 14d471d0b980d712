"""PATCH: a live object and a patch document to a new object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.apiserver.call import Call
from toolkit.apiserver.kinds import Kind
from toolkit.apiserver.refusals import not_found
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.writing import addressed, replace_live
from toolkit.errors import BadRequestError, InvalidError, MediaTypeError, PatchError
from toolkit.resource.cluster import PatchType
from toolkit.resource.json_patch import apply_json_patch
from toolkit.resource.merge_patch import apply_merge_patch
from toolkit.resource.resource import Body
from toolkit.resource.strategic_merge import MergeKey, apply_strategic_merge
from toolkit.schema.types import FieldType, type_of

_MOST_OPERATIONS = 10_000


def patch(tx: Transaction, call: Call, document: Any, patch_type: PatchType) -> Body:
    """Any patch but an apply. Raises what an update does, and for a patch that does not fit."""
    live = tx.get(call.key)
    if live is None:
        raise not_found(call.kind, call.name)
    try:
        patched = _patched(call.kind, live, document, patch_type)
    except PatchError as error:
        raise InvalidError(f"the patch does not fit {call.resource_name}: {error}") from error
    return replace_live(tx, call, live, addressed(call, patched))


def _patched(kind: Kind, live: Body, document: Any, patch_type: PatchType) -> Body:
    if patch_type is PatchType.JSON:
        if not isinstance(document, list) or len(document) > _MOST_OPERATIONS:
            raise BadRequestError(
                f"a JSON patch is a list of at most {_MOST_OPERATIONS} operations"
            )
        try:
            patched: Body = apply_json_patch(live, document)
        except RecursionError:  # copies into copies
            raise BadRequestError("the patch nests its object too deeply") from None
        return patched
    if not isinstance(document, Mapping):
        raise BadRequestError("the patch is no object")
    if patch_type is PatchType.MERGE:
        merged: Body = apply_merge_patch(live, document)
        return merged
    if kind.is_custom:
        raise MediaTypeError(
            f"{kind.gvk.kind} takes no strategic merge patch: its lists have no merge keys",
            hints=[f"send a merge patch ({PatchType.MERGE.value}) or a JSON patch"],
        )
    return apply_strategic_merge(live, document, merge_keys(kind))


def merge_keys(kind: Kind) -> MergeKey:
    """How the kind's lists merge; a kind without a schema replaces them."""
    root = type_of(kind.gvk)

    def merge_key(fields: tuple[str, ...]) -> str | None:
        found = _at(root, fields)
        if found is None or "merge" not in found.merge.strategies:
            return None
        return found.merge.key or ""

    return merge_key


def _at(root: FieldType | None, fields: tuple[str, ...]) -> FieldType | None:
    """Lists on the way are entered by themselves."""
    here = root
    for field in fields:
        while here is not None and here.schema.get("items"):
            here = here.item()
        here = here.field(field) if here is not None else None
    return here
