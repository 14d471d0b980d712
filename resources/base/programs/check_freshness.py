"""check_freshness.py: exits 1 where a country's newest order is older than MAX_AGE_MINUTES."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone

from orders import orders_of


def main() -> None:
    now = datetime.now(timezone.utc)
    limit = timedelta(minutes=int(os.environ["MAX_AGE_MINUTES"]))
    ages = {country: age_of(country, now) for country in os.environ["COUNTRIES"].split(",")}
    for country, age in ages.items():
        minutes = int(age.total_seconds() // 60)
        print(f"{country}: newest order is {minutes} minutes old")
    stale = sorted(country for country, age in ages.items() if age > limit)
    if stale:
        sys.exit(f"stale: {', '.join(stale)} (older than {limit})")


def age_of(country: str, now: datetime) -> timedelta:
    days = (now.date() - timedelta(days=1), now.date())
    moments = [
        datetime.fromisoformat(str(order["placed_at"]))
        for day in days
        for order in orders_of(day, country)
    ]
    return min(now - moment for moment in moments if moment <= now)


if __name__ == "__main__":
    main()
