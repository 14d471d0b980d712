"""Kubernetes API semantics, pure: what an API server does to objects, without one.

A :class:`~toolkit.apiserver.logical_cluster.LogicalCluster` is one environment's cluster in an
:class:`~toolkit.apiserver.store.ObjectStore`. Each verb is one transaction::

    cluster = LogicalCluster(store, "staging", fresh)
    cluster.ensure("data")
    request = Request(kind, namespace="data", name="hello")
    cluster.patch(request, {"spec": {"suspend": True}}, PatchType.MERGE)

A write goes ``writing | patching | applying`` → ``structure`` (fields and types) → ``admission``
(what the kind completes, what it refuses) → ``ownership`` (managedFields) → the store, which gives
it the number of its event as resourceVersion. A write that changes nothing stops before the store.
``deleting`` does the garbage collector's work in the deletion's own transaction. ``reading`` and
``watching`` answer from the log: pages of one version, and each change once, in order.

The store keeps an object's present text in its row and a former text in the event that wrote it;
of a Secret the log keeps no values, so its watchers are told several changes as one, and a
continued list of Secrets is of now (``sensitive``).

Beside objects there are ``access`` (RBAC: who may do what), ``tokens`` of ServiceAccounts,
``reviews`` (questions about access, answered and not stored) and ``scaling`` (the scale
subresource). ``custom_schema`` is what a CustomResourceDefinition's schema does to its objects;
``protobuf`` reads the bodies that kubectl's typed commands send.

Times, uids and the ends of generated names come in with each call (``Fresh``).
"""
