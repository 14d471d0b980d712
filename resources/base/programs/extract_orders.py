"""extract_orders.py DAY: which countries have orders on DAY? Writes a JSON list for the fan-out."""

from __future__ import annotations

import json
import os
import sys
from datetime import date

from orders import orders_of


def main() -> None:
    day = date.fromisoformat(sys.argv[1])
    partitions = []
    for country in os.environ["COUNTRIES"].split(","):
        count = len(orders_of(day, country))
        print(f"{day} {country}: {count} orders")
        if count:
            partitions.append(country)
    with open("/tmp/partitions.json", "w", encoding="utf-8") as output:
        json.dump(partitions, output)


if __name__ == "__main__":
    main()
