"""``true`` as many times as asked, as Prefect's users would write it: tasks on its thread runner,
against the server it starts for itself, with SQLite.

::

    PREFECT_HOME=FOLDER python prefect_true.py fan-out 100
"""

from __future__ import annotations

import subprocess
import sys
import time

from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner


@task
def step(number: int) -> int:
    subprocess.run(["true"], check=True)
    return number


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def fan_out(count: int) -> None:
    step.map(range(count)).result()


@flow
def chain(count: int) -> None:
    for number in range(count):
        step(number)


@flow
def nothing() -> None:
    """Starts the server."""


nothing()
began = time.perf_counter()
{"fan-out": fan_out, "chain": chain}[sys.argv[1]](int(sys.argv[2]))
print(time.perf_counter() - began)
