"""load_sales.py DAY ROWS: writes a day's totals (a JSON list) into the warehouse.

Safe to run twice: the day's rows are replaced in one transaction.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys

TABLE = """CREATE TABLE IF NOT EXISTS sales (
    day TEXT NOT NULL, country TEXT NOT NULL, orders INTEGER NOT NULL, cents INTEGER NOT NULL,
    PRIMARY KEY (day, country))"""


def main() -> None:
    day, rows = sys.argv[1], json.loads(sys.argv[2])
    warehouse = sqlite3.connect(os.environ["WAREHOUSE"])
    try:
        with warehouse:
            warehouse.execute(TABLE)
            warehouse.execute("DELETE FROM sales WHERE day = ?", [day])
            warehouse.executemany(
                "INSERT INTO sales VALUES (?, ?, ?, ?)",
                [(day, row["country"], row["orders"], row["cents"]) for row in rows],
            )
    finally:
        warehouse.close()
    total = sum(row["cents"] for row in rows) / 100
    print(f"{day}: {len(rows)} countries loaded, {total:,.2f} EUR")


if __name__ == "__main__":
    main()
