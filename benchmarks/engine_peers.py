"""Luigi, Prefect and Airflow, doing the same: ``true`` many times over, as their users write it.

Each stands in a virtual environment of its own below one folder, which whoever wants the figures
makes; what is not there is not measured::

    python -m venv PEERS/luigi && PEERS/luigi/bin/pip install luigi
    python -m venv PEERS/prefect && PEERS/prefect/bin/pip install prefect
    python -m venv PEERS/airflow && PEERS/airflow/bin/pip install apache-airflow
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("peers")
WITHIN_S = 1800


@dataclass(frozen=True)
class Peer:
    """``steps``: so many that it does not take for ever. ``times``: how many times faster than it
    the engine has to be.
    """

    name: str
    package: str
    steps: int
    times: int


PEERS = (
    Peer("luigi", "luigi", 300, 1),
    Peer("prefect", "prefect", 50, 20),
    Peer("airflow", "apache-airflow", 20, 20),
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


def rate(peer: Peer, folder: Path, shape: str) -> float | None:
    """Steps a second, without what it takes to start; None where it failed, which it says."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "PREFECT_HOME": home,
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "DO_NOT_TRACK": "1",
        }
        words = [SCRIPTS / f"{peer.name}_true.py", shape, str(peer.steps), home]
        done = subprocess.run(
            [folder / peer.name / "bin" / "python", *words],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
    if done.returncode:
        print(f"{peer.name}: {done.stderr[-2000:]}", file=sys.stderr)
        return None
    return peer.steps / float(done.stdout.split()[-1])
