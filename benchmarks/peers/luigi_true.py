"""``true`` as many times as asked, as Luigi's users would write it.

::

    python luigi_true.py fan-out 1000 FOLDER
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import luigi

FOLDER = Path(sys.argv[3])


class Step(luigi.Task):  # type: ignore[misc]
    number = luigi.IntParameter()
    is_chained = luigi.BoolParameter()

    def requires(self) -> list[luigi.Task]:
        if self.is_chained and self.number:
            return [Step(number=self.number - 1, is_chained=True)]
        return []

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(str(FOLDER / f"{self.number}"))

    def run(self) -> None:
        subprocess.run(["true"], check=True)
        with self.output().open("w"):
            pass


def main() -> None:
    shape, count = sys.argv[1], int(sys.argv[2])
    chained = shape == "chain"
    numbers = [count - 1] if chained else range(count)
    tasks = [Step(number=number, is_chained=chained) for number in numbers]
    began = time.perf_counter()
    assert luigi.build(tasks, local_scheduler=True, workers=2, log_level="WARNING")
    print("ended", time.perf_counter() - began)


main()
