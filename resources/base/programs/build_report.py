"""build_report.py DAY: the seven days up to DAY, as text in /tmp/report.txt."""

from __future__ import annotations

import os
import sys
from datetime import date, timedelta

from orders import orders_of


def main() -> None:
    last = date.fromisoformat(sys.argv[1])
    days = [last - timedelta(days=back) for back in range(6, -1, -1)]
    lines = [f"Sales {days[0]} to {days[-1]}"]
    for country in os.environ["COUNTRIES"].split(","):
        orders = [order for day in days for order in orders_of(day, country)]
        euros = sum(order["cents"] for order in orders) / 100
        lines.append(f"{country}: {len(orders)} orders, {euros:,.2f} EUR")
    report = "\n".join(lines)
    print(report)
    with open("/tmp/report.txt", "w", encoding="utf-8") as output:
        output.write(report)


if __name__ == "__main__":
    main()
