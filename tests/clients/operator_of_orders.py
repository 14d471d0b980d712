"""A small operator, as people write them with kopf: run by ``kopf run``, not by a test."""

from __future__ import annotations

from typing import Any

import kopf


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = True


@kopf.on.create("orders.shop.example")
def created(body: kopf.Body, spec: kopf.Spec, patch: kopf.Patch, **_: Any) -> dict[str, int]:
    patch.metadata.annotations["shop.example/seen"] = "yes"
    kopf.info(body, reason="Ordered", message=f"{spec['pieces']} pieces")
    return {"total": spec["pieces"] * spec["price"]}


@kopf.on.field("orders.shop.example", field="spec.pieces")
def counted(new: int, patch: kopf.Patch, **_: Any) -> None:
    patch.status["pieces"] = new


@kopf.on.delete("orders.shop.example")
def deleted(patch: kopf.Patch, **_: Any) -> None:
    patch.metadata.annotations["shop.example/farewell"] = "yes"
