"""Objects that only show what is true elsewhere: a run's status, the pods of its steps.

They come from the program itself, whole and well-formed, many at a time. So nothing is checked of
them but where they go, and nobody becomes the owner of their fields.
"""

from __future__ import annotations

from toolkit.apiserver.call import Call
from toolkit.apiserver.deleting import remove_if_released
from toolkit.apiserver.namespaces import require_namespace
from toolkit.apiserver.refusals import conflict, not_found
from toolkit.apiserver.store import Transaction
from toolkit.apiserver.text import is_same, to_text
from toolkit.apiserver.writing import check_preconditions, new_metadata
from toolkit.resource.resource import Body


def draw(tx: Transaction, call: Call, body: Body, open_namespaces: set[str]) -> Body:
    """Stores ``body``, status included, over what is there or anew; returns it as stored. Of the
    ``open_namespaces`` it is known that new objects may be made in them; that of ``call`` may join.

    Labels and annotations that others have put on it stay. One that names a resourceVersion is
    that version of the object, changed: it is drawn over that version only, and says all of its
    metadata; without the last finalizer an object that is being deleted goes. Raises ConflictError,
    and NotFoundError for a missing namespace and for a named version of an object that is gone.
    """
    if body["metadata"].get("resourceVersion"):
        return _over_version(tx, call, body)
    live = tx.get(call.key)
    if live is not None:
        return _over(tx, call, live, body)
    if call.namespace not in open_namespaces:
        require_namespace(tx, call)
        open_namespaces.add(call.namespace)
    return tx.put(call.key, {**body, "metadata": new_metadata(call, body["metadata"])})


def _over_version(tx: Transaction, call: Call, body: Body) -> Body:
    """What is there is not taken apart: the status of a large run is megabytes."""
    stored = tx.stored(call.key)
    if stored is None:
        raise not_found(call.kind, call.name)
    if str(stored.version) != body["metadata"]["resourceVersion"]:
        raise conflict(call.kind, call.name)
    if to_text(body) == stored.text:
        return body
    return remove_if_released(tx, call, tx.put(call.key, body))


def _over(tx: Transaction, call: Call, live: Body, body: Body) -> Body:
    check_preconditions(call, live, body["metadata"])
    metadata = dict(live["metadata"])
    for key in ("labels", "annotations"):
        if drawn := body["metadata"].get(key):
            metadata[key] = {**(metadata.get(key) or {}), **drawn}
    drawn = {**live, **body, "metadata": metadata}
    if is_same(drawn, live):
        return live
    return remove_if_released(tx, call, tx.put(call.key, drawn))
