"""``true`` as many times as asked, as Prefect's users would write it: tasks in the flow's own
process, against a local API server with SQLite.

::

    PREFECT_HOME=FOLDER python prefect_true.py fan-out 100

Tasks end in the flow's process, and their server hears of it later: so there are two figures, the
seconds until the flow returns, and until the server has recorded that all of them are completed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]
API = f"http://127.0.0.1:{PORT}/api"
SETTINGS = {
    "PREFECT_API_URL": API,
    "PREFECT_API_REQUEST_TIMEOUT": "3600",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
os.environ.update(SETTINGS)  # read when prefect is imported

from prefect import flow, task  # noqa: E402
from prefect.task_runners import ThreadPoolTaskRunner  # noqa: E402

LOOK_AGAIN_S = 0.1


@task
def step(number: int) -> int:
    subprocess.run(["true"], check=True)
    return number


@flow(task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count()))
def fan_out(count: int) -> None:
    step.map(range(count)).result()


@flow
def chain(count: int) -> None:
    for number in range(count):
        step(number)


def main() -> None:
    shape, count = sys.argv[1], int(sys.argv[2])
    run = {"fan-out": fan_out, "chain": chain}[shape]
    with server():
        run(1)
        wait_until_completed(1)
        began = time.perf_counter()
        run(count)
        print("returned", time.perf_counter() - began)
        wait_until_completed(1 + count)
        print("recorded", time.perf_counter() - began)


@contextmanager
def server() -> Iterator[None]:
    """Started, and ready: waited for as long as it lives."""
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(PORT)]
    log = Path(os.environ["PREFECT_HOME"]) / "server.log"
    with log.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink) as running:
        try:
            while not is_ready():
                if running.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(LOOK_AGAIN_S)
            yield
        finally:
            running.terminate()


def is_ready() -> bool:
    try:
        with urllib.request.urlopen(f"{API}/health") as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def wait_until_completed(wanted: int) -> None:
    asked = json.dumps({"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{API}/task_runs/count", asked, kind)
    while True:
        with urllib.request.urlopen(request) as answer:
            if int(answer.read()) >= wanted:
                return
        time.sleep(LOOK_AGAIN_S)


main()
