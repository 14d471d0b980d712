"""``true`` as many times as asked, as Airflow's users would write it: a DAG of BashOperators.

::

    AIRFLOW_HOME=FOLDER python airflow_true.py fan-out 100

Run by ``airflow dags test``, which runs the tasks one after another in a process of its own,
without scheduler, executor and API server: of all its ways the fastest on one machine. The figure
is from the first task's start to the last one's end, as its database has them.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

DAG = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("work", schedule=None) as dag:
    numbers = range({count})
    tasks = [BashOperator(task_id=f"step-{{number}}", bash_command="true") for number in numbers]
    if {is_chain}:
        for before, after in zip(tasks, tasks[1:]):
            before >> after
"""
SETTINGS = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
}
COMMANDS = (("db", "migrate"), ("dags", "reserialize"), ("dags", "test", "work"))


def main() -> None:
    shape, count = sys.argv[1], int(sys.argv[2])
    home = Path(os.environ["AIRFLOW_HOME"])
    (home / "dags").mkdir()
    (home / "dags" / "work.py").write_text(DAG.format(count=count, is_chain=shape == "chain"))
    for command in COMMANDS:
        airflow(*command)
    with sqlite3.connect(home / "airflow.db") as connection:
        ended = "SELECT min(start_date), max(end_date), count(*) FROM task_instance "
        [(first, last, found)] = connection.execute(ended + "WHERE state = 'success'").fetchall()
    if found != count:
        sys.exit(f"{found} of {count} tasks succeeded")
    took = datetime.fromisoformat(last) - datetime.fromisoformat(first)
    print("ended", took.total_seconds())


def airflow(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *words],
        env={**os.environ, **SETTINGS},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


main()
