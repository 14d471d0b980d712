"""IAMPolicyGenerator: a service account bound to one of Google's clouds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.errors import BuildError
from toolkit.kustomize.objects.item import Item
from toolkit.resource.resource import Body, Origin


def make_service_account(fields: Mapping[str, Any], origin: Origin) -> Item:
    """Raises BuildError for any cloud but ``gke``."""
    if fields.get("cloud") != "gke":
        raise BuildError(
            f"cloud {fields.get('cloud', '')!r} is not supported", hints=["it must be gke"]
        )
    account, service = fields.get("serviceAccount") or {}, fields.get("kubernetesService") or {}
    if not account.get("name"):
        raise BuildError("serviceAccount has no name", hints=["add `serviceAccount.name`"])
    address = f"{account.get('name', '')}@{account.get('projectId', '')}.iam.gserviceaccount.com"
    metadata: dict[str, Any] = {
        "annotations": {"iam.gke.io/gcp-service-account": address},
        "name": service.get("name", ""),
    }
    if service.get("namespace"):
        metadata["namespace"] = service["namespace"]
    body: Body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    return Item(body, origin)
