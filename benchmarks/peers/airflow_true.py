"""``true`` as many times as asked, as Airflow's users would write it: a DAG of BashOperators, with
the local executor, the scheduler and the API server that ``airflow standalone`` starts, and SQLite.

::

    AIRFLOW_HOME=FOLDER python airflow_true.py fan-out 40

The figure is the run's own, from its first task's start to its end.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

DAG = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("work", schedule=None, max_active_tasks=1000) as dag:
    numbers = range({count})
    tasks = [BashOperator(task_id=f"step-{{number}}", bash_command="true") for number in numbers]
    if {is_chain}:
        for before, after in zip(tasks, tasks[1:]):
            before >> after
"""
STARTED_S = 180.0
ENDED_S = 900.0


def main() -> None:
    shape, count = sys.argv[1], int(sys.argv[2])
    home = Path(os.environ["AIRFLOW_HOME"])
    (home / "dags").mkdir(parents=True, exist_ok=True)
    (home / "dags" / "work.py").write_text(DAG.format(count=count, is_chain=shape == "chain"))
    airflow = str(Path(sys.executable).with_name("airflow"))
    settings = {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    environment = {**os.environ, **settings}
    with (home / "standalone.log").open("wb") as log:
        running = subprocess.Popen(
            [airflow, "standalone"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _until(lambda: _ask(home, "SELECT dag_id FROM dag"), STARTED_S)
            subprocess.run(
                [airflow, "dags", "trigger", "work"],
                env=environment,
                check=True,
                stdout=log,
                stderr=log,
            )
            ended = "SELECT state FROM dag_run WHERE state IN ('success', 'failed')"
            _until(lambda: _ask(home, ended), ENDED_S)
            assert _ask(home, ended) == [("success",)]
            [(began, end)] = _ask(home, "SELECT min(start_date), max(end_date) FROM task_instance")
            took = datetime.fromisoformat(end) - datetime.fromisoformat(began)
            print(took.total_seconds())
        finally:
            os.killpg(running.pid, signal.SIGTERM)
            running.wait()


def _ask(home: Path, query: str) -> list[tuple[str, ...]]:
    try:
        with sqlite3.connect(f"file:{home / 'airflow.db'}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def _until(is_so: object, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():  # type: ignore[operator]
        if time.monotonic() > deadline:
            sys.exit("Airflow did not come that far in time")
        time.sleep(0.5)


main()
