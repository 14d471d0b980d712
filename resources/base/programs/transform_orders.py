"""transform_orders.py DAY COUNTRY: one partition's totals, as one line of JSON on stdout."""

from __future__ import annotations

import json
import sys
from datetime import date

from orders import orders_of


def main() -> None:
    day, country = date.fromisoformat(sys.argv[1]), sys.argv[2]
    orders = orders_of(day, country)
    cents = sum(order["cents"] for order in orders)
    print(f"{day} {country}: read {len(orders)} orders", file=sys.stderr)  # a log, not the result
    print(json.dumps({"country": country, "orders": len(orders), "cents": cents}))


if __name__ == "__main__":
    main()
