"""Luigi, Prefect and Airflow, doing the same: ``true`` many times over, as their users write it.

Each stands in a virtual environment of its own below one folder, which whoever wants the figures
makes; what is not there is not measured::

    python -m venv PEERS/luigi && PEERS/luigi/bin/pip install luigi
    python -m venv PEERS/prefect && PEERS/prefect/bin/pip install prefect
    python -m venv PEERS/airflow && PEERS/airflow/bin/pip install apache-airflow

How each is run, and why so, stands in its script in ``peers/``. There is no limit to how long one
may take to start: on a busy machine that is minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("peers")
SHAPES = ("fan-out", "chain")


@dataclass(frozen=True)
class Peer:
    """``steps``: so many that it does not take for ever. ``times``: how many times faster than it
    the engine has to be. ``moments``: what its script tells the time of, in words.
    """

    name: str
    package: str
    steps: int
    times: int
    moments: Mapping[str, str]


PEERS = (
    Peer("luigi", "luigi", 300, 1, {"ended": ""}),
    Peer(
        "prefect",
        "prefect",
        1_000,
        20,
        {
            "returned": ", until the flow returns",
            "recorded": ", until its server has recorded them",
        },
    ),
    Peer("airflow", "apache-airflow", 100, 20, {"ended": ", `airflow dags test`"}),
)


def version(peer: Peer, folder: Path) -> str | None:
    """None where it is not installed there."""
    python = folder / peer.name / "bin" / "python"
    if not python.exists():
        return None
    ask = f"from importlib.metadata import version; print(version({peer.package!r}))"
    return subprocess.run(
        [python, "-c", ask], check=True, capture_output=True, text=True
    ).stdout.strip()


def rates(peer: Peer, folder: Path, shape: str) -> dict[str, float]:
    """Steps a second by the peer's moments in words, without what it takes to start; none where
    it failed, which it says.
    """
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "PREFECT_HOME": home,
            "DO_NOT_TRACK": "1",
        }
        words = [SCRIPTS / f"{peer.name}_true.py", shape, str(peer.steps), home]
        done = subprocess.run(
            [folder / peer.name / "bin" / "python", *words],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        print(f"{peer.name}: {done.stderr[-2000:]}", file=sys.stderr)
        return {}
    told = (line.split() for line in done.stdout.splitlines())
    seconds = {words[0]: float(words[1]) for words in told if words[0] in peer.moments}
    return {peer.moments[moment]: peer.steps / took for moment, took in seconds.items()}
