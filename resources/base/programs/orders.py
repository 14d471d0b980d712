"""The shop's orders. Stands for your source: replace the body of `orders_of` with a query.

The orders are made up, but always the same for a day and a country, so that running a day again
(a retry, a backfill) gives the same answer.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta, timezone

EVERY = timedelta(minutes=10)


def orders_of(day: date, country: str) -> list[dict[str, object]]:
    """All orders of one day and country: placed_at, sku, amount in cents."""
    midnight = datetime.combine(day, time(), timezone.utc)
    return [
        {
            "placed_at": (midnight + EVERY * number).isoformat(),
            "sku": f"sku-{_roll(day, country, number, 'sku') % 40:03}",
            "cents": 500 + _roll(day, country, number, "cents") % 20_000,
        }
        for number in range(int(timedelta(days=1) / EVERY))
        if _roll(day, country, number, "placed") % 8
    ]


def _roll(*seed: object) -> int:
    digest = hashlib.sha256("/".join(map(str, seed)).encode()).digest()
    return int.from_bytes(digest[:6], "big")
